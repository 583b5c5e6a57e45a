//go:build linux

package cmd_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// windowFloor is an empty Fyne window of the same size.
const windowFloor = `package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
)

func main() {
	w := app.NewWithID("io.lanyard.floor").NewWindow("floor")
	w.Resize(fyne.NewSize(640, 600))
	w.ShowAndRun()
}
`

// BenchmarkWindow: from asking the agent for the sign-in window to its pixels on the
// screen, warm. To reach: ≤ 500 ms. Floor: an empty Fyne window, from exec to its pixels.
func BenchmarkWindow(b *testing.B) {
	screen := newDisplay(b)
	d := newSeat(b, nil, screen, "http://127.0.0.1:1")
	d.env = slices.DeleteFunc(d.env, func(v string) bool { return strings.HasPrefix(v, "LANYARD_WINDOW_CHECK=") })
	d.must(b, "status")
	empty := built(b, windowFloor, "-tags", windowTags)
	client := d.dial(b)

	var took, floor []time.Duration
	for i := range 8 {
		begin := time.Now()
		go func() { _ = client.Window(b.Context(), "sign-in", nil) }() // which waits whether it stays
		screen.untilDrawn(b, true)
		if i > 0 { // the first one reads the programs and the fonts from the disk
			took = append(took, time.Since(begin))
		}
		if i == 7 {
			b.ReportMetric(float64(measure(b, d.windowPIDs(b)[0]).rss)/1024, "MB-rss")
		}
		time.Sleep(time.Second) // settled, and known to run
		d.endWindow(b, screen, 15)
		screen.untilDrawn(b, false)
		time.Sleep(100 * time.Millisecond) // known to have ended

		cmd := exec.Command(empty)
		cmd.Env = d.env
		begin = time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		screen.untilDrawn(b, true)
		if i > 0 {
			floor = append(floor, time.Since(begin))
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		screen.untilDrawn(b, false)
	}
	report(b, "window", took, floor)
}

// untilDrawn waits, closely, until there is something where every window is, in the
// corner or in the middle of the screen, or nothing.
func (d *display) untilDrawn(b *testing.B, something bool) {
	b.Helper()
	f, err := os.Open(d.pixels)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	const lineBytes, lines = 1280 * 4, 900
	middle := info.Size() - lineBytes*lines/2 // of 450 lines from the bottom
	line := make([]byte, lineBytes)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := f.ReadAt(line, middle); err != nil {
			b.Fatal(err)
		}
		if drawn := line[400*4] != 0; drawn == something {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("the screen has not changed to %v", something)
		}
	}
}
