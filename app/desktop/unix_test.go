//go:build unix

package desktop

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	p, err := findPaths("linux", env("LANYARD_HOME="+filepath.Join(dir, "home")), "1000")
	if err != nil {
		t.Fatal(err)
	}
	p.Runtime = filepath.Join(dir, "run") // whatever the length of the test's own folder
	if err := os.Mkdir(p.Runtime, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Create(); err != nil {
			t.Fatal(err)
		}
	}
	for _, made := range []string{p.Config, p.State, p.Logs, p.Runtime} {
		if info, err := os.Stat(made); err != nil || info.Mode()&^fs.ModeSetgid != fs.ModeDir|0o700 { // which it may have from TMPDIR
			t.Errorf("%s: mode %v, err %v", made, info.Mode(), err)
		}
	}
}

func TestCreateRefusesWhatIsNotOurs(t *testing.T) {
	for name, set := range map[string]func(t *testing.T, runtimeDir string){
		"symbolic link": func(t *testing.T, runtimeDir string) {
			if err := os.Symlink(t.TempDir(), runtimeDir); err != nil {
				t.Fatal(err)
			}
		},
		"file": func(t *testing.T, runtimeDir string) {
			if err := os.WriteFile(runtimeDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"another owner": func(t *testing.T, runtimeDir string) {
			if os.Getuid() != 0 {
				t.Skip("only root can give a folder away")
			}
			if err := errors.Join(os.Mkdir(runtimeDir, 0o700), os.Chown(runtimeDir, 12345, 12345)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := Paths{
				Config: filepath.Join(dir, "c"), State: filepath.Join(dir, "s"),
				Logs: filepath.Join(dir, "l"), Runtime: filepath.Join(dir, "r"),
			}
			set(t, p.Runtime)
			if err := p.Create(); !errors.Is(err, ErrNotPrivate) {
				t.Errorf("got %v, want ErrNotPrivate", err)
			}
		})
	}
}

// TestCreateAsRoot makes nothing in the home of a person who will not be able to use it.
func TestCreateAsRoot(t *testing.T) {
	home := t.TempDir()
	if os.Getuid() == 0 {
		if err := os.Chown(home, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		p := Paths{Config: filepath.Join(home, ".config", "lanyard"), State: filepath.Join(home, "s"), Logs: filepath.Join(home, "l")}
		if err := p.Create(); !errors.Is(err, ErrNotPrivate) {
			t.Errorf("got %v, want ErrNotPrivate", err)
		}
		if left, err := os.ReadDir(home); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	deep := filepath.Join(home, "a", "b", "lanyard")
	if err := checkAbove(deep, 0); !errors.Is(err, ErrNotPrivate) {
		t.Errorf("for root: %v, want ErrNotPrivate", err)
	}
	if err := errors.Join(checkAbove(deep, 12345), checkAbove("/no/such/folder", 0)); err != nil {
		t.Error(err)
	}
}

// TestMain lets the test binary be the second process of TestLock.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DESKTOP_TEST_LOCK"); dir != "" {
		if _, err := Lock(dir); err != nil {
			os.Exit(3)
		}
		os.Stdout.WriteString("held\n")
		select {} // until killed
	}
	os.Exit(m.Run())
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrHeld) {
		t.Errorf("held by this process: got %v, want ErrHeld", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "agent.lock")); err != nil {
		t.Errorf("the file is gone: %v", err)
	}

	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "DESKTOP_TEST_LOCK="+dir)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 5)
	if _, err := out.Read(line); err != nil {
		t.Fatalf("other process: %v", err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrHeld) {
		t.Errorf("held by another process: got %v, want ErrHeld", err)
	}
	_ = other.Process.Kill()
	_ = other.Wait()
	lock, err = Lock(dir)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	_ = lock.Unlock()
}

func TestHarden(t *testing.T) {
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("core limit %+v, err %v", limit, err)
	}
}

