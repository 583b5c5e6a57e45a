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

// patience is what a computer may need for a command that takes a moment.
const patience = time.Minute

// TestMain gives each command as long as it needs until it has ended, or written down
// what it got.
func TestMain(m *testing.M) {
	launch.SetSettle(patience)
	os.Exit(m.Run())
}

func TestCheck(t *testing.T) {
	good := []string{
		"https://sso.acme.com/authorize?client_id=lanyard&state=0f&scope=openid%20profile",
		"http://127.0.0.1:8200/e/1/launch/tok",
		"http://[::1]:8200/",
		"https://例子.cn/路径?名=值",
		"HTTPS://ACME.COM",
		"https://acme.com/odata('x')#/a|b",
	}
	bad := []string{
		"", "-https://acme.com", "--help", "acme.com", "//acme.com/x", "https://", "https:///path", "https:acme.com",
		"file:///etc/passwd", "javascript:alert(1)", "mailto:a@b.c", "smb://host/share", "calc.exe", `C:\Windows\calc.exe`,
		"https://acme.com/\x00", "https://acme.com/\n", "https://acme.com/ -P evil", "https://acme.com/\"&calc", "https://acme.com/`id`",
		"https://acme.com\\@evil.com/", "https://user:pw@acme.com/", "https://-x/", "https://:80/", "https://acme.com/\x7f",
		"https://acme.com/\u0085", "https://acme.com/\u2028", "https://acme.com/\xff", "https://acme.com:port/",
		"https://acme.com/" + strings.Repeat("a", 9000),
	}
	for _, address := range good {
		if err := launch.Check(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range bad {
		if err := launch.Check(address); !errors.Is(err, auth.BadInput) {
			t.Errorf("%q passed: %v", address, err)
		} else if address != "" && strings.Contains(err.Error(), address) {
			t.Errorf("%q is in its error", address)
		}
	}
}

const address = "https://acme.example/launch/x?a=b&c=%20d"

// script writes a program that records its arguments and environment, and returns
// its path and a function that reads the record.
func script(t *testing.T, then string) (path string, record func() string) {
	t.Helper()
	dir := t.TempDir()
	path, out := filepath.Join(dir, "a browser"), filepath.Join(dir, "out")
	text := "#!/bin/sh\n{ for a; do echo \"arg=$a\"; done; env; } > '" + out + ".tmp'\nmv '" + out + ".tmp' '" + out + "'\necho noise; echo noise >&2\n" + then + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, func() string {
		data, _ := os.ReadFile(out)
		return "\n" + string(data)
	}
}

func TestOpenByBrowserVariable(t *testing.T) {
	t.Setenv("DISPLAY", ":agent")
	t.Setenv("WAYLAND_DISPLAY", "wayland-agent")
	t.Setenv("XAUTHORITY", "/agent")
	t.Setenv("LANG", "C")
	t.Setenv("KEPT", "yes")
	path, record := script(t, "")
	env := map[string]string{"BROWSER": "'" + path + `' --new "two words" --url=%s`, "DISPLAY": ":7", "LANG": "zh_CN.UTF-8"}
	if err := launch.Open(t.Context(), address, env, "/not/this/one"); err != nil {
		t.Fatal(err)
	}
	got := record()
	for _, want := range []string{"arg=--new", "arg=two words", "arg=--url=" + address, "DISPLAY=:7", "LANG=zh_CN.UTF-8", "KEPT=yes"} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("child lacks %s:\n%s", want, got)
		}
	}
	for _, name := range []string{"WAYLAND_DISPLAY", "XAUTHORITY"} {
		if strings.Contains(got, "\n"+name+"=") {
			t.Errorf("the agent's %s shows through:\n%s", name, got)
		}
	}
}

func TestOpenChoosesTheCommand(t *testing.T) {
	t.Setenv("DISPLAY", ":agent")
	own, ownRecord := script(t, "")
	setting, settingRecord := script(t, "")
	t.Setenv("BROWSER", quoted(own))
	if err := launch.Open(t.Context(), address, nil, ""); err != nil || !strings.Contains(ownRecord(), "\narg="+address+"\n") {
		t.Errorf("the agent's BROWSER: %v\n%s", err, ownRecord())
	}
	if !strings.Contains(ownRecord(), "\nDISPLAY=:agent\n") {
		t.Errorf("no display for a caller without one:\n%s", ownRecord())
	}
	if err := launch.Open(t.Context(), address, nil, quoted(setting)); err != nil || !strings.Contains(settingRecord(), "\narg="+address+"\n") {
		t.Errorf("the setting: %v\n%s", err, settingRecord())
	}
}

func quoted(path string) string { return `"` + path + `"` }

func TestOpenFails(t *testing.T) {
	refuses, _ := script(t, "exit 3")
	t.Setenv("BROWSER", "")
	for name, browser := range map[string]string{
		"no such program":  "/no/such/browser",
		"not a program":    t.TempDir(),
		"open quote":       `"firefox`,
		"nothing":          " ",
		"fails at once":    quoted(refuses),
		"%s as a program":  "%s",
		"shell is no such": "true; true",
	} {
		start := time.Now()
		err := launch.Open(t.Context(), address, nil, browser)
		if !errors.Is(err, auth.BrowserNotOpened) || errors.Is(err, auth.BadInput) {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d >= patience {
			t.Errorf("%s: took %v, as if it had not failed", name, d)
		}
		if strings.Contains(err.Error(), "acme.example") {
			t.Errorf("%s: the address is in the error %q", name, err)
		}
	}
	if err := launch.Open(t.Context(), "file:///etc/passwd", nil, "true"); !errors.Is(err, auth.BadInput) {
		t.Errorf("a file: %v", err)
	}
}

// TestOpenLeavesALongRunningBrowser returns although the browser goes on.
func TestOpenLeavesALongRunningBrowser(t *testing.T) {
	defer launch.SetSettle(launch.Settle)()
	path, record := script(t, "while [ -d '"+t.TempDir()+"' ]; do sleep 0.05; done")
	opened := make(chan error, 1)
	go func() { opened <- launch.Open(t.Context(), address, nil, quoted(path)) }()
	select {
	case err := <-opened:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("waits for the browser to end")
	}
	for deadline := time.Now().Add(patience); !strings.Contains(record(), address); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the browser was not started")
		}
	}
}

// FuzzCheck: whatever passes is an address that a browser opens, and stays one argument.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{address, "http://[::1]:80/", "-https://x", "javascript:alert(1)", "https://a\x00b", "https:\\\\x", "HtTpS://x/%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if launch.Check(s) != nil {
			return
		}
		lower := strings.ToLower(s)
		if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
			t.Errorf("%q passed", s)
		}
		if len(strings.Fields(s)) != 1 || strings.ContainsAny(s, "\x00\"\\`<>\x7f\x1b") || len(s) > 9000 {
			t.Errorf("%q passed", s)
		}
	})
}
