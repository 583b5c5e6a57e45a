package theme_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"lanyard/app/window/theme"
)

func encoded(t *testing.T, side int, kind string) []byte {
	t.Helper()
	var buf bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, side, side))
	var err error
	switch kind {
	case "png":
		err = png.Encode(&buf, picture)
	case "jpeg":
		err = jpeg.Encode(&buf, picture, nil)
	case "gif":
		err = gif.Encode(&buf, picture, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestDecode(t *testing.T) {
	uri := func(kind string, data []byte) string {
		return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
	}
	small := encoded(t, 64, "png")
	for _, row := range []struct {
		name, uri string
		ok        bool
	}{
		{"png", uri("png", small), true},
		{"jpeg", uri("jpeg", encoded(t, 64, "jpeg")), true},
		{"jpeg that says png", uri("png", encoded(t, 64, "jpeg")), true},
		{"gif that says png", uri("png", encoded(t, 64, "gif")), false},
		{"gif", uri("gif", encoded(t, 64, "gif")), false},
		{"svg", "data:image/svg+xml,<svg/>", false},
		{"too many pixels", uri("png", encoded(t, 2000, "png")), false},
		{"too many bytes", uri("png", append(small, make([]byte, 300<<10)...)), false},
		{"cut off", uri("png", small[:40]), false},
		{"not base64", "data:image/png;base64,*", false},
		{"an address", "https://evil.example/pixel.png", false},
		{"a file", "file:///etc/passwd", false},
		{"nothing", "", false},
	} {
		if _, err := theme.DecodeURI(row.uri); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{"notes": "N", "笔记": "笔", "  §9": "9", "…": "·", "": "·", "éclair": "É"} {
		if got := theme.Initial(name); got != want {
			t.Errorf("Initial(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestContrast keeps texts readable on their grounds (WCAG 2.1, 1.4.3: 4.5 to 1).
func TestContrast(t *testing.T) {
	test.NewTempApp(t)
	for _, look := range []string{"light", "dark"} {
		th := theme.New(look)
		of := func(name fyne.ThemeColorName) color.Color { return th.Color(name, 0) }
		for _, row := range []struct{ text, ground fyne.ThemeColorName }{
			{fynetheme.ColorNameForeground, fynetheme.ColorNameBackground},
			{fynetheme.ColorNameForeground, theme.ColorCard},
			{fynetheme.ColorNameDisabled, fynetheme.ColorNameBackground},
			{fynetheme.ColorNameDisabled, theme.ColorCard},
			{fynetheme.ColorNamePlaceHolder, fynetheme.ColorNameInputBackground},
			{fynetheme.ColorNameForegroundOnPrimary, fynetheme.ColorNamePrimary},
			{fynetheme.ColorNameForeground, fynetheme.ColorNameButton},
			{fynetheme.ColorNameError, fynetheme.ColorNameBackground},
			{fynetheme.ColorNameWarning, fynetheme.ColorNameBackground},
		} {
			if c := contrast(of(row.text), of(row.ground)); c < 4.4 {
				t.Errorf("%s: %s on %s has a contrast of %.1f", look, row.text, row.ground, c)
			}
		}
		// What a box to tick or a field is seen by (1.4.11: 3 to 1).
		for _, ground := range []fyne.ThemeColorName{fynetheme.ColorNameBackground, fynetheme.ColorNameInputBackground} {
			if c := contrast(of(fynetheme.ColorNameInputBorder), of(ground)); c < 3 {
				t.Errorf("%s: the border on %s has a contrast of %.1f", look, ground, c)
			}
		}
	}
}

// contrast is WCAG 2.1's contrast ratio.
func contrast(a, b color.Color) float64 {
	luminance := func(c color.Color) float64 {
		linear := func(v uint32) float64 {
			s := float64(v) / 0xffff
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		r, g, b, _ := c.RGBA()
		return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
