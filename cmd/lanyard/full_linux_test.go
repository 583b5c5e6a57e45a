package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDiskStartsNoAgent says why there is none: an agent that finds no room ends unheard.
func TestFullDiskStartsNoAgent(t *testing.T) {
	dir := home(t)
	switch err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("needs a small disk, which cannot be mounted (%v); CI=true does not skip", err)
	case err != nil:
		t.Skipf("needs a small disk, which only root can mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	p := &program{env: os.LookupEnv}
	paths, err := p.paths()
	if err != nil {
		t.Fatal(err)
	}
	if err := haveRoom(paths.State); err != nil {
		t.Errorf("an empty disk has no room: %v", err)
	}
	_ = os.WriteFile(filepath.Join(dir, "full"), bytes.Repeat([]byte("x"), 1<<20), 0o600)
	code, out, errs := lanyard("status")
	if code != 6 || out != "" || !strings.Contains(errs, "The disk is full") {
		t.Errorf("status: %d %s%s", code, out, errs)
	}
	if left, err := filepath.Glob(filepath.Join(paths.State, "room-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
