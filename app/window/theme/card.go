package theme

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Card puts a ground under content that sets it off from the window.
func Card(content fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(newGround(), container.NewPadded(container.NewPadded(content)))
}

// ground is a rectangle that follows the theme.
type ground struct {
	widget.BaseWidget
	rect *canvas.Rectangle
}

func newGround() *ground {
	g := &ground{rect: canvas.NewRectangle(nil)}
	g.rect.CornerRadius = 10
	g.rect.StrokeWidth = 1
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer implements fyne.Widget.
func (g *ground) CreateRenderer() fyne.WidgetRenderer {
	return &groundRenderer{WidgetRenderer: widget.NewSimpleRenderer(g.rect), ground: g}
}

type groundRenderer struct {
	fyne.WidgetRenderer
	ground *ground
}

// Refresh takes the colours that hold now.
func (r *groundRenderer) Refresh() {
	v := fyne.CurrentApp().Settings().ThemeVariant()
	r.ground.rect.FillColor = r.ground.Theme().Color(ColorCard, v)
	r.ground.rect.StrokeColor = r.ground.Theme().Color(fynetheme.ColorNameSeparator, v)
	r.ground.rect.Refresh()
}

// Layout implements fyne.WidgetRenderer; the first one gives the colours, too.
func (r *groundRenderer) Layout(size fyne.Size) {
	r.Refresh()
	r.WidgetRenderer.Layout(size)
}
