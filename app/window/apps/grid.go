package apps

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/window"
)

// grid shows the apps; only those in sight have widgets. Arrow keys walk through it and
// Enter opens.
type grid struct {
	widget.GridWrap
	screen *Screen
}

func newGrid(s *Screen) *grid {
	g := &grid{screen: s}
	g.Length = func() int { return len(s.shown) }
	g.CreateItem = func() fyne.CanvasObject { return s.h.NewAppTile(nil) }
	g.UpdateItem = func(i widget.GridWrapItemID, o fyne.CanvasObject) {
		tile, ok := o.(*window.AppTile)
		if !ok || i >= len(s.shown) {
			return
		}
		e := s.shown[i]
		tile.Set(e.id, e.title, e.icon, e.pinned)
		tile.Open = func() { s.open(e); s.Focus() } // the click has taken the keyboard away
		tile.Menu = func(at fyne.Position) { s.menu(e, at) }
	}
	g.OnSelected = func(i widget.GridWrapItemID) {
		g.UnselectAll()
		if i < len(s.shown) {
			s.open(s.shown[i])
		}
	}
	g.ExtendBaseWidget(g)
	return g
}

// TypedKey implements fyne.Focusable.
func (g *grid) TypedKey(key *fyne.KeyEvent) {
	if window.IsEnter(key) {
		key = &fyne.KeyEvent{Name: fyne.KeySpace} // which selects
	}
	g.GridWrap.TypedKey(key)
}

// TypedRune implements fyne.Focusable: whoever types wants to search.
func (g *grid) TypedRune(r rune) {
	if r != ' ' {
		g.screen.Focus()
		g.screen.search.TypedRune(r)
	}
}

// menu is what else can be done with an app.
func (s *Screen) menu(e entry, at fyne.Position) {
	pin := s.h.T("apps.pin")
	if e.pinned {
		pin = s.h.T("apps.unpin")
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("",
		fyne.NewMenuItem(s.h.T("apps.open"), func() { s.open(e) }),
		fyne.NewMenuItem(pin, func() { s.pin(e) }),
	), s.h.Window.Canvas(), at)
}

// searchEntry is the field that filters; the arrow down goes from it into the grid.
type searchEntry struct {
	widget.Entry
	screen *Screen
}

func newSearchEntry(s *Screen) *searchEntry {
	e := &searchEntry{screen: s}
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey implements fyne.Focusable.
func (e *searchEntry) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyDown:
		e.screen.h.Window.Canvas().Focus(e.screen.grid)
	case fyne.KeyEscape:
		e.SetText("")
	default:
		e.Entry.TypedKey(key)
	}
}
