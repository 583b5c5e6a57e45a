package apps_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/apps"
	"lanyard/app/window/windowtest"
	"lanyard/auth"
)

func state(phase local.Phase, all int) local.State {
	return local.State{Current: "p1", Profiles: []local.Profile{{
		ID: "p1", Enterprise: auth.Enterprise{ID: "e", Code: "acme", Name: auth.Text{"en": "Acme"}},
		Identity: auth.Identity{Name: "张三"}, Phase: phase, AppsAll: all,
	}}}
}

func list(n int) []local.AppEntry {
	entries := []local.AppEntry{
		{App: auth.App{ID: "notes", Title: auth.Text{"en": "Notes", "zh": "笔记"}}},
		{App: auth.App{ID: "handbook", Title: auth.Text{"en": "Staff handbook", "zh": "员工手册"}}},
		{App: auth.App{ID: "mail", Title: auth.Text{"en": "Mail"}}, Pinned: true},
	}
	for i := len(entries); i < n; i++ {
		entries = append(entries, local.AppEntry{App: auth.App{ID: fmt.Sprint("app-", i), Title: auth.Text{"en": fmt.Sprint("App ", i)}}})
	}
	return entries[:n]
}

// open shows the screen of somebody with n apps.
func open(t *testing.T, lang string, n int) *windowtest.Desk {
	t.Helper()
	d := windowtest.Open(t, lang, local.State{}, func(h *window.Host) window.Screen { return apps.New(h) })
	d.Agent.Set(func(apps *local.AppList, _ *local.Settings, _ *[]byte) { apps.Apps = list(n) })
	d.Show(state(local.SignedIn, n))
	return d
}

func titles(d *windowtest.Desk) []string {
	var all []string
	for _, tile := range d.Tiles() {
		all = append(all, tile.Title())
	}
	return all
}

func says(t *testing.T, d *windowtest.Desk, want string) {
	t.Helper()
	if all := strings.Join(d.Texts(), "\n"); !strings.Contains(all, want) {
		t.Errorf("the screen does not say %q:\n%s", want, all)
	}
}

