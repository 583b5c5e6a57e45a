//go:build linux

package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/app/tray/traytest"
	"lanyard/auth/authtest"
)

// trayFloor is a program that shows an icon with a menu of our length, and nothing else.
const trayFloor = `package main

import (
	"os"

	"fyne.io/systray"
)

func main() {
	icon, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	systray.SetIcon(icon)
	for range 16 {
		systray.AddMenuItem("Something to click", "")
	}
	systray.Run(nil, nil)
}
`

// bareTray builds trayFloor.
func bareTray(b *testing.B) *exec.Cmd {
	b.Helper()
	dir := b.TempDir()
	source := filepath.Join(dir, "floor.go")
	if err := os.WriteFile(source, []byte(trayFloor), 0o600); err != nil {
		b.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "floor"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build floor: %v\n%s", err, out)
	}
	icon, err := filepath.Abs("../assets/icon/tray/signed-in.png")
	if err != nil {
		b.Fatal(err)
	}
	return exec.Command(filepath.Join(dir, "floor"), icon)
}

// again is the same command, to be started once more.
func again(cmd *exec.Cmd, env []string) *exec.Cmd {
	next := exec.Command(cmd.Path, cmd.Args[1:]...)
	next.Env = env
	return next
}

// trayDesk is a desk in a session with a panel, signed in at a company with 50 apps; no
// agent runs.
func trayDesk(b *testing.B) (*desk, *traytest.Watcher) {
	b.Helper()
	session := authtest.KeyringSession(b)
	c := newCompany(b, 50, "")
	d := newDesk(b, session.Env...)
	d.env = slices.DeleteFunc(d.env, func(v string) bool { return v == "LANYARD_LOG=debug" })
	c.signInAt(b, d)
	d.must(b, "apps")
	d.must(b, "quit")
	address := ""
	for _, v := range session.Env {
		if a, ok := strings.CutPrefix(v, "DBUS_SESSION_BUS_ADDRESS="); ok {
			address = a
		}
	}
	return d, traytest.NewWatcher(b, address)
}

// BenchmarkTrayIdle: the agent with its tray, signed in, with 50 apps, over a minute. To
// reach: RSS ≤ 18 MB, of it anonymous ≤ 8 MB; no CPU tick and ≤ 1 wakeup a second.
// Floor: a bare systray program.
func BenchmarkTrayIdle(b *testing.B) {
	d, panel := trayDesk(b)
	floor := again(bareTray(b), d.env)
	if err := floor.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = floor.Process.Kill(); _ = floor.Wait() }()
	panel.Icon().Menu()
	start(b, d.env, "lanyard", "agent")
	icon := panel.Icon()
	icon.Menu()
	if p := d.settled(b); p.Phase != local.SignedIn || p.AppsAll != 50 {
		b.Fatalf("not idle and signed in: %+v", p)
	}
	icon.Menu()

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

// BenchmarkTrayStart: from exec to the icon registered. To reach: ≤ 50 ms. Floor: the
// same of a bare systray program.
func BenchmarkTrayStart(b *testing.B) {
	d, panel := trayDesk(b)
	bare := bareTray(b)
	var took, floor []time.Duration
	for range 11 {
		begin := time.Now()
		agent := start(b, d.env, "lanyard", "agent")
		panel.Icon()
		took = append(took, time.Since(begin))
		agent.stop(b, syscall.SIGTERM)

		cmd := again(bare, d.env)
		begin = time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		panel.Icon()
		floor = append(floor, time.Since(begin))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	report(b, "icon", took, floor)
}

// BenchmarkTrayClick: from a click in the menu to the browser's process, launch link
// minted included. To reach: ≤ 100 ms. Floor: exec of the opener.
func BenchmarkTrayClick(b *testing.B) {
	d, panel := trayDesk(b)
	start(b, d.env, "lanyard", "agent")
	icon := panel.Icon()
	d.settled(b)
	browser := ""
	for _, v := range d.env {
		if name, ok := strings.CutPrefix(v, "BROWSER="); ok {
			browser = name
		}
	}
	menu := icon.Menu()
	var took, floor []time.Duration
	for range 21 {
		n := len(d.urls())
		begin := time.Now()
		icon.Click(menu, "App 0")
		d.untilOpened(b, n)
		took = append(took, time.Since(begin))

		n = len(d.urls())
		begin = time.Now()
		if err := exec.Command(browser, "http://127.0.0.1/floor").Start(); err != nil {
			b.Fatal(err)
		}
		d.untilOpened(b, n)
		floor = append(floor, time.Since(begin))
	}
	report(b, "click", took, floor)
}
