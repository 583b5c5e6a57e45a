package theme

import (
	"hash/fnv"
	"image"
	"image/color"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// inks are the grounds of initials: white is readable on each of them.
var inks = []color.Color{
	rgb(0x2457d6), rgb(0x1a7f6b), rgb(0x8e3bb0), rgb(0xb3541e),
	rgb(0x3a6b1f), rgb(0xa8324f), rgb(0x4a55a2), rgb(0x5b6472),
}

// Tile is the picture of a company or an app, square, or a coloured initial where there
// is none. The same name has the same colour every time.
type Tile struct {
	*fyne.Container
	ground  *canvas.Rectangle
	initial *canvas.Text
	picture *canvas.Image
}

// NewTile makes an empty tile of that side.
func NewTile(side float32) *Tile {
	t := &Tile{
		ground:  canvas.NewRectangle(color.Transparent),
		initial: canvas.NewText("", color.White),
		picture: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleSmooth},
	}
	t.ground.CornerRadius = side / 5
	t.initial.Alignment = fyne.TextAlignCenter
	t.initial.TextStyle.Bold = true
	t.initial.TextSize = side * 0.46
	t.Container = container.New(layout.NewGridWrapLayout(fyne.NewSquareSize(side)),
		container.NewStack(t.ground, container.NewCenter(t.initial), t.picture))
	return t
}

// Show shows img or, if it is nil, the initial of name; key decides the colour.
func (t *Tile) Show(img image.Image, name, key string) {
	if img != nil {
		t.picture.Image = img
		t.picture.Show()
		t.picture.Refresh()
		t.ground.Hide()
		t.initial.Hide()
		return
	}
	t.picture.Hide()
	t.ground.FillColor = ink(key)
	t.ground.Show()
	t.ground.Refresh()
	t.initial.Text = Initial(name)
	t.initial.Show()
	t.initial.Refresh()
}

// Initial is the first letter or digit of name in upper case, "·" where it has none.
func Initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "·"
}

func ink(key string) color.Color {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return inks[h.Sum32()%uint32(len(inks))] // #nosec G115 -- eight of them
}
