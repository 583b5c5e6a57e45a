package cli_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"lanyard/app/cli"
	"lanyard/app/local"
	"lanyard/auth/authtest"
)

const scanned = "https://login.acme.com/e/4f2a9c0e4f2a9c0e4f2a9c0e4f2a9c0e/device?user_code=WDJB-MJHT"

// onPhone logs in by a device code at a terminal of that size and returns what it shows.
func onPhone(t *testing.T, columns, rows int, env map[string]string) string {
	t.Helper()
	var shown string
	synctest.Test(t, func(t *testing.T) {
		whole := *onDevice.Device
		whole.Complete = scanned
		a := &agent{state: signedIn, script: []local.Attempt{{Step: local.StepWaiting, Device: &whole}, done}}
		deps, out := bubble(a)
		deps.Size = func() (int, int) { return columns, rows }
		deps.Env = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
		if code := cli.Run(t.Context(), []string{"login", "acme", "--device", "--yes"}, deps); code != 0 {
			t.Errorf("exit code %d: %s", code, out)
		}
		shown = out.String()
	})
	return shown
}

// TestQRCode reads the QR code off the terminal as a phone would.
func TestQRCode(t *testing.T) {
	zbar := authtest.Need(t, "zbarimg")
	for name, env := range map[string]map[string]string{
		"xterm": {"TERM": "xterm-256color"}, "Windows Terminal": {"WT_SESSION": "x"}, "old console": {},
	} {
		t.Run(name, func(t *testing.T) {
			shown := onPhone(t, 80, 24, env)
			_, after, ok := strings.Cut(shown, "Scan this with your phone's camera:\n")
			picture, rest, also := strings.Cut(after, "Or open this address")
			if !ok || !also || !strings.Contains(rest, "https://login.acme.com/device\n") || !strings.Contains(rest, "    47\n") {
				t.Fatalf("shown:\n%s", shown)
			}
			file := filepath.Join(t.TempDir(), "terminal.png")
			save(t, file, drawn(t, strings.Split(strings.TrimSuffix(picture, "\n"), "\n"), len(env) > 0))
			out, err := exec.CommandContext(t.Context(), zbar, "--quiet", "--raw", file).Output()
			if err != nil || strings.TrimSpace(string(out)) != scanned {
				t.Errorf("read %q, %v in\n%s", out, err, picture)
			}
		})
	}
}

// TestNoQRCode shows none where it does not fit, and says how to go on without.
func TestNoQRCode(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {44, 50}, {80, 22}} {
		shown := onPhone(t, size[0], size[1], map[string]string{"TERM": "xterm"})
		if strings.ContainsAny(shown, "█▀▄\x1b") || !strings.HasPrefix(shown, "On your phone or another computer, open this address:\n") {
			t.Errorf("%v:\n%s", size, shown)
		}
	}
}

// drawn is what a terminal draws of half blocks: in the colours that their lines set, or
// white on black.
func drawn(t *testing.T, lines []string, coloured bool) image.Image {
	t.Helper()
	const cell = 6 // pixels of half a character
	ink, ground := color.Gray{Y: 255}, color.Gray{Y: 0}
	if coloured {
		ink, ground = ground, ink
	}
	columns := 0
	for i, line := range lines {
		before, ok := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
		before, also := strings.CutSuffix(before, "\x1b[0m")
		if ok != coloured || also != coloured {
			t.Fatalf("line %d: %q", i, line)
		}
		lines[i], columns = before, max(columns, utf8.RuneCountInString(before))
	}
	if columns > 80 || len(lines) > 24 {
		t.Errorf("%d × %d characters", columns, len(lines))
	}
	img := image.NewGray(image.Rect(0, 0, columns*cell, 2*len(lines)*cell))
	for row, line := range lines {
		for column, c := range []rune(line) {
			for y := range 2 * cell {
				inked := c == '█' || c == '▀' && y < cell || c == '▄' && y >= cell
				for x := range cell {
					colour := ground
					if inked {
						colour = ink
					}
					img.SetGray(column*cell+x, 2*row*cell+y, colour)
				}
			}
		}
	}
	return img
}

func save(t *testing.T, file string, img image.Image) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
