package launch

import (
	"os"
	"slices"
	"strings"
)

// displayNames belong to the session of whoever clicked. The agent's own must not
// show through: it may have been started in another session, or in none.
var displayNames = []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_ACTIVATION_TOKEN"}

// environment is what a child is started with: the agent's own variables, with those
// of the caller above them.
type environment struct {
	caller map[string]string
	hidden []string // names of the agent's that the child does not get
}

// childEnv makes the environment for a caller. A caller without a display or a browser
// of its own (the tray, a script) gets the agent's.
func childEnv(caller map[string]string) environment {
	env := environment{caller: caller}
	if caller["DISPLAY"] != "" || caller["WAYLAND_DISPLAY"] != "" || caller["BROWSER"] != "" {
		env.hidden = displayNames
	}
	return env
}

// Environ is what a program of ours is started with for a caller: the agent's own
// variables, with those of the caller above them, in the form of os/exec.
func Environ(caller map[string]string) []string { return childEnv(caller).list() }

// get returns the value that the child sees under name.
func (e environment) get(name string) string {
	if v, ok := e.caller[name]; ok {
		return v
	}
	if slices.Contains(e.hidden, name) {
		return ""
	}
	return os.Getenv(name)
}

// list returns the environment as os/exec wants it.
func (e environment) list() []string {
	var list []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if _, replaced := e.caller[name]; !replaced && !slices.Contains(e.hidden, name) {
			list = append(list, pair)
		}
	}
	for name, value := range e.caller {
		list = append(list, name+"="+value)
	}
	return list
}
