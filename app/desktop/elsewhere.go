package desktop

import (
	"os"
	"runtime"
)

// BrowserElsewhere reports whether the person's browser is probably on another computer:
// somebody who came by SSH, a container, or a Linux without a display. getenv looks up a
// variable of whoever asks.
func BrowserElsewhere(getenv func(string) string) bool {
	if getenv("BROWSER") != "" {
		return false // somebody said which
	}
	if getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != "" {
		return true
	}
	if runtime.GOOS != "linux" {
		return false
	}
	if getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "" {
		return true
	}
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} { // Docker's, Podman's
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}
