package theme

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Title is the one line that says what a screen is about.
func Title(text string) *widget.Label {
	l := centred(text)
	l.SizeName, l.TextStyle.Bold = fynetheme.SizeNameHeadingText, true
	return l
}

// Body is a sentence.
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
