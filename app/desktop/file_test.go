package desktop_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"lanyard/app/desktop"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "settings.json")
	for _, content := range []string{"one", "", "three"} {
		if err := desktop.WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("got %q, %v; want %q", got, err, content)
		}
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := os.MkdirAll(filepath.Join(dir, "folder", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := desktop.WriteFile(filepath.Join(dir, "folder"), nil, 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestHasSessionBus(t *testing.T) {
	dir := t.TempDir()
	set := map[string]string{}
	has := func() bool { return desktop.HasSessionBus(func(name string) string { return set[name] }) }
	if has() {
		t.Error("nothing set: true")
	}
	set["DBUS_SESSION_BUS_ADDRESS"] = "autolaunch:"
	if has() {
		t.Error("autolaunch: true")
	}
	set["XDG_RUNTIME_DIR"] = dir
	if has() {
		t.Error("no bus in the runtime folder: true")
	}
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !has() {
		t.Error("bus in the runtime folder: false")
	}
	set = map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}
	if !has() {
		t.Error("address named: false")
	}
}