func asked(t *testing.T, d *windowtest.Desk, want ...string) {
	t.Helper()
	if got := d.Agent.Calls(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// TestSearch filters while one types and opens the first by Enter.
func TestSearch(t *testing.T) {
	for _, row := range []struct {
		lang, typed string
		want        []string
		opens       string
	}{
		{"", "", []string{"Mail", "Notes", "Staff handbook"}, ""},
		{"", "no", []string{"Notes"}, "notes"},
		{"", "HAND staff", []string{"Staff handbook"}, "handbook"},
		{"", "笔", []string{"Notes"}, "notes"},
		{"zh", "ｍａｉｌ", []string{"Mail"}, "mail"},
		{"zh", "手册", []string{"员工手册"}, "handbook"},
		{"", "a", []string{"Mail", "Staff handbook"}, "mail"},
		{"", "nothing like it", nil, ""},
	} {
		d := open(t, row.lang, 3)
		d.Agent.Calls()
		d.Type(row.typed)
		if got := titles(d); !slices.Equal(got, row.want) {
			t.Errorf("%q shows %q, want %q", row.typed, got, row.want)
		}
		d.Key(fyne.KeyReturn)
		if row.opens == "" {
			asked(t, d)
		} else {
			asked(t, d, "launch p1/"+row.opens)
		}
		if row.typed != "" && row.want == nil {
			says(t, d, "No app is called “nothing like it”.")
		}
	}
}

// TestOpen opens by a click and by the keyboard alone, and says what became of it.
func TestOpen(t *testing.T) {
	d := open(t, "", 3)
	d.Agent.Calls()
	test.Tap(d.Tiles()[1])
	asked(t, d, "launch p1/notes")
	says(t, d, "Notes opens in your browser.")
	d.Key(fyne.KeyDown)  // into the grid
	d.Key(fyne.KeyRight) // to the second
	d.Key(fyne.KeyReturn)
	asked(t, d, "launch p1/notes")
	d.Type("st") // and back to the search
	if got := titles(d); !slices.Equal(got, []string{"Staff handbook"}) {
		t.Errorf("typing in the grid shows %q", got)
	}

	d.Agent.Fail(&local.Problem{Code: auth.AppNotLaunched, Args: auth.Args{"app": "Notes"}})
	test.Tap(d.Tiles()[0])
	says(t, d, "“Notes” could not be opened signed in.")
	d.Walk(func(o fyne.CanvasObject) {
		if l, ok := o.(*widget.Label); ok && strings.Contains(l.Text, "ask IT") && l.Truncation != fyne.TextTruncateOff {
			t.Errorf("%q may be cut off before it says whom to ask", l.Text)
		}
	})
	d.Agent.Fail(nil)
	d.Agent.SignInFirst("a1")
	test.Tap(d.Tiles()[0])
	if !slices.Equal(d.Went, []string{"sign-in"}) {
		t.Errorf("went to %q", d.Went)
	}
}

// TestPin asks the agent and then for the list.
func TestPin(t *testing.T) {
	d := open(t, "", 3)
	d.Agent.Calls()
	test.TapSecondary(d.Tiles()[0])
	menu := d.Frame.Window.Canvas().Overlays().Top()
	if menu == nil {
		t.Fatal("no menu")
	}
	test.TapCanvas(d.Frame.Window.Canvas(), fyne.NewPos(0, 0)) // away with it
	asked(t, d)
}

// TestAsksOnce asks for the list when it may have changed, and not at every State.
func TestAsksOnce(t *testing.T) {
	d := open(t, "", 3)
	asked(t, d, "apps p1")
	same := state(local.SignedIn, 3)
	same.Rev, same.Profiles[0].Refreshing = 7, true
	d.Show(same)
	asked(t, d)
	d.Show(state(local.SignedIn, 4))
	asked(t, d, "apps p1")
	d.Show(state(local.SignedOut, 0))
	asked(t, d)
	says(t, d, "You are signed out.")
	d.Press(t, "Sign in")
	if !slices.Equal(d.Went, []string{"sign-in"}) {
		t.Errorf("went to %q", d.Went)
	}
}

// TestSaysWhy says why the list may not be what it should, or is empty.
func TestSaysWhy(t *testing.T) {
	d := open(t, "", 3)
	offline := state(local.SignedIn, 3)
	offline.Offline = true
	d.Show(offline)
	says(t, d, "No network; apps will still try to open.")
	d.Show(state(local.NeedsYou, 3))
	says(t, d, "Acme asks you to sign in again.")
	d.Show(state(local.WaitingForKeyring, 3))
	says(t, d, "Unlock your password store to go on")
	d.Press(t, "Try again") // here: nobody has to sign in
	if len(d.Went) > 0 {
		t.Errorf("went to %q", d.Went)
	}
	d.Agent.Set(func(apps *local.AppList, _ *local.Settings, _ *[]byte) { apps.Stale = true })
	d.Show(state(local.SignedIn, 3))
	says(t, d, "this is the last known list")

	says(t, open(t, "", 0), "You have no apps yet.")
	none := open(t, "", 0)
	helped := state(local.SignedIn, 0)
	helped.Profiles[0].Enterprise.Help = auth.Help{Name: "Acme IT", Phone: "4008"}
	none.Show(helped)
	says(t, none, "ask IT: Acme IT · 4008.")
	failing := open(t, "", 0)
	failing.Agent.Fail(errors.New("boom"))
	failing.Show(state(local.SignedIn, 1))
	says(t, failing, "Lanyard ran into a problem of its own.")
}

// TestManyApps has widgets for what is in sight alone.
func TestManyApps(t *testing.T) {
	d := open(t, "", 200)
	if n := len(d.Tiles()); n < 10 || n > 60 {
		t.Errorf("%d tiles for 200 apps", n)
	}
}

// TestIcons shows PNG and JPEG, asks once for each, and falls back to the initial.
func TestIcons(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"png": picture.Bytes(), "svg": []byte("<svg/>"), "none": nil} {
		d := windowtest.Open(t, "", local.State{}, func(h *window.Host) window.Screen { return apps.New(h) })
		d.Agent.Set(func(apps *local.AppList, _ *local.Settings, icon *[]byte) {
			apps.Apps, *icon = list(2), data
			apps.Apps[0].Icon, apps.Apps[1].Icon = "f00", "f00"
		})
		d.Show(state(local.SignedIn, 2))
		d.Type("n")
		if got := d.Agent.Calls(); !slices.Equal(got, []string{"apps p1", "icon f00"}) {
			t.Errorf("%s: asked %q", name, got)
		}
	}
}

// TestReport asks after an opening, and tells the company once.
func TestReport(t *testing.T) {
	d := open(t, "", 3)
	d.Agent.Calls()
	s := state(local.SignedIn, 3)
	s.Profiles[0].Opened = &local.Opened{App: "notes", Title: auth.Text{"en": "Notes"}}
	d.Show(s)
	d.Press(t, "Notes asked you to sign in? Tell IT")
	if calls := d.Agent.Calls(); !slices.Contains(calls, "asked notes p1") {
		t.Errorf("asked %q", calls)
	}
	s.Profiles[0].Opened.Told = true
	d.Show(s)
	if b := d.Button(t, "Thank you, IT was told about Notes"); !b.Disabled() {
		t.Error("it can be told again")
	}
	s.Profiles[0].Opened, s.Profiles[0].ServerDown, s.Offline = nil, true, true
	d.Show(s)
	says(t, d, "Your company's server does not answer")
}

// TestLongTitle shows the end of a title, by which two apps may differ, on a second line.
func TestLongTitle(t *testing.T) {
	for _, title := range []string{"Warehouse planning east", "华东仓储计划系统"} {
		d := windowtest.Open(t, "", local.State{}, func(h *window.Host) window.Screen { return apps.New(h) })
		d.Agent.Set(func(apps *local.AppList, _ *local.Settings, _ *[]byte) {
			apps.Apps = []local.AppEntry{{App: auth.App{ID: "w", Title: auth.Text{"en": title}}}}
		})
		d.Show(state(local.SignedIn, 1))
		var lines []string
		d.Walk(func(o fyne.CanvasObject) {
			if l, ok := o.(*widget.Label); ok && l.Text == title {
				lines = rendered(l)
				test.WidgetRenderer(l).Layout(l.Size()) // as when it is drawn
				lines = rendered(l)
			}
		})
		if len(lines) != 2 || strings.ReplaceAll(strings.Join(lines, ""), " ", "") != strings.ReplaceAll(title, " ", "") {
			t.Errorf("%s is shown as %q", title, lines)
		}
	}
}

// rendered are the lines of text that are drawn for w.
func rendered(w fyne.Widget) (lines []string) {
	for _, o := range test.WidgetRenderer(w).Objects() {
		switch o := o.(type) {
		case *canvas.Text:
			lines = append(lines, o.Text)
		case fyne.Widget:
			lines = append(lines, rendered(o)...)
		}
	}
	return lines
}
