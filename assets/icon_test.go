package assets_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "draw the tray icons anew")

// The tray's pictures are drawn here: the badge of lanyard.png, simple enough for 16
// pixels, in middle tones that show on dark and light panels. Each state has a shape of
// its own, since a menu bar shows no colour and some people see none.

// paint is one colour; the zero one is nothing.
type paint = color.NRGBA

func opaque(rgb uint32) paint {
	return paint{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xff}
}

var (
	blue   = opaque(0x2563eb)
	strap  = opaque(0x5b8ff5)
	steel  = opaque(0x94a3b8)
	white  = opaque(0xffffff)
	grey   = opaque(0x8b93a1)
	amber  = opaque(0xf59e0b)
	ink    = opaque(0x1f2937)
	black  = opaque(0)
	nobody = paint{}
)

// tone is what the parts of a picture are painted with.
type tone struct{ strap, clip, badge, mark, alert, sign paint }

var (
	coloured = tone{strap, steel, blue, white, amber, ink}
	// template is one colour and holes, as macOS wants menu bar pictures.
	template = tone{black, black, black, nobody, black, nobody}
)

// pictures give the colour at a point of a 44 by 44 square.
var pictures = map[string]func(x, y float64, t tone) paint{
	"signed-in":  signedIn,
	"signed-out": signedOut,
	"busy": func(x, y float64, t tone) paint {
		for _, cx := range []float64{14.5, 22, 29.5} {
			if disc(x, y, cx, 28, 2.7) {
				return t.mark
			}
		}
		return badge(x, y, t)
	},
	"needs-you": func(x, y float64, t tone) paint {
		const cx, cy = 33.5, 33
		switch {
		case disc(x, y, cx, cy+5, 1.7), math.Abs(x-cx) <= 1.5 && y >= cy-6 && y <= cy+1.5:
			return t.sign
		case disc(x, y, cx, cy, 10):
			return t.alert
		case disc(x, y, cx, cy, 12):
			return nobody // a gap, so that the sign stands off the badge
		}
		return signedIn(x, y, t)
	},
}

func signedIn(x, y float64, t tone) paint {
	if person(x, y) {
		return t.mark
	}
	return badge(x, y, t)
}

// signedOut is the badge's outline.
func signedOut(x, y float64, t tone) paint {
	if t == coloured {
		t = tone{grey, grey, grey, grey, grey, grey}
	}
	switch inside := rounded(x, y, 9.6, 16.2, 34.4, 40.4, 3); {
	case inside && person(x, y):
		return t.badge
	case inside:
		return nobody
	}
	return badge(x, y, t)
}

func badge(x, y float64, t tone) paint {
	switch {
	case rounded(x, y, 6.4, 13, 37.6, 43.6, 6):
		return t.badge
	case rounded(x, y, 18.6, 8.6, 25.4, 13.5, 1.5):
		return t.clip
	case y < 9 && (math.Abs(x-(10.5+y*0.95)) <= 3.4 || math.Abs(x-(33.5-y*0.95)) <= 3.4):
		return t.strap
	}
	return nobody
}

func person(x, y float64) bool {
	shoulders := math.Hypot((x-22)/8.6, (y-38.5)/7.6) <= 1 && y <= 38.5
	return disc(x, y, 22, 23.6, 5) || shoulders
}

func disc(x, y, cx, cy, r float64) bool { return math.Hypot(x-cx, y-cy) <= r }

func rounded(x, y, x0, y0, x1, y1, r float64) bool {
	dx := math.Max(math.Max(x0+r-x, x-(x1-r)), 0)
	dy := math.Max(math.Max(y0+r-y, y-(y1-r)), 0)
	return x >= x0 && x <= x1 && y >= y0 && y <= y1 && math.Hypot(dx, dy) <= r
}

// draw renders a picture; each pixel is the mean of 8 by 8 points in it.
func draw(at func(x, y float64, t tone) paint, t tone, size int) *image.NRGBA {
	const fine = 8
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for py := range size {
		for px := range size {
			var r, g, b, a int
			for s := range fine * fine {
				x := float64(px) + (float64(s%fine)+0.5)/fine
				y := float64(py) + (float64(s/fine)+0.5)/fine
				p := at(x*44/float64(size), y*44/float64(size), t)
				r, g, b, a = r+int(p.R)*int(p.A), g+int(p.G)*int(p.A), b+int(p.B)*int(p.A), a+int(p.A)
			}
			if a > 0 {
				img.SetNRGBA(px, py, paint{R: uint8(r / a), G: uint8(g / a), B: uint8(b / a), A: uint8(a / (fine * fine))})
			}
		}
	}
	return img
}

func encodePNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// encodeICO writes an icon file with one 32-bit bitmap a size, which every Windows
// reads: ICONDIR, ICONDIRENTRYs, then BITMAPINFOHEADER, pixels from the bottom row up,
// and a mask that the alpha channel makes redundant.
func encodeICO(images []*image.NRGBA) []byte {
	var head, body bytes.Buffer
	put := func(w *bytes.Buffer, values ...any) {
		for _, v := range values {
			_ = binary.Write(w, binary.LittleEndian, v) // a buffer takes everything
		}
	}
	put(&head, uint16(0), uint16(1), uint16(len(images)))
	for _, img := range images {
		size := img.Rect.Dx()
		mask := make([]byte, (size+31)/32*4*size)
		length := 40 + 4*size*size + len(mask)
		put(&head, uint8(size), uint8(size), uint16(0), uint16(1), uint16(32), uint32(length), uint32(6+16*len(images)+body.Len()))
		put(&body, uint32(40), int32(size), int32(2*size), uint16(1), uint16(32), uint32(0), uint32(4*size*size), int32(0), int32(0), uint32(0), uint32(0))
		for y := size - 1; y >= 0; y-- {
			for x := range size {
				p := img.NRGBAAt(x, y)
				body.Write([]byte{p.B, p.G, p.R, p.A})
			}
		}
		body.Write(mask)
	}
	return append(head.Bytes(), body.Bytes()...)
}

// TestTrayIcons keeps the committed pictures equal to what is drawn here; -update
// writes them.
func TestTrayIcons(t *testing.T) {
	for name, at := range pictures {
		var sizes []*image.NRGBA
		for _, size := range []int{16, 20, 24, 32, 48} {
			sizes = append(sizes, draw(at, coloured, size))
		}
		for file, data := range map[string][]byte{
			name + ".png":            encodePNG(t, draw(at, coloured, 44)),
			name + ".ico":            encodeICO(sizes),
			"macos/" + name + ".png": encodePNG(t, draw(at, template, 44)),
		} {
			file = filepath.Join("icon", "tray", file)
			if *update {
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if kept, err := os.ReadFile(file); err != nil || !bytes.Equal(kept, data) {
				t.Errorf("%s is not what is drawn (%v): run this test with -update", file, err)
			}
		}
	}
}
