//go:build linux

package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/app/desktop"
)

// managed starts the desk's agent where /etc/lanyard/policy.json holds that policy: in a
// mount namespace of its own, so that the machine's /etc stays as it is.
func (d *desk) managed(t testing.TB, policy desktop.Policy) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs mount namespaces: skipped under -short")
	}
	unshare := []string{"unshare", "--mount"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	if out, err := exec.Command(unshare[0], append(unshare[1:], "true")...).CombinedOutput(); err != nil { //nolint:gosec // as above
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs mount namespaces; CI=true does not skip: %v\n%s", err, out)
		}
		t.Skipf("needs mount namespaces: %v", err)
	}
	dir := t.TempDir()
	machine, etc := filepath.Join(dir, "machine"), filepath.Join(dir, "etc")
	for _, folder := range []string{machine, filepath.Join(etc, "lanyard")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// All the rest of /etc shows through.
	entries, err := os.ReadDir("/etc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(machine, e.Name()), filepath.Join(etc, e.Name())); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(etc, "lanyard", "policy.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `mount --bind /etc "$1/machine" && mount --bind "$1/etc" /etc && exec "$2" agent --no-tray`
	cmd := exec.Command(unshare[0], append(unshare[1:], "sh", "-c", script, "sh", dir, program(t, "lanyard"))...) //nolint:gosec // of this test
	said := &lockedBuffer{}
	cmd.Env, cmd.Stdout, cmd.Stderr = d.env, said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		start(t, d.env, "lanyard", "quit").wait(t, 20*time.Second)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
			t.Errorf("the managed agent stayed:\n%s", said.String())
		}
	})
	eventually(t, 20*time.Second, func() error {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the managed agent ended: %v\n%s", err, said.String())
		default:
		}
		if d.stateDir() == "" {
			return errors.New("no state yet")
		}
		if _, err := os.Stat(filepath.Join(d.stateDir(), "agent.json")); err != nil {
			return err
		}
		return nil
	})
}

// nativeRun is what testdata/native notes of one run.
type nativeRun struct {
	Program, Name, Sub, Err string
	Args                    []string
	Again                   int
	Leaked                  bool
}

// nativeRuns returns what the program noted so far.
func nativeRuns(t testing.TB, file string) (runs []nativeRun) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var run nativeRun
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		if err := json.Unmarshal([]byte(line), &run); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

// TestNativeApp: a program of this device's list is started by a click and signs in by
// itself with what it finds on its standard input, once; whatever else a catalogue names
// does not run.
func TestNativeApp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bin, noted := t.TempDir(), filepath.Join(t.TempDir(), "noted")
	designer := filepath.Join(bin, "designer")
	build := exec.Command("go", "build", "-o", designer, "./testdata/native")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// The same program lies in reach under other names: on the PATH, and where others may
	// write to it.
	data, err := os.ReadFile(designer)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"intruder": 0o755, "lent": 0o777} {
		if err := os.WriteFile(filepath.Join(bin, name), data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(bin, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	d.env = append(d.env, "PATH="+bin+":"+os.Getenv("PATH"))
	d.managed(t, desktop.Policy{ManagedBy: "Acme IT", NoKeyring: true, Native: []desktop.NativeApp{
		{ID: "acme-designer", Path: designer, Args: []string{noted, "--from=$(id); lanyard"}},
		{ID: "acme-lent", Path: filepath.Join(bin, "lent"), Args: []string{noted}},
	}})

	listen, upstream := closedPort(t), vendor(t)
	c := &company{dir: t.TempDir(), origin: "http://" + listen}
	c.write(t, "server.yaml", fmt.Sprintf("listen: %s\npublic_url: %s\ndata: %s/data\nkey_file: %s/key\nallow: [%q]\nallow_http: [127.0.0.1]\nlookups_per_minute: 0\n",
		listen, c.origin, c.dir, c.dir, strings.TrimPrefix(upstream, "http://")))
	c.write(t, "enterprise.yaml", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: acme}
  secrets: {client_secret: "env:ACME_SECRET"}
apps:
  - {id: designer, title: {en: Designer, zh: 设计器}, client: designer, launch: {kind: native, native: {id: acme-designer, client: designer}}}
  - {id: intruder, title: {en: Intruder}, client: designer, launch: {kind: native, native: {id: intruder, client: designer}}}
  - {id: lent, title: {en: Lent}, client: designer, launch: {kind: native, native: {id: acme-lent, client: designer}}}
clients:
  - {id: designer, public: true, redirect_uris: [http://127.0.0.1/callback]}
`, upstream))
	if apply := c.command(t, "apply", "-f", filepath.Join(c.dir, "enterprise.yaml")); apply.wait(t, 30*time.Second) != 0 {
		t.Fatalf("apply: %s", apply.err.String())
	}
	c.server = c.command(t, "run")
	c.server.line(t, "ready ", 30*time.Second)
	c.signInAt(t, d)
	if by := d.state(t).ManagedBy; by != "Acme IT" {
		t.Fatalf("the agent is managed by %q: it does not read the test's policy", by)
	}
	pages := len(d.urls())

	for times := 1; times <= 2; times++ {
		d.must(t, "open", "designer")
		var runs []nativeRun
		eventually(t, 20*time.Second, func() error {
			if runs = nativeRuns(t, noted); len(runs) < times {
				return fmt.Errorf("the program noted %v", runs)
			}
			return nil
		})
		got := runs[times-1]
		if got.Err != "" || got.Name != "张三" || got.Sub == "" || got.Sub != runs[0].Sub || got.Again != 400 || got.Leaked ||
			got.Program != designer || len(got.Args) != 2 || got.Args[1] != "--from=$(id); lanyard" {
			t.Errorf("run %d: %+v", times, got)
		}
	}
	for app, want := range map[string]string{"intruder": "This app is not on this computer", "lent": ""} {
		r := d.run(t, "open", app)
		if r.code != 1 || !strings.Contains(r.err, want) {
			t.Errorf("open %s: exit code %d\n%s%s", app, r.code, r.out, r.err)
		}
	}
	if runs := nativeRuns(t, noted); len(runs) != 2 {
		t.Errorf("ran %+v", runs)
	}
	if urls := d.urls(); len(urls) != pages {
		t.Errorf("a browser was started with %q", urls[pages:])
	}
	if data, _ := os.ReadFile("/etc/lanyard/policy.json"); strings.Contains(string(data), bin) {
		t.Error("the test's policy is in the machine's /etc")
	}
}
