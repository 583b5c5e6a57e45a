package window_test

import (
	"testing"

	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"lanyard/app/window"
)

// TestRing shows where the keyboard is, on a main button too.
func TestRing(t *testing.T) {
	test.NewTempApp(t)
	b := window.NewMainButton("Continue", nil)
	w := test.NewTempWindow(t, b)
	ring := func() bool {
		objects := test.WidgetRenderer(b).Objects()
		r, ok := objects[len(objects)-1].(*canvas.Rectangle)
		return ok && r.StrokeWidth > 0 && r.Visible() && r.Size() == b.Size()
	}
	if ring() {
		t.Error("a ring without the keyboard")
	}
	w.Canvas().Focus(b)
	if !ring() {
		t.Error("no ring with the keyboard")
	}
	w.Canvas().Unfocus()
	if ring() {
		t.Error("a ring is left")
	}
}
