//go:build linux

package cmd_test

import (
	"context"
	"errors"
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

// benchDesk is a desk, signed in at a company with 50 apps; it logs as little as it does
// in daily life.
func benchDesk(b *testing.B, session *authtest.Session) (*desk, *company) {
	b.Helper()
	c := newCompany(b, 50, "")
	d := newDesk(b, append(session.Env, "LANYARD_LOG=")...)
	c.signInAt(b, d)
	d.must(b, "apps")
	return d, c
}

// BenchmarkAgentIdle: the agent without a tray, signed in, with 50 apps.
// To reach: RSS ≤ 14 MB, of it anonymous ≤ 7 MB; no CPU tick and ≤ 1 wakeup a second.
func BenchmarkAgentIdle(b *testing.B) {
	d, _ := benchDesk(b, authtest.KeyringSession(b))
	d.must(b, "quit")
	start(b, d.env, "lanyard", "agent", "--no-tray")
	d.untilSignedIn(b)
	floor := startCommand(b, d.env, exec.Command(built(b, emptyProgram)))
	d.idle(b, floor)
}

// emptyProgram is the floor of a process that only is there.
const emptyProgram = "package main\n\nimport \"time\"\n\nfunc main() { time.Sleep(time.Hour) }\n"

// idle reports what the desk's agent, which has started and signed in, takes over a
// minute, beside a program that does nothing.
func (d *desk) idle(b *testing.B, floor *process) {
	b.Helper()
	if p := d.settled(b); p.Phase != local.SignedIn || p.AppsAll != 50 {
		b.Fatalf("not idle and signed in: %+v", p)
	}
	time.Sleep(3 * time.Second) // what start and status left behind
	pid := d.agentPID(b)
	before := measure(b, pid)
	const over = 60 * time.Second
	time.Sleep(over)
	after, empty := measure(b, pid), measure(b, floor.cmd.Process.Pid)
	b.ReportMetric(float64(after.rss)/1024, "MB-rss")
	b.ReportMetric(float64(after.anon)/1024, "MB-anon")
	b.ReportMetric(float64(empty.rss)/1024, "MB-rss-floor")
	b.ReportMetric(float64(empty.anon)/1024, "MB-anon-floor")
	b.ReportMetric(float64(after.ticks-before.ticks), "cpu-ticks/min")
	b.ReportMetric(float64(after.wakeups-before.wakeups)/over.Seconds(), "wakeups/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAgentStart: from exec to signed in, silently. To reach: ≤ 200 ms.
// Floor: one round trip to the server and one read of the keyring.
func BenchmarkAgentStart(b *testing.B) {
	d, c := benchDesk(b, authtest.KeyringSession(b))
	var took, floor []time.Duration
	for range 11 {
		d.must(b, "quit")
		begin := time.Now()
		start(b, d.env, "lanyard", "agent", "--no-tray")
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
	}
	report(b, "start", took, floor)
}

// BenchmarkOpen: from the command to the browser's process, launch link minted
// included, agent running. To reach: ≤ 100 ms. Floor: exec of the opener.
func BenchmarkOpen(b *testing.B) {
	d, _ := benchDesk(b, authtest.KeyringSession(b))
	d.opening(b, "open", func() { start(b, d.env, "lanyard", "open", "app-7") })
}

// opening reports how long it takes from open until the browser's process runs. The
// floor is that process alone.
func (d *desk) opening(b *testing.B, name string, open func()) {
	b.Helper()
	timed := func(open func()) time.Duration {
		n := len(d.urls())
		begin := time.Now()
		open()
		d.untilOpened(b, n)
		return time.Since(begin)
	}
	var took, floor []time.Duration
	for range 21 {
		took = append(took, timed(open))
		opener := exec.Command(d.browser, "http://127.0.0.1/floor")
		floor = append(floor, timed(func() {
			if err := opener.Start(); err != nil {
				b.Fatal(err)
			}
		}))
		_ = opener.Wait()
	}
	report(b, name, took, floor)
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

// untilSignedIn listens to the agent's events until the profile is signed in and at rest.
func (d *desk) untilSignedIn(b testing.TB) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	done := errors.New("signed in")
	client := d.dial(b)
	defer client.Close() // the agent is to be alone
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
