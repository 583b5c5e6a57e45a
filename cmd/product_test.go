//go:build linux

package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lanyard/app/local"
)

// These helpers run the product as people do: the built programs, as processes of
// their own, with an environment that is the test's own.

// patience is how long anything may take before a test gives up: far longer than on a busy
// machine, for it costs nothing where all is well. What is too slow is a benchmark's to say.
const patience = time.Minute

// programsDir is where [programs] builds, made by [TestMain].
var programsDir string

func TestMain(m *testing.M) {
	var err error
	if programsDir, err = os.MkdirTemp("", "lanyard-programs"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(programsDir)
	os.Exit(code)
}

// programs builds lanyard and lanyard-server once for all tests of this package.
var programs = sync.OnceValues(func() (string, error) {
	return programsDir, build("-o", programsDir+"/", "./lanyard", "./lanyard-server")
})

// build is go build without cgo, unless -tags says that it is a window's.
func build(args ...string) error {
	cmd := exec.Command("go", append([]string{"build"}, args...)...)
	if !slices.Contains(args, "-tags") {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// built builds a program of a test's own from its source text or, where that is the name
// of a folder, from there, and returns its path.
func built(t testing.TB, source string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	if !strings.HasPrefix(source, "./") {
		source = write(t, dir, "main.go", source)
	}
	program := filepath.Join(dir, "program")
	if err := build(slices.Concat(flags, []string{"-o", program, source})...); err != nil {
		t.Fatal(err)
	}
	return program
}

func program(t testing.TB, name string) string {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// process is a program that runs in the background; all it prints is kept.
type process struct {
	cmd  *exec.Cmd
	out  lockedBuffer // standard output
	err  lockedBuffer // standard error
	done chan struct{}
	code int
}

// lockedBuffer is a buffer that a process fills while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start runs one of our programs in the background and ends it with the test.
func start(t testing.TB, env []string, name string, args ...string) *process {
	t.Helper()
	return startCommand(t, env, exec.Command(program(t, name), args...))
}

// startCommand is start for any command.
func startCommand(t testing.TB, env []string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{})}
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", filepath.Base(cmd.Path), err)
	}
	go func() {
		err := p.cmd.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			p.code = exit.ExitCode()
		}
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(t, syscall.SIGTERM) })
	return p
}

// tells shows the end of what the process said where the test fails.
func (p *process) tells(t testing.TB) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said:\n%s%s", filepath.Base(p.cmd.Path), p.out.String(), tail([]byte(p.err.String()), 4000))
		}
	})
}

// stop sends the signal and waits; a process that stays is killed, and the test told.
func (p *process) stop(t testing.TB, signal syscall.Signal) {
	t.Helper()
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		t.Errorf("%s stayed after signal %v; it said:\n%s", filepath.Base(p.cmd.Path), signal, p.err.String())
	}
}

// wait waits for the process to end by itself and returns its exit code.
func (p *process) wait(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
		return p.code
	case <-time.After(within):
		t.Fatalf("%s still runs after %v\nstdout: %s\nstderr: %s", filepath.Base(p.cmd.Path), within, p.out.String(), p.err.String())
		return -1
	}
}

// ended waits for the process to end by itself and returns what it did.
func (p *process) ended(t testing.TB) result {
	t.Helper()
	code := p.wait(t, patience)
	return result{code, p.out.String(), p.err.String()}
}

// succeeds waits for the process, which has to end with 0, and returns what it did.
func (p *process) succeeds(t testing.TB) result {
	t.Helper()
	r := p.ended(t)
	if r.code != 0 {
		t.Fatalf("%s %s: exit code %d\nstdout: %s\nstderr: %s",
			filepath.Base(p.cmd.Path), strings.Join(p.cmd.Args[1:], " "), r.code, r.out, r.err)
	}
	return r
}

// address waits for the address that --print-url prints.
func (p *process) address(t testing.TB) string {
	t.Helper()
	return "http" + p.line(t, "http", patience)
}

// line waits for a line on standard output that starts with prefix and returns it
// without the prefix.
func (p *process) line(t testing.TB, prefix string, within time.Duration) string {
	t.Helper()
	var rest string
	eventually(t, within, func() error {
		for line := range strings.Lines(p.out.String()) {
			if r, ok := strings.CutPrefix(line, prefix); ok && strings.HasSuffix(line, "\n") {
				rest = strings.TrimSpace(r)
				return nil
			}
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended with %d before it printed %q:\n%s%s", filepath.Base(p.cmd.Path), p.code, prefix, p.out.String(), p.err.String())
		default:
		}
		return fmt.Errorf("no line %q yet:\n%s%s", prefix, p.out.String(), p.err.String())
	})
	return rest
}

// eventually calls check until it returns nil. Only what another process does is
// waited for in this way; what the agent does is waited for by its events.
func eventually(t testing.TB, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", within, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// desk is one employee's computer: a home of its own, and the command line in it.
type desk struct {
	home    string
	env     []string
	browser string // the program
	opened  string // a file: each line is one address that a browser was started with
}

// newDesk makes a desk with the given environment on top of a minimal one. Its browser
// is a script that notes the address; a test opens it in a real one.
func newDesk(t testing.TB, env ...string) *desk {
	t.Helper()
	home := t.TempDir()
	d := &desk{home: filepath.Join(home, "lanyard"), browser: filepath.Join(home, "browser"), opened: filepath.Join(home, "opened")}
	script := "#!/bin/sh\nprintf '%s\\n' \"$1\" >>'" + d.opened + "'\n"
	if err := os.WriteFile(d.browser, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	d.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=en_US.UTF-8",
		"LANYARD_HOME=" + d.home, "BROWSER=" + d.browser, "DISPLAY=:99",
		"LANYARD_LOG=debug",
	}, env...)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		quit := exec.CommandContext(ctx, program(t, "lanyard"), "quit")
		quit.Env = d.env
		_ = quit.Run()
		if t.Failed() {
			d.showLogs(t)
		}
	})
	return d
}

