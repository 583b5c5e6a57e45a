//go:build linux

package cmd_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// The benchmarks measure the built programs as processes, with the floor beside each:
// what the same machine needs for the part that nobody can leave out. They are run once
// (-benchtime 1x) and report medians.

// BenchmarkAgentIdle: the agent without a tray, signed in, with 50 apps.
// To reach: RSS ≤ 14 MB, of it anonymous ≤ 7 MB; no CPU tick and ≤ 1 wakeup a second.
func BenchmarkAgentIdle(b *testing.B) {
	session := authtest.KeyringSession(b)
	c := newCompany(b, 50, "")
	d := newDesk(b, session.Env...)
	d.env = slices.DeleteFunc(d.env, func(v string) bool { return v == "LANYARD_LOG=debug" })
	c.signInAt(b, d)
	d.must(b, "quit")
	start(b, d.env, "lanyard", "agent", "--no-tray")
	d.untilSignedIn(b)
	if p := d.settled(b); p.Phase != local.SignedIn || p.AppsAll != 50 {
		b.Fatalf("not idle and signed in: %+v", p)
	}
	floor := exec.Command(floorProgram(b))
	if err := floor.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = floor.Process.Kill(); _ = floor.Wait() }()

	time.Sleep(3 * time.Second) // what start and status left behind
	agent, empty := d.agentPID(b), floor.Process.Pid
	before := measure(b, agent)
	const over = 60 * time.Second
	time.Sleep(over)
	after := measure(b, agent)
	b.ReportMetric(float64(after.rss)/1024, "MB-rss")
	b.ReportMetric(float64(after.anon)/1024, "MB-anon")
	b.ReportMetric(float64(measure(b, empty).rss)/1024, "MB-rss-floor")
	b.ReportMetric(float64(measure(b, empty).anon)/1024, "MB-anon-floor")
	b.ReportMetric(float64(after.ticks-before.ticks), "cpu-ticks/min")
	b.ReportMetric(float64(after.wakeups-before.wakeups)/over.Seconds(), "wakeups/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAgentStart: from exec to signed in, silently. To reach: ≤ 200 ms.
// Floor: one round trip to the server and one read of the keyring.
func BenchmarkAgentStart(b *testing.B) {
	session := authtest.KeyringSession(b)
	c := newCompany(b, 50, "")
	d := newDesk(b, session.Env...)
	c.signInAt(b, d)
	var took, floor []time.Duration
	for range 11 {
		d.must(b, "quit")
		begin := time.Now()
		agent := start(b, d.env, "lanyard", "agent", "--no-tray")
		d.untilSignedIn(b)
		took = append(took, time.Since(begin))

		begin = time.Now()
		resp, err := http.Get(c.origin + "/healthz") // a new connection, as the agent makes
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		read := exec.Command("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
			"/org/freedesktop/secrets", "org.freedesktop.Secret.Service.SearchItems", "dict:string:string:service,lanyard")
		read.Env = d.env
		if out, err := read.CombinedOutput(); err != nil {
			b.Fatalf("read keyring: %v\n%s", err, out)
		}
		floor = append(floor, time.Since(begin))
		_ = agent
	}
	report(b, "start", took, floor)
}

// BenchmarkOpen: from the command to the browser's process, launch link minted
// included, agent running. To reach: ≤ 100 ms. Floor: exec of the opener.
func BenchmarkOpen(b *testing.B) {
	session := authtest.KeyringSession(b)
	c := newCompany(b, 50, "")
	d := newDesk(b, session.Env...)
	c.signInAt(b, d)
	d.must(b, "apps")
	browser := ""
	for _, v := range d.env {
		if name, ok := strings.CutPrefix(v, "BROWSER="); ok {
			browser = name
		}
	}
	var took, floor []time.Duration
	for range 21 {
		n := len(d.urls())
		begin := time.Now()
		p := start(b, d.env, "lanyard", "open", "app-7")
		d.untilOpened(b, n)
		took = append(took, time.Since(begin))
		p.wait(b, 10*time.Second)

		n = len(d.urls())
		begin = time.Now()
		if err := exec.Command(browser, "http://127.0.0.1/floor").Start(); err != nil {
			b.Fatal(err)
		}
		d.untilOpened(b, n)
		floor = append(floor, time.Since(begin))
	}
	report(b, "open", took, floor)
}

// usage is what the kernel says of a process: kilobytes, clock ticks of 10 ms, and how
// often any of its threads was put to sleep and woken.
type usage struct{ rss, anon, ticks, wakeups int }

func measure(b testing.TB, pid int) usage {
	b.Helper()
	var u usage
	u.rss, u.anon = statusField(b, fmt.Sprintf("/proc/%d/status", pid), "VmRSS:"), statusField(b, fmt.Sprintf("/proc/%d/status", pid), "RssAnon:")
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	u.ticks = user + system
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, task := range tasks {
		u.wakeups += statusField(b, task, "voluntary_ctxt_switches:")
	}
	return u
}

func statusField(b testing.TB, file, name string) int {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0 // a thread that has ended
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// floorProgram builds a Go program that does nothing.
func floorProgram(b testing.TB) string {
	b.Helper()
	dir := b.TempDir()
	source := filepath.Join(dir, "floor.go")
	text := "package main\n\nimport \"time\"\n\nfunc main() { time.Sleep(time.Hour) }\n"
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "floor"), source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build floor: %v\n%s", err, out)
	}
	return filepath.Join(dir, "floor")
}

// untilSignedIn listens to the agent's events until the profile is signed in and at rest.
func (d *desk) untilSignedIn(b testing.TB) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	var client *local.Client
	for {
		var err error
		if client, err = local.Dial(ctx, d.stateDir()); err == nil {
			break
		}
		if ctx.Err() != nil {
			b.Fatalf("dial the agent: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	defer client.Close()
	done := fmt.Errorf("signed in")
	err := client.Events(ctx, func(e local.Event) error {
		if e.State != nil {
			if p := e.State.Profile(""); p != nil && p.Phase == local.SignedIn && !p.Refreshing {
				return done
			}
		}
		return nil
	})
	if err != done { //nolint:errorlint // our own value, given back as it is
		b.Fatalf("wait for the agent: %v", err)
	}
}

// stateDir is where agent.json lies.
func (d *desk) stateDir() string {
	found := ""
	_ = filepath.WalkDir(d.home, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() && e.Name() == "state" {
			found = path
		}
		return nil
	})
	return found
}

// untilOpened waits, closely, until the browser was started more than n times.
func (d *desk) untilOpened(b testing.TB, n int) {
	b.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(d.urls()) <= n; {
		if time.Now().After(deadline) {
			b.Fatal("no browser was started")
		}
		time.Sleep(500 * time.Microsecond)
	}
}

// report gives the medians.
func report(b *testing.B, name string, took, floor []time.Duration) {
	b.Helper()
	slices.Sort(took)
	slices.Sort(floor)
	ms := func(d []time.Duration) float64 { return float64(d[len(d)/2].Microseconds()) / 1000 }
	b.ReportMetric(ms(took), "ms-"+name)
	b.ReportMetric(ms(floor), "ms-floor")
	b.ReportMetric(0, "ns/op")
}
