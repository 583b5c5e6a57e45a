//go:build linux

package launch_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/app/launch"
	"lanyard/auth"
)

// TestProgramStart starts a program with its arguments and what it is to know, and the
// caller's display.
func TestProgramStart(t *testing.T) {
	defer launch.SetSettle(launch.Settle)()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "chat"), filepath.Join(dir, "out")
	write(t, file, "#!/bin/sh\nprintf '%s|' \"$@\" \"$DISPLAY\" >"+out+".new\ncat >>"+out+".new\nmv "+out+".new "+out+"\nsleep 1\n", 0o700)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		p := launch.Program{ID: "chat", Path: path, Args: []string{"--sso", "a b;$(id)"}}
		if err := p.Start(t.Context(), []byte(`{"code":"c"}`+"\n"), map[string]string{"DISPLAY": ":7"}); err != nil {
			t.Fatal(err)
		}
		said, err := os.ReadFile(out)
		for deadline := time.Now().Add(patience); err != nil && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			said, err = os.ReadFile(out)
		}
		if want := "--sso|a b;$(id)|:7|{\"code\":\"c\"}\n"; string(said) != want {
			t.Errorf("it got %q, want %q (%v)", said, want, err)
		}
		_ = os.Remove(out)
	}
}

// TestProgramNotStarted refuses what may be another's, and tells of what ends at once.
func TestProgramNotStarted(t *testing.T) {
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	body := "#!/bin/sh\ntouch " + ran + "\n"
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("writable"), body, 0o722)
	write(t, at("plain"), body, 0o600)
	write(t, at("fails"), "#!/bin/sh\nexit 3\n", 0o700)
	if err := os.Mkdir(at("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"to-writable": at("writable"), "to-nothing": at("nothing"), "to-itself": at("to-itself")} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"writable", "plain", "fails", "folder", "to-writable", "to-nothing", "to-itself", "nothing"} {
		err := launch.Program{ID: "chat", Path: at(name)}.Start(t.Context(), []byte("canary"), nil)
		if !errors.Is(err, auth.AppNotLaunched) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error quotes what the program was to know", name)
		}
	}
	if err := (launch.Program{ID: "chat", Path: "chat"}).Start(t.Context(), nil, nil); !errors.Is(err, auth.AppNotLaunched) {
		t.Errorf("relative: %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program ran that must not")
	}
}

// TestSchemeStart opens a scheme with what the system has for that, and nothing added.
func TestSchemeStart(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	write(t, filepath.Join(dir, "xdg-open"), "#!/bin/sh\nprintf '%s' \"$*\" >"+out+"\ncat >>"+out+"\n", 0o700)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	p := launch.Program{ID: "chat", Scheme: "acmechat"}
	if err := p.Start(t.Context(), []byte("secret"), map[string]string{"DISPLAY": ":7", "BROWSER": "/bin/false"}); err != nil {
		t.Fatal(err)
	}
	if said, err := os.ReadFile(out); string(said) != "acmechat://" {
		t.Errorf("opened %q (%v)", said, err)
	}
}

func write(t *testing.T, file, body string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}