func TestPolicyFile(t *testing.T) {
	for name, tt := range map[string]struct {
		content string
		mode    os.FileMode
		fault   string // part of the error; empty: none
	}{
		"full": {`{"managed_by":"Acme IT","directory":"https://login.acme.com","code":"acme","no_keyring":true,
			"pins":{"https://login.acme.com":"abc"},"native":[{"id":"term","path":"/usr/bin/xterm","args":["-e"]},{"id":"meet","scheme":"acmemeet"}],"later":1}`, 0o644, ""},
		"empty object":       {`{}`, 0o644, ""},
		"not JSON":           {`managed_by: Acme`, 0o644, "invalid character"},
		"empty file":         {``, 0o644, "unexpected end"},
		"wrong type":         {`{"code":7}`, 0o644, "code"},
		"plain http":         {`{"directory":"http://login.acme.com"}`, 0o644, "not https"},
		"loopback":           {`{"directory":"http://127.0.0.1:8200"}`, 0o644, ""},
		"no origin":          {`{"directory":"https://login.acme.com/path"}`, 0o644, "not an origin"},
		"relative program":   {`{"native":[{"id":"a","path":"xterm"}]}`, 0o644, "not absolute"},
		"two of one id":      {`{"native":[{"id":"a","scheme":"a"},{"id":"a","scheme":"b"}]}`, 0o644, "used twice"},
		"path and scheme":    {`{"native":[{"id":"a","path":"/a","scheme":"b"}]}`, 0o644, "a path or a scheme"},
		"others may write":   {`{}`, 0o666, "may write"},
		"endless":            {`{"code":"` + strings.Repeat("a", maxPolicy) + `"}`, 0o644, "larger than"},
		"two faults at once": {`{"directory":"x","native":[{"id":""}]}`, 0o644, "native"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "policy.json")
			if err := errors.Join(os.WriteFile(path, []byte(tt.content), tt.mode), os.Chmod(path, tt.mode)); err != nil {
				t.Fatal(err)
			}
			p, err := readPolicyFile(path)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("got %v, want %q", err, tt.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if name == "full" && (p.ManagedBy != "Acme IT" || p.Code != "acme" || !p.NoKeyring ||
				p.Pins["https://login.acme.com"] != "abc" || len(p.Native) != 2 || p.Native[0].Args[0] != "-e") {
				t.Errorf("got %+v", p)
			}
		})
	}
	if p, err := readPolicyFile(filepath.Join(t.TempDir(), "none")); err != nil || p.Code != "" {
		t.Errorf("no file: got %+v, %v", p, err)
	}
	if policyFile != "/etc/lanyard/policy.json" {
		t.Errorf("the policy is looked for in %s", policyFile)
	}
}

func TestAutostart(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("writes into the home's own Library there")
	}
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	a := Autostart{Name: "lanyard-1a2b3c4d", Title: "Lanyard 工牌", Command: []string{"/opt/my apps/lanyard", "agent", `a"b$c%d\e` + "`"}}
	for _, want := range []bool{false, true, false} {
		if on, err := a.Enabled(); err != nil || on != want {
			t.Fatalf("enabled: got %v, %v; want %v", on, err, want)
		}
		if want {
			if err := a.Disable(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := a.Enable(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(config, "autostart", "lanyard-1a2b3c4d.desktop"))
		if err != nil {
			t.Fatal(err)
		}
		exec := `Exec="/opt/my apps/lanyard" "agent" "a\\"b\\$c%%d\\\\e\\` + "`" + `"` + "\n"
		if !strings.HasPrefix(string(got), "[Desktop Entry]\n") || !strings.Contains(string(got), exec) {
			t.Errorf("entry:\n%swant in it:\n%s", got, exec)
		}
	}
	if err := a.Disable(); err != nil {
		t.Fatal(err)
	}
	if err := a.Disable(); err != nil {
		t.Errorf("disable twice: %v", err)
	}
	if err := (Autostart{Name: "x", Command: []string{"lanyard"}}).Enable(); err == nil {
		t.Error("a relative command was taken")
	}
}
