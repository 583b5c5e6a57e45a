package windowtest

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/fakeagent"
	"lanyard/app/window/theme"
)

// Desk is one screen in a window of Fyne's test driver, with an agent behind it.
type Desk struct {
	Agent *fakeagent.Agent
	Frame *window.Frame
	// Went are the other screens that were asked for.
	Went   []string
	timers []timer
}

type timer struct {
	after   time.Duration
	f       func()
	stopped *bool
}

// Open shows a screen; s is the State that it begins with.
func Open(t *testing.T, lang string, s local.State, screen func(*window.Host) window.Screen) *Desk {
	t.Helper()
	t.Setenv("LANG", "en_US.UTF-8") // Fyne complains of C
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New("light"))
	w := app.NewWindow("")
	w.Resize(fyne.NewSize(640, 600))
	w.Show()
	d := &Desk{Agent: &fakeagent.Agent{}}
	d.Agent.Push(s)
	d.Agent.Set(func(_ *local.AppList, settings *local.Settings, _ *[]byte) { settings.Language = lang })
	screens := map[string]func(*window.Host) window.Screen{"this": screen}
	for _, name := range []string{"sign-in", "apps", "settings"} {
		screens[name] = func(*window.Host) window.Screen { return other{d, name} }
	}
	d.Frame = &window.Frame{
		Window: w, Screens: screens, SystemLang: "en", Version: "0.1.0",
		Background: func(work func()) { work() },
		After: func(after time.Duration, f func()) func() {
			stopped := new(bool)
			d.timers = append(d.timers, timer{after, f, stopped})
			return func() { *stopped = true }
		},
	}
	d.Frame.Start(t.Context(), d.Agent, "this")
	d.Agent.Calls() // what the frame itself asked
	return d
}

// Show gives the window a State.
func (d *Desk) Show(s local.State) {
	d.Agent.Push(s)
	d.Frame.Hear(local.Event{State: &s})
}

// Pass lets every timer of at most that length run out.
func (d *Desk) Pass(limit time.Duration) {
	due := d.timers
	d.timers = nil
	for _, timer := range due {
		switch {
		case *timer.stopped:
		case timer.after <= limit:
			timer.f()
		default:
			d.timers = append(d.timers, timer)
		}
	}
}

// Key presses a key where the keyboard is.
func (d *Desk) Key(name fyne.KeyName) {
	c, key := d.Frame.Window.Canvas(), &fyne.KeyEvent{Name: name}
	if focused := c.Focused(); focused != nil {
		focused.TypedKey(key)
	} else if typed := c.OnTypedKey(); typed != nil {
		typed(key)
	}
}

// Type types text where the keyboard is.
func (d *Desk) Type(text string) {
	if focused := d.Frame.Window.Canvas().Focused(); focused != nil {
		test.Type(focused, text)
	}
}

// Texts are all the words in sight, from top to bottom.
func (d *Desk) Texts() []string {
	var texts []string
	d.Walk(func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Label:
			if o.Text != "" {
				texts = append(texts, o.Text)
			}
		case *window.Button:
			if o.Text != "" {
				texts = append(texts, "["+o.Text+"]")
			}
		}
	})
	return texts
}

// Check finds a box to tick by its text.
func (d *Desk) Check(t *testing.T, text string) *widget.Check {
	t.Helper()
	var found *widget.Check
	d.Walk(func(o fyne.CanvasObject) {
		if c, ok := o.(*widget.Check); ok && c.Text == text {
			found = c
		}
	})
	if found == nil {
		t.Fatalf("no box %q", text)
	}
	return found
}

// Button finds a button by its text.
func (d *Desk) Button(t *testing.T, text string) *window.Button {
	t.Helper()
	var found *window.Button
	d.Walk(func(o fyne.CanvasObject) {
		if b, ok := o.(*window.Button); ok && b.Text == text {
			found = b
		}
	})
	if found == nil {
		t.Fatalf("no button %q among %q", text, d.Texts())
	}
	return found
}

// Press taps a button.
func (d *Desk) Press(t *testing.T, text string) {
	t.Helper()
	test.Tap(d.Button(t, text))
}

// Tiles are the apps in sight.
func (d *Desk) Tiles() []*window.AppTile {
	var tiles []*window.AppTile
	d.Walk(func(o fyne.CanvasObject) {
		if tile, ok := o.(*window.AppTile); ok {
			tiles = append(tiles, tile)
		}
	})
	return tiles
}

// Walk visits everything in sight.
func (d *Desk) Walk(visit func(fyne.CanvasObject)) { walk(d.Frame.Window.Content(), visit) }

func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			walk(child, visit)
		}
	case *container.Scroll:
		walk(o.Content, visit)
	case fyne.Widget:
		if _, leaf := o.(*widget.Label); leaf {
			return
		}
		for _, child := range test.WidgetRenderer(o).Objects() {
			walk(child, visit)
		}
	}
}

// other stands for the screens that are not tested.
type other struct {
	desk *Desk
	name string
}

func (o other) Title() string              { return o.name }
func (o other) Content() fyne.CanvasObject { return container.NewWithoutLayout() }
func (o other) Show(local.State)           {}
func (o other) Focus()                     { o.desk.Went = append(o.desk.Went, o.name) }
func (o other) Key(*fyne.KeyEvent)         {}
func (o other) Hidden()                    {}
