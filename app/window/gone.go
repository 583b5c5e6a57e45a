package window

import (
	"fyne.io/fyne/v2"

	"lanyard/app/window/theme"
)

// goneContent is what the window says while there is no agent: nothing is lost, and
// there is nothing to do here.
func goneContent(h *Host, end func()) (title string, content fyne.CanvasObject) {
	return h.T("gone.title"), theme.Page(
		theme.Title(h.T("gone.title")),
		theme.Soft(h.T("gone.sentence")),
		theme.Row(NewMainButton(h.T("close"), end)),
	)
}
