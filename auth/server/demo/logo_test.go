package demo_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"testing"

	"lanyard/assets"
)

var update = flag.Bool("update", false, "draw the logo anew into assets")

// TestLogo keeps the logo what drawLogo draws, and small enough for an enterprise's
// document (32 KiB as a data: URI).
func TestLogo(t *testing.T) {
	want := drawLogo(128)
	if *update {
		var file bytes.Buffer
		if err := png.Encode(&file, want); err != nil {
			t.Fatal(err)
		}
		text := base64.StdEncoding.EncodeToString(file.Bytes())
		if err := os.WriteFile("../../../assets/demo/logo.b64", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Log("drawn; build again to see it")
		return
	}
	if n := len("data:image/png;base64," + assets.DemoLogo); n > 32<<10 {
		t.Errorf("logo of %d bytes, at most 32 KiB", n)
	}
	file, err := base64.StdEncoding.DecodeString(assets.DemoLogo)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("size %v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range 128 {
		for x := range 128 {
			if !alike(color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA), want.NRGBAAt(x, y)) {
				t.Fatalf("differs at %d, %d: draw it anew with -update", x, y)
			}
		}
	}
}

// alike allows for processors that round differently.
func alike(a, b color.NRGBA) bool {
	near := func(x, y uint8) bool { return x-y <= 2 || y-x <= 2 }
	return near(a.R, b.R) && near(a.G, b.G) && near(a.B, b.B) && near(a.A, b.A)
}

// drawLogo draws a cloudberry on a dark ground with rounded corners.
func drawLogo(size int) *image.NRGBA {
	const fine = 4 // samples to each side of a pixel
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			var r, g, b, a float64
			for i := range fine * fine {
				u := (float64(x) + (float64(i%fine)+0.5)/fine) / float64(size)
				v := (float64(y) + (float64(i/fine)+0.5)/fine) / float64(size)
				if c, inside := logoAt(u, v); inside {
					r, g, b, a = r+float64(c.R), g+float64(c.G), b+float64(c.B), a+1
				}
			}
			if a > 0 {
				img.SetNRGBA(x, y, color.NRGBA{
					uint8(math.Round(r / a)), uint8(math.Round(g / a)), uint8(math.Round(b / a)),
					uint8(math.Round(255 * a / (fine * fine))),
				})
			}
		}
	}
	return img
}

// logoAt is the colour at a point of the unit square; false outside the ground.
func logoAt(u, v float64) (color.NRGBA, bool) {
	const corner = 0.24
	dx, dy := max(corner-u, u-(1-corner), 0), max(corner-v, v-(1-corner), 0)
	if math.Hypot(dx, dy) > corner {
		return color.NRGBA{}, false
	}
	// The berry: drupelets in rows, the lower ones in front.
	for _, d := range []struct{ x, y float64 }{
		{0.50, 0.79},
		{0.40, 0.70},
		{0.60, 0.70},
		{0.31, 0.59},
		{0.50, 0.62},
		{0.69, 0.59},
		{0.26, 0.47},
		{0.42, 0.50},
		{0.58, 0.50},
		{0.74, 0.47},
		{0.35, 0.40},
		{0.50, 0.40},
		{0.65, 0.40},
	} {
		const radius = 0.115
		if far := math.Hypot(u-d.x, v-d.y); far < radius {
			light := math.Hypot(u-d.x+0.035, v-d.y+0.04) / radius
			return mix(color.NRGBA{255, 202, 112, 255}, color.NRGBA{233, 118, 38, 255}, light*light*0.75), true
		}
	}
	// Three leaves: each the overlap of two circles.
	for _, angle := range []float64{-0.95, 0, 0.95} {
		lx, ly := u-0.5, v-0.36
		along := lx*math.Sin(angle) - ly*math.Cos(angle)
		across := lx*math.Cos(angle) + ly*math.Sin(angle)
		if math.Hypot(along-0.12, across-0.13) < 0.185 && math.Hypot(along-0.12, across+0.13) < 0.185 {
			return mix(color.NRGBA{126, 196, 120, 255}, color.NRGBA{72, 150, 94, 255}, math.Abs(across)*9), true
		}
	}
	return mix(color.NRGBA{31, 78, 84, 255}, color.NRGBA{20, 52, 60, 255}, v), true
}

// mix goes from a to b as part goes from 0 to 1.
func mix(a, b color.NRGBA, part float64) color.NRGBA {
	part = min(max(part, 0), 1)
	blend := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*part)) }
	return color.NRGBA{blend(a.R, b.R), blend(a.G, b.G), blend(a.B, b.B), 255}
}
