package launch_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/app/launch"
	"lanyard/auth"
)

func TestSystemOpener(t *testing.T) {
	path, record := script(t, "")
	bin := t.TempDir()
	if err := os.Symlink(path, filepath.Join(bin, "xdg-open")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, name := range []string{"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"} {
		t.Setenv(name, "")
	}

	if err := launch.Open(t.Context(), address, nil, ""); !errors.Is(err, auth.BrowserNotOpened) || record() != "\n" {
		t.Errorf("without a display: %v\n%s", err, record())
	}
	if err := launch.Available(nil, ""); !errors.Is(err, auth.BrowserNotOpened) {
		t.Errorf("available without a display: %v", err)
	}
	caller := map[string]string{"WAYLAND_DISPLAY": "wayland-0"}
	if err := launch.Available(caller, ""); err != nil || record() != "\n" {
		t.Errorf("available: %v\n%s", err, record())
	}
	if err := launch.Open(t.Context(), address, caller, ""); err != nil {
		t.Fatal(err)
	}
	if got := record(); !strings.Contains(got, "\narg="+address+"\n") || !strings.Contains(got, "\nWAYLAND_DISPLAY=wayland-0\n") {
		t.Errorf("opener got %s", got)
	}

	t.Setenv("PATH", t.TempDir())
	if err := launch.Open(t.Context(), address, caller, ""); !errors.Is(err, auth.BrowserNotOpened) {
		t.Errorf("without any opener: %v", err)
	}
}
