package desktop

// Paths are the folders and addresses of one user's Lanyard.
type Paths struct {
	Config string
	State  string
	Logs   string
	// Runtime holds the socket: 0700, ours, and short.
	Runtime string
	// Socket is the local API's address: a unix socket, or a pipe's name on Windows.
	Socket string
	// Hash marks everything that a LANYARD_HOME keeps apart; empty without one.
	Hash string
}

// FindPaths returns the paths; getenv is os.Getenv outside tests.
func FindPaths(getenv func(string) string) (Paths, error) { return Paths{}, nil }

// Create makes the folders, private to this user.
func (p Paths) Create() error { return nil }

// Name returns name marked with the Hash: "lanyard" or "lanyard-1a2b3c4d".
func (p Paths) Name(name string) string { return name }
