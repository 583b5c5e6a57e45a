package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Button is a button that Enter presses, too, when it has the keyboard: every screen
// works without a mouse.
type Button struct {
	widget.Button
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
