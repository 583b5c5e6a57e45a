package window

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/window/theme"
)

// tileSize has room for two lines of a title: what distinguishes two apps is often at its end.
var tileSize = fyne.NewSize(116, 114)

// AppTile is one app to click: its picture, its title, and a dot if it is pinned.
type AppTile struct {
	widget.BaseWidget
	// Open is called for a click, Menu for a click with the other button.
	Open func()
	Menu func(at fyne.Position)

	host    *Host
	id, sha string
	tile    *theme.Tile
	title   *widget.Label
	pin     *canvas.Circle
	hover   *canvas.Rectangle
}

var (
	_ fyne.Tappable          = (*AppTile)(nil)
	_ fyne.SecondaryTappable = (*AppTile)(nil)
	_ desktop.Hoverable      = (*AppTile)(nil)
	_ desktop.Cursorable     = (*AppTile)(nil)
)

// NewAppTile makes an empty tile.
func (h *Host) NewAppTile(open func()) *AppTile {
	t := &AppTile{
		Open: open, host: h, tile: theme.NewTile(52),
		title: &widget.Label{Alignment: fyne.TextAlignCenter, Wrapping: fyne.TextWrapWord, Truncation: fyne.TextTruncateEllipsis},
		pin:   canvas.NewCircle(nil), hover: canvas.NewRectangle(nil),
	}
	t.hover.CornerRadius = 10
	t.hover.Hide()
	t.pin.Hide()
	t.ExtendBaseWidget(t)
	return t
}

// Set shows an app: in the same tile another time it may be another app.
func (t *AppTile) Set(id, title, sha string, pinned bool) {
	t.id, t.sha = id, sha
	t.title.SetText(title)
	t.pin.Hidden = !pinned
	t.tile.Show(nil, title, id)
	if sha == "" {
		return
	}
	t.host.icon(sha, func(picture image.Image) {
		if t.id == id && t.sha == sha {
			t.tile.Show(picture, title, id)
		}
	})
}

// ID is the app that is shown.
func (t *AppTile) ID() string { return t.id }

// Title is what the app that is shown is called.
func (t *AppTile) Title() string { return t.title.Text }

// Tapped implements fyne.Tappable.
func (t *AppTile) Tapped(*fyne.PointEvent) {
	if t.Open != nil {
		t.Open()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (t *AppTile) TappedSecondary(e *fyne.PointEvent) {
	if t.Menu != nil {
		t.Menu(e.AbsolutePosition)
	}
}

// MouseIn implements desktop.Hoverable.
func (t *AppTile) MouseIn(*desktop.MouseEvent) { t.hover.Show() }

// MouseMoved implements desktop.Hoverable.
func (t *AppTile) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (t *AppTile) MouseOut() { t.hover.Hide() }

// Cursor implements desktop.Cursorable.
func (t *AppTile) Cursor() desktop.Cursor { return desktop.PointerCursor }

// MinSize implements fyne.Widget; all tiles are alike.
func (t *AppTile) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	return tileSize
}

// CreateRenderer implements fyne.Widget.
func (t *AppTile) CreateRenderer() fyne.WidgetRenderer {
	pin := container.New(layout.NewGridWrapLayout(fyne.NewSquareSize(8)), t.pin)
	face := container.New(faceLayout{}, t.tile.Container, t.title)
	corner := container.NewBorder(container.NewPadded(container.NewHBox(layout.NewSpacer(), pin)), nil, nil, nil)
	r := &appTileRenderer{tile: t, WidgetRenderer: widget.NewSimpleRenderer(container.NewStack(t.hover, face, corner))}
	r.colour()
	return r
}

// faceLayout puts the picture above and the title under it, at the same height in all
// tiles, with what is left for it.
type faceLayout struct{}

// Layout implements fyne.Layout.
func (faceLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	picture, title := objects[0], objects[1]
	side := picture.MinSize()
	picture.Resize(side)
	picture.Move(fyne.NewPos((size.Width-side.Width)/2, faceTop))
	title.Resize(fyne.NewSize(size.Width, size.Height-faceTop-side.Height))
	title.Move(fyne.NewPos(0, faceTop+side.Height))
}

// MinSize implements fyne.Layout; the tile has a size of its own.
func (faceLayout) MinSize([]fyne.CanvasObject) fyne.Size { return tileSize }

const faceTop = 6 // above the picture

type appTileRenderer struct {
	fyne.WidgetRenderer
	tile *AppTile
}

// Refresh takes the colours that hold now.
func (r *appTileRenderer) Refresh() {
	r.colour()
	r.WidgetRenderer.Refresh()
}

func (r *appTileRenderer) colour() {
	look, v := r.tile.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	r.tile.hover.FillColor = look.Color(fynetheme.ColorNameHover, v)
	r.tile.pin.FillColor = look.Color(fynetheme.ColorNamePrimary, v)
}
