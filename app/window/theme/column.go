package theme

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Column puts objects under each other at a readable width, in the middle of the room
// that there is. Unlike Fyne's own box it asks a wrapped text for its height after
// giving it its width, so the first look is the right one.
type Column struct {
	Width float32
	Gap   float32
	// Top keeps the column at the upper edge; else it stands a little above the middle.
	Top bool
}

// Layout implements fyne.Layout.
func (c Column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(c.Width, size.Width)
	height := c.fit(objects, width)
	y := float32(0)
	if !c.Top {
		y = max(0, (size.Height-height)*0.42)
	}
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		o.Move(fyne.NewPos((size.Width-width)/2, y))
		y += o.Size().Height + c.Gap
	}
}

// MinSize implements fyne.Layout.
func (c Column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := float32(0)
	for _, o := range objects {
		if o.Visible() {
			width = max(width, o.MinSize().Width)
		}
	}
	return fyne.NewSize(min(width, c.Width), c.fit(objects, c.Width))
}

// fit gives each object its width and the height that follows, and returns the whole
// height.
func (c Column) fit(objects []fyne.CanvasObject, width float32) (height float32) {
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		o.Resize(fyne.NewSize(width, o.MinSize().Height))
		need := o.MinSize().Height
		o.Resize(fyne.NewSize(width, need))
		if height > 0 {
			height += c.Gap
		}
		height += need
	}
	return height
}

// Page is a column that scrolls where the window is too small for it.
func Page(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVScroll(container.NewPadded(container.New(Column{Width: 400, Gap: 6}, objects...)))
}

// Title is the one line that says what a screen is about.
func Title(text string) *widget.Label {
	l := centred(text)
	l.SizeName, l.TextStyle.Bold = fynetheme.SizeNameHeadingText, true
	return l
}

// Body is a sentence, Soft one that explains, and Small one that most people skip.
func Body(text string) *widget.Label { return centred(text) }

// Soft is a sentence that explains.
func Soft(text string) *widget.Label {
	l := centred(text)
	l.Importance = widget.LowImportance
	return l
}

// Small is a note that most people skip.
func Small(text string) *widget.Label {
	l := Soft(text)
	l.SizeName = fynetheme.SizeNameCaptionText
	return l
}

// Strong is the fact that a screen is there to show, such as the host that will open.
func Strong(text string) *widget.Label {
	l := centred(text)
	l.SizeName, l.TextStyle.Bold = fynetheme.SizeNameSubHeadingText, true
	return l
}

// Alarm is a sentence about what is wrong.
func Alarm(text string) *widget.Label {
	l := centred(text)
	l.Importance = widget.DangerImportance
	return l
}

func centred(text string) *widget.Label {
	return &widget.Label{Text: text, Alignment: fyne.TextAlignCenter, Wrapping: fyne.TextWrapWord}
}

// Card puts a ground under content that sets it off from the window.
func Card(content fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(newGround(), container.NewPadded(content))
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

// Row puts buttons beside each other, in the middle.
func Row(buttons ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewPadded(container.NewCenter(container.NewHBox(buttons...)))
}
