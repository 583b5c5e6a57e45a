package desktop

// Event is news from the system that a session should act on.
type Event string

// The events.
const (
	Resumed        Event = "resumed"         // the computer woke up
	NetworkChanged Event = "network_changed" // there is a network again
	KeyringChanged Event = "keyring_changed" // the password store has come, or is open or locked
)
