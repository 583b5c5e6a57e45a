package window

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Button is a button that Enter presses, too, when it has the keyboard: every screen
// works without a mouse. A ring tells where the keyboard is; Fyne's own tint is not seen
// on a main button, which has its colour.
type Button struct {
	widget.Button
	focused bool
}

// NewButton makes a button.
func NewButton(text string, tapped func()) *Button {
	b := &Button{}
	b.Text, b.OnTapped = text, tapped
	b.ExtendBaseWidget(b)
	return b
}

// NewMainButton makes the button that Enter stands for on its screen.
func NewMainButton(text string, tapped func()) *Button {
	b := NewButton(text, tapped)
	b.Importance = widget.HighImportance
	return b
}

// NewQuietButton makes a button for what few people need.
func NewQuietButton(text string, tapped func()) *Button {
	b := NewButton(text, tapped)
	b.Importance = widget.LowImportance
	return b
}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(key *fyne.KeyEvent) {
	if IsEnter(key) && !b.Disabled() {
		b.Tapped(nil)
		return
	}
	b.Button.TypedKey(key)
}

// IsEnter reports whether key is one of the two Enter keys.
func IsEnter(key *fyne.KeyEvent) bool {
	return key.Name == fyne.KeyReturn || key.Name == fyne.KeyEnter
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() {
	b.focused = true
	b.Button.FocusGained()
}

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() {
	b.focused = false
	b.Button.FocusLost()
}

// Ringed reports whether the button shows that it has the keyboard.
func (b *Button) Ringed() bool { return b.focused && !b.Disabled() }

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{WidgetRenderer: b.Button.CreateRenderer(), button: b, ring: canvas.NewRectangle(color.Transparent)}
	r.ring.StrokeWidth = 2
	r.Refresh()
	return r
}

type buttonRenderer struct {
	fyne.WidgetRenderer
	button *Button
	ring   *canvas.Rectangle
}

// Objects implements fyne.WidgetRenderer.
func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return append(r.WidgetRenderer.Objects(), r.ring)
}

// Layout implements fyne.WidgetRenderer.
func (r *buttonRenderer) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.ring.Resize(size)
}

// Refresh takes the colours that hold now.
func (r *buttonRenderer) Refresh() {
	look, v := r.button.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	r.ring.CornerRadius = look.Size(fynetheme.SizeNameInputRadius)
	r.ring.StrokeColor = look.Color(fynetheme.ColorNameForeground, v)
	r.ring.Hidden = !r.button.Ringed()
	r.ring.Refresh()
	r.WidgetRenderer.Refresh()
}
