package agent_test

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// smallDisk mounts a disk of 512 KB and returns a folder on it and what fills it.
func smallDisk(t *testing.T) (dir string, fill func()) {
	t.Helper()
	dir = t.TempDir()
	switch err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("needs a small disk, which cannot be mounted (%v); CI=true does not skip", err)
	case err != nil:
		t.Skipf("needs a small disk, which only root can mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, func() {
		_ = os.WriteFile(filepath.Join(dir, "full"), bytes.Repeat([]byte("x"), 1<<20), 0o600)
	}
}

// TestFullDisk tells whoever signs in that the disk is full: before they do, if it is so
// then, and with the tokens given back, if it is so at the end.
func TestFullDisk(t *testing.T) {
	c := newCompany(t, "acme")
	dir, fill := smallDisk(t)
	d := newDesk(t)
	d.stop()
	d.dir = dir
	d.start()
	t.Cleanup(func() { d.stop() })
	req := local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Lang: "en"}
	if _, err := d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	address := d.step(local.StepWaiting).URL
	fill()
	page := authtest.NewVisitor(t).Visit(t, address)
	contains(t, page.Body, "The disk is full")
	if p := d.step(local.StepFailed).Problem; p.Code != auth.DiskFull {
		t.Errorf("problem = %+v", p)
	}
	if c.Count("/revoke") == 0 {
		t.Error("the tokens that could not be kept were not given back")
	}
	if s, _ := d.State(t.Context()); len(s.Profiles) != 0 {
		t.Errorf("state = %+v", s)
	}

	if _, err := d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	att := d.until("the end", func(s local.State) bool { return s.Attempt.Step == local.StepWaiting || s.Attempt.Over() }).Attempt
	if att.Step != local.StepFailed || att.Problem.Code != auth.DiskFull {
		t.Errorf("attempt = %+v", att)
	}

	if err := os.Remove(filepath.Join(dir, "full")); err != nil {
		t.Fatal(err)
	}
	d.signIn(c, local.SignInRequest{})
	d.phase(local.SignedIn)
}
