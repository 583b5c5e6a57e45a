package local

import (
	"errors"
	"net"
)

// Listen makes the agent's socket in the folder dir, which it creates for its owner
// alone (a named pipe with a random name on Windows, where dir is not used). The
// listener's address goes into [Info]. The caller holds the instance lock, so a
// socket that nobody answers is stale and replaced; one that is answered is fault
// AlreadyRuns.
func Listen(dir string) (net.Listener, error) {
	return nil, errors.New("listen: not built")
}
