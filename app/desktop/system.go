package desktop

import (
	"context"
	"os"
)

// HasSessionBus reports whether a D-Bus session bus is named or lies in its place.
func HasSessionBus(getenv func(string) string) bool { return false }

// Harden keeps secrets out of core dumps.
func Harden() error { return nil }

// WriteFile replaces a file in one step.
func WriteFile(path string, data []byte, perm os.FileMode) error { return nil }

// Policy is what an administrator fixed for this device.
type Policy struct {
	ManagedBy string            `json:"managed_by,omitempty"`
	Directory string            `json:"directory,omitempty"`
	Code      string            `json:"code,omitempty"`
	Pins      map[string]string `json:"pins,omitempty"`
	Native    []NativeApp       `json:"native,omitempty"`
	NoKeyring bool              `json:"no_keyring,omitempty"`
}

// NativeApp is one program that apps of kind native may start.
type NativeApp struct {
	ID     string   `json:"id"`
	Path   string   `json:"path,omitempty"`
	Scheme string   `json:"scheme,omitempty"`
	Args   []string `json:"args,omitempty"`
}

// ReadPolicy reads this device's policy; a device without one has the zero Policy.
func ReadPolicy() (Policy, error) { return Policy{}, nil }

// Event is news from the system.
type Event string

// The events.
const (
	Resumed        Event = "resumed"
	NetworkChanged Event = "network_changed"
)

// Watch sends events until ctx ends, then closes the channel.
func Watch(ctx context.Context) <-chan Event {
	ch := make(chan Event)
	close(ch)
	return ch
}

// Autostart starts a program with the person's session.
type Autostart struct {
	Name    string   // from Paths.Name
	Title   string   // what people see
	Command []string // absolute path and arguments
}

// Enabled reports whether the entry is there.
func (a Autostart) Enabled() (bool, error) { return false, nil }

// Enable writes the entry.
func (a Autostart) Enable() error { return nil }

// Disable removes the entry.
func (a Autostart) Disable() error { return nil }
