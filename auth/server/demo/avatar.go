package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"slices"
)

// avatar draws a head and shoulders, in a colour of each person's own.
func (s *sso) avatar(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(accounts, func(a Account) bool { return a.Username == r.PathValue("username") })
	if i < 0 {
		http.NotFound(w, r)
		return
	}
	const size = 96
	grounds := []color.NRGBA{{31, 78, 84, 255}, {122, 70, 110, 255}}
	img := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{
		grounds[i%len(grounds)], color.NRGBA{255, 214, 150, 255},
	})
	for y := range size {
		for x := range size {
			head := math.Hypot(float64(x)-48, float64(y)-38) < 18
			shoulders := math.Hypot((float64(x)-48)/1.15, float64(y)-96) < 32
			if head || shoulders {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		http.Error(w, "avatar", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(file.Bytes())
}
