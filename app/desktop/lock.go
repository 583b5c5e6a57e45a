package desktop

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrHeld means that another instance holds the lock.
var ErrHeld = errors.New("another instance holds the lock")

// InstanceLock is held by the one agent of a state folder, which makes it the only
// owner of the vault beside it. The system lets it go when the process ends, however
// it ends.
type InstanceLock struct{ file *flock.Flock }

// Lock takes the instance lock of a state folder without waiting, or returns [ErrHeld].
func Lock(dir string) (*InstanceLock, error) {
	file := flock.New(filepath.Join(dir, "agent.lock"))
	held, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("take instance lock: %w", err)
	}
	if !held {
		return nil, fmt.Errorf("take instance lock: %w", ErrHeld)
	}
	return &InstanceLock{file}, nil
}

// Unlock lets the lock go. The file stays: were it removed, a second instance could
// lock a new file of the same name while a third still waits for the old one.
func (l *InstanceLock) Unlock() error {
	if err := l.file.Unlock(); err != nil {
		return fmt.Errorf("release instance lock: %w", err)
	}
	return nil
}
