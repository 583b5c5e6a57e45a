//go:build linux

package cmd_test

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

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

// bareTray builds trayFloor and returns the command to run it.
func bareTray(b *testing.B) func() *exec.Cmd {
	b.Helper()
	icon, err := filepath.Abs("../assets/icon/tray/signed-in.png")
	if err != nil {
		b.Fatal(err)
	}
	program := built(b, trayFloor)
	return func() *exec.Cmd { return exec.Command(program, icon) }
}

// trayDesk is [benchDesk] in a session with a panel; no agent runs.
func trayDesk(b *testing.B) (*desk, *traytest.Watcher) {
	b.Helper()
	session := authtest.KeyringSession(b)
	d, _ := benchDesk(b, session)
	d.must(b, "quit")
	return d, traytest.NewWatcher(b, busOf(b, session))
}

// BenchmarkTrayIdle: the agent with its tray, signed in, with 50 apps, over a minute. To
// reach: RSS ≤ 18 MB, of it anonymous ≤ 8 MB; no CPU tick and ≤ 1 wakeup a second.
// Floor: a bare systray program.
func BenchmarkTrayIdle(b *testing.B) {
	d, panel := trayDesk(b)
	floor := startCommand(b, d.env, bareTray(b)())
	panel.Icon().Menu()
	start(b, d.env, "lanyard", "agent")
	icon := panel.Icon()
	icon.Menu()
	d.untilSignedIn(b)
	icon.Menu()
	d.idle(b, floor)
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

		begin = time.Now()
		empty := startCommand(b, d.env, bare())
		panel.Icon()
		floor = append(floor, time.Since(begin))
		empty.kill()
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
	menu := icon.Menu()
	d.opening(b, "click", func() { icon.Click(menu, "App 0") })
}
