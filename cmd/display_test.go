//go:build linux

package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lanyard/auth/authtest"
)

// windowTags are the build tags of the window, the same for every build of it, so that
// Fyne is compiled once.
const windowTags = "no_emoji"

// windowBuild builds lanyard-window beside the other programs, where the agent looks.
var windowBuild = sync.OnceValue(func() error {
	return build("-tags", windowTags, "-o", programsDir+"/", "./lanyard-window")
})

// display is a screen of its own that nobody looks at, with a keyboard that types.
type display struct {
	t      testing.TB
	name   string // as in DISPLAY
	pixels string // the file that its frame buffer is mapped to
}

// newDisplay starts a display of 1280 × 900 and builds the window for it.
func newDisplay(t testing.TB) *display {
	t.Helper()
	server := authtest.Need(t, "xvfb")
	authtest.Need(t, "xdotool")
	if err := windowBuild(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	number, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer number.Close()
	cmd := exec.Command(server, "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset", "-fbdir", dir)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() }) // so that it tidies up
	_ = number.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(number).ReadString('\n') // all of it: Xvfb ends where it cannot write
	if err != nil {
		t.Fatalf("start Xvfb: %v", err)
	}
	return &display{t: t, name: ":" + strings.TrimSpace(line), pixels: filepath.Join(dir, "Xvfb_screen0")}
}

// on is the same display in a subtest.
func (d *display) on(t testing.TB) *display { return &display{t, d.name, d.pixels} }

// do runs xdotool.
func (d *display) do(args ...string) (string, error) {
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// windows are the ids of the windows in sight whose title has the words.
func (d *display) windows(title string) []string {
	out, err := d.do("search", "--onlyvisible", "--name", title)
	if err != nil {
		return nil
	}
	return strings.Fields(out)
}

// window waits for the one window whose title has the words, and gives it the keyboard:
// no window manager is there to do so.
func (d *display) window(title string) string {
	d.t.Helper()
	var id string
	eventually(d.t, patience, func() error {
		ids := d.windows(title)
		if len(ids) != 1 {
			return fmt.Errorf("%d windows are called %q", len(ids), title)
		}
		id = ids[0]
		_, err := d.do("windowfocus", "--sync", id)
		return err
	})
	return id
}

// press presses keys in the window that has the keyboard.
func (d *display) press(keys ...string) {
	d.t.Helper()
	if _, err := d.do(append([]string{"key", "--delay", "20"}, keys...)...); err != nil {
		d.t.Fatalf("press %v: %v", keys, err)
	}
}

// write types text in the window that has the keyboard.
func (d *display) write(text string) {
	d.t.Helper()
	if _, err := d.do("type", "--delay", "20", text); err != nil {
		d.t.Fatalf("type %q: %v", text, err)
	}
}

// still waits until nothing on the display moves any more; 2 s at most, for some screens
// never stand still.
func (d *display) still() {
	d.t.Helper()
	const quiet, most = 300 * time.Millisecond, 2 * time.Second
	var last uint32
	begun := time.Now()
	for since := begun; time.Since(since) < quiet && time.Since(begun) < most; time.Sleep(50 * time.Millisecond) {
		pixels, err := os.ReadFile(d.pixels)
		if err != nil {
			d.t.Fatalf("read the screen: %v", err)
		}
		if now := crc32.ChecksumIEEE(pixels); now != last {
			last, since = now, time.Now()
		}
	}
}

// picture is what a window looks like now. It is saved where LANYARD_SCREENSHOTS names a
// folder, for people to look at.
func (d *display) picture(id, name string) image.Image {
	d.t.Helper()
	_, _ = d.do("mousemove", "1279", "899") // out of the picture
	time.Sleep(100 * time.Millisecond)      // and drawn without it
	screen, err := d.screen()
	if err != nil {
		d.t.Fatalf("read the screen: %v", err)
	}
	out, err := d.do("getwindowgeometry", "--shell", id)
	if err != nil {
		d.t.Fatalf("find window %s: %v", id, err)
	}
	at := map[string]int{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		at[key], _ = strconv.Atoi(value)
	}
	picture := screen.SubImage(image.Rect(at["X"], at["Y"], at["X"]+at["WIDTH"], at["Y"]+at["HEIGHT"]))
	if dir := os.Getenv("LANYARD_SCREENSHOTS"); dir != "" {
		var buf bytes.Buffer
		if err = png.Encode(&buf, picture); err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".png"), buf.Bytes(), 0o600)
		}
		if err != nil {
			d.t.Logf("picture %s: %v", name, err)
		}
	}
	return picture
}

// screen reads the frame buffer, an XWD file: a header of 25 numbers, the rest of the
// header with the name, the colour map, then the pixels (X11/XWDFile.h).
func (d *display) screen() (*image.RGBA, error) {
	data, err := os.ReadFile(d.pixels)
	if err != nil {
		return nil, err
	}
	const fields, width, height, bytesPerLine, colours = 25, 4, 5, 12, 19
	if len(data) < fields*4 {
		return nil, errors.New("the frame buffer has no header")
	}
	header := make([]int, fields)
	for i := range header {
		header[i] = int(binary.BigEndian.Uint32(data[i*4:]))
	}
	pixels := data[header[0]+header[colours]*12:]
	if len(pixels) < header[bytesPerLine]*header[height] {
		return nil, errors.New("the frame buffer is cut off")
	}
	img := image.NewRGBA(image.Rect(0, 0, header[width], header[height]))
	for y := range header[height] {
		line := pixels[y*header[bytesPerLine]:]
		for x := range header[width] {
			img.SetRGBA(x, y, color.RGBA{R: line[x*4+2], G: line[x*4+1], B: line[x*4], A: 0xff})
		}
	}
	return img, nil
}

// colours counts how many different colours a picture has: one that shows nothing has one.
func colours(img image.Image) int {
	seen := map[color.Color]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 2 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 2 {
			seen[img.At(x, y)] = true
		}
	}
	return len(seen)
}
