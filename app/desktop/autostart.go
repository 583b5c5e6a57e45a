package desktop

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Autostart is an entry that starts a program with the person's session: an XDG desktop
// entry, a LaunchAgent, or a value of HKCU\…\Run. Whether it should be there is the
// person's choice; an administrator's own entry lies elsewhere and is not touched.
type Autostart struct {
	Name    string   // of the entry, from Paths.Name
	Title   string   // what people see in their system's list
	Command []string // absolute path and arguments
}

// Enabled reports whether the entry is there.
func (a Autostart) Enabled() (bool, error) {
	on, err := a.enabled()
	if err != nil {
		return false, fmt.Errorf("look up autostart: %w", err)
	}
	return on, nil
}

// Enable writes the entry, in place of an older one.
func (a Autostart) Enable() error {
	if len(a.Command) == 0 || !filepath.IsAbs(a.Command[0]) {
		return errors.New("enable autostart: command is not an absolute path")
	}
	if err := a.enable(); err != nil {
		return fmt.Errorf("enable autostart: %w", err)
	}
	return nil
}

// Disable removes the entry; removing what is not there is no error.
func (a Autostart) Disable() error {
	if err := a.disable(); err != nil {
		return fmt.Errorf("disable autostart: %w", err)
	}
	return nil
}
