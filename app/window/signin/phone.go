package signin

import (
	"cmp"
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"rsc.io/qr"

	"lanyard/app/window"
	"lanyard/app/window/theme"
	"lanyard/auth/words"
)

const (
	quietZone  = 4 // modules of white around a QR code (ISO/IEC 18004 section 6.3.8)
	moduleSide = 4 // of a module, before the screen's scale
)

// buildPhone waits for the other device, and for the browser still.
func (s *Screen) buildPhone(v view) built {
	t := func(key string) string { return s.h.T("phone." + key) }
	typed := []fyne.CanvasObject{theme.Strong(v.device.URL), theme.Soft(t("code")), theme.Title(v.device.UserCode)}
	steps, around := append([]fyne.CanvasObject{theme.Soft(t("open"))}, typed...), theme.Page
	if picture := qrCode(cmp.Or(v.device.Complete, v.device.URL)); picture != nil {
		steps = []fyne.CanvasObject{container.NewPadded(theme.Beside(picture, append([]fyne.CanvasObject{theme.Soft(t("scan"))}, typed...)...))}
		around = theme.WidePage
	}
	if v.device.Number != "" {
		steps = append(steps, theme.Soft(t("number")), theme.Title(v.device.Number))
	}
	objects := append([]fyne.CanvasObject{
		theme.Title(t("title")), theme.Card(container.New(theme.Column{Width: 532, Top: true}, steps...)), theme.Progress(),
		theme.Row(s.copier("phone.copy", v.device.URL), window.NewButton(words.T(s.h.Lang, "common.cancel"), s.cancel)),
		theme.Small(t("browser")),
	}, s.stuck(v)...)
	if v.notice != "" {
		objects = append(objects, theme.Alarm(v.notice))
	}
	return built{content: around(objects...)}
}

// qrCode is a picture of text for a phone's camera, black on white in every look; nil
// where text is too long for one.
func qrCode(text string) fyne.CanvasObject {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil
	}
	// Half of the quiet zone is in the picture, half is the ground, with its round corners.
	side := code.Size + quietZone
	picture := canvas.NewRaster(func(width, height int) image.Image {
		// Whole pixels for each module, at whatever scale the screen has: nothing is smoothed.
		scale := max(1, min(width, height)/side)
		left, top := (width-code.Size*scale)/2, (height-code.Size*scale)/2
		img := image.NewGray(image.Rect(0, 0, width, height))
		for y := range height {
			for x := range width {
				if x < left || y < top || !code.Black((x-left)/scale, (y-top)/scale) {
					img.SetGray(x, y, color.Gray{Y: 255})
				}
			}
		}
		return img
	})
	picture.ScaleMode = canvas.ImageScalePixels
	picture.SetMinSize(fyne.NewSquareSize(float32(side * moduleSide)))
	ground := canvas.NewRectangle(color.White)
	ground.CornerRadius = quietZone / 2 * moduleSide
	pad := ground.CornerRadius
	return container.NewStack(ground, container.New(layout.NewCustomPaddedLayout(pad, pad, pad, pad), picture))
}
