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

	"lanyard/app/desktop"
)

// managed starts the desk's agent on a device with that policy: the same program, linked
// to find it in the test's folder, for /etc is the machine's.
func (d *desk) managed(t testing.TB, policy desktop.Policy) {
	t.Helper()
	data, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, t.TempDir(), "policy.json", string(data))
	startCommand(t, d.env, exec.Command(built(t, "./lanyard", "-ldflags", "-X 'lanyard/app/desktop.policyFile="+file+"'"), "agent", "--no-tray"))
	d.dial(t)
	if by := d.state(t).ManagedBy; by != policy.ManagedBy {
		t.Fatalf("the agent is managed by %q: it does not read the test's policy", by)
	}
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
	if err := build("-o", designer, "./testdata/native"); err != nil {
		t.Fatal(err)
	}
	// The same program lies in reach under other names: on the PATH, and where others may
	// write to it.
	data, err := os.ReadFile(designer)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"designer": 0o755, "intruder": 0o755, "lent": 0o777} {
		if err := os.WriteFile(filepath.Join(bin, name), data, 0o700); err != nil {
			t.Fatal(err)
		}
		// Whatever the umask is, which the compiler goes by too.
		if err := os.Chmod(filepath.Join(bin, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	d.env = append(d.env, "PATH="+bin+":"+os.Getenv("PATH"))
	d.managed(t, desktop.Policy{ManagedBy: "Acme IT", NoKeyring: true, Native: []desktop.NativeApp{
		{ID: "acme-designer", Path: designer, Args: []string{noted, "--from=$(id); lanyard"}},
		{ID: "acme-lent", Path: filepath.Join(bin, "lent"), Args: []string{noted}},
	}})

	upstream := vendor(t)
	c := prepare(t, upstream)
	c.apply(t, acmeFile(upstream, `apps:
  - {id: designer, title: {en: Designer, zh: 设计器}, client: designer, launch: {kind: native, native: {id: acme-designer, client: designer}}}
  - {id: intruder, title: {en: Intruder}, client: designer, launch: {kind: native, native: {id: intruder, client: designer}}}
  - {id: lent, title: {en: Lent}, client: designer, launch: {kind: native, native: {id: acme-lent, client: designer}}}
clients:
  - {id: designer, public: true, redirect_uris: [http://127.0.0.1/callback]}
`))
	c.run(t)
	c.signInAt(t, d)
	pages := len(d.urls())

	for times := 1; times <= 2; times++ {
		d.must(t, "open", "designer")
		var runs []nativeRun
		eventually(t, patience, func() error {
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
}