func (d *desk) showLogs(t testing.TB) {
	_ = filepath.WalkDir(d.home, func(path string, e os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".log") {
			data, _ := os.ReadFile(path)
			t.Logf("%s:\n%s", filepath.Base(path), tail(data, 6000))
		}
		return nil
	})
}

func tail(data []byte, n int) []byte { return data[max(0, len(data)-n):] }

// result is what one command of the command line did.
type result struct {
	code     int
	out, err string
}

// run runs one command to its end.
func (d *desk) run(t testing.TB, args ...string) result {
	t.Helper()
	return start(t, d.env, "lanyard", args...).ended(t)
}

// must runs one command that has to end with 0 and returns its standard output.
func (d *desk) must(t testing.TB, args ...string) string {
	t.Helper()
	return start(t, d.env, "lanyard", args...).succeeds(t).out
}

// login starts a sign-in in the background.
func (d *desk) login(t testing.TB, args ...string) *process {
	t.Helper()
	return start(t, d.env, "lanyard", append([]string{"login"}, args...)...)
}

// state asks the agent.
func (d *desk) state(t testing.TB) *local.State {
	t.Helper()
	var s local.State
	if err := json.Unmarshal([]byte(d.must(t, "status", "--json")), &s); err != nil {
		t.Fatalf("read status: %v", err)
	}
	return &s
}

// urls returns the addresses that browsers were started with so far.
func (d *desk) urls() []string {
	data, err := os.ReadFile(d.opened)
	if err != nil {
		return nil
	}
	var urls []string
	for line := range strings.Lines(string(data)) {
		if address, whole := strings.CutSuffix(line, "\n"); whole { // else it is being written
			urls = append(urls, address)
		}
	}
	return urls
}

// nextURL waits for the n-th address (from 0) that a browser is started with.
func (d *desk) nextURL(t testing.TB, n int) string {
	t.Helper()
	var urls []string
	eventually(t, patience, func() error {
		if urls = d.urls(); len(urls) > n {
			return nil
		}
		return fmt.Errorf("browser was started %d times, want more than %d", len(urls), n)
	})
	return urls[n]
}

// signalAgent ends the desk's agent by a signal and waits until it is gone.
func (d *desk) signalAgent(t testing.TB, signal syscall.Signal) {
	t.Helper()
	pid := d.agentPID(t)
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("signal the agent: %v", err)
	}
	eventually(t, patience, func() error {
		if syscall.Kill(pid, 0) == nil && !zombie(pid) {
			return fmt.Errorf("agent %d still runs after %v", pid, signal)
		}
		return nil
	})
}

// zombie reports whether a process has ended, all its threads with it, and only waits
// to be reaped.
func zombie(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, ok := strings.Cut(string(data), ") ")
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	return err == nil && ok && strings.HasPrefix(after, "Z") && len(threads) <= 1
}

// settled returns the current profile once no refresh is under way.
func (d *desk) settled(t testing.TB) local.Profile {
	t.Helper()
	var p local.Profile
	eventually(t, patience, func() error {
		s := d.state(t)
		found := s.Profile("")
		if found == nil {
			return fmt.Errorf("no profile: %+v", s)
		}
		if p = *found; p.Refreshing {
			return fmt.Errorf("still refreshing: %+v", p)
		}
		return nil
	})
	return p
}

// stateDir is where agent.json lies.
func (d *desk) stateDir() string { return filepath.Join(d.home, "state") }

// agentPID returns the process id of the desk's agent.
func (d *desk) agentPID(t testing.TB) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.stateDir(), "agent.json"))
	var info local.Info
	if err == nil {
		err = json.Unmarshal(data, &info)
	}
	if err != nil || info.PID == 0 {
		t.Fatalf("find the agent: %v, pid %d", err, info.PID)
	}
	return info.PID
}

// dial waits, closely, until the desk's agent listens, and asks it from then on.
func (d *desk) dial(t testing.TB) *local.Client {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		client, err := local.Dial(t.Context(), d.stateDir())
		if err == nil {
			t.Cleanup(func() { client.Close() })
			return client
		}
		if time.Now().After(deadline) {
			t.Fatalf("dial the agent: %v", err)
		}
	}
}

// demo starts the pretend company and returns its address.
func demo(t testing.TB, args ...string) string {
	t.Helper()
	p := start(t, append(os.Environ(), "LANYARD_LOG=debug"), "lanyard-server",
		slices.Concat([]string{"demo", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, args)...)
	return p.line(t, "ready ", patience)
}

// readAll returns every file below dir, for a search through what a program left. One that
// a program still at work replaces meanwhile is looked for again.
func readAll(t testing.TB, dir string) string {
	t.Helper()
	var all string
	eventually(t, patience, func() (err error) {
		if all, err = readFiles(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("read %s: %v", dir, err)
		}
		return err
	})
	return all
}

// readFiles is [readAll] of a folder in which nothing changes.
func readFiles(dir string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintf(&all, "\n== %s\n", path)
		_, err = io.Copy(&all, f)
		return err
	})
	return all.String(), err
}
