package launch

import (
	"errors"
	"os/exec"
)

// openers are tried in this order, the same that pkg/browser has. It is not used
// here because its child always gets the agent's environment, and so the agent's
// display instead of the caller's.
var openers = []string{"xdg-open", "x-www-browser", "www-browser"}

// systemOpener needs a display: without one xdg-open would start a text browser where
// nobody sees it, or wait.
func systemOpener(address string, env environment) (func() error, error) {
	if env.get("DISPLAY") == "" && env.get("WAYLAND_DISPLAY") == "" {
		return nil, errNoDisplay
	}
	for _, name := range openers {
		if _, err := exec.LookPath(name); err == nil {
			return program([]string{name, address}, env)
		}
	}
	return nil, &exec.Error{Name: openers[0], Err: exec.ErrNotFound}
}

var errNoDisplay = errors.New("no display and no BROWSER")
