package settings_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/settings"
	"lanyard/app/window/windowtest"
	"lanyard/auth"
)

func open(t *testing.T, locked ...string) *windowtest.Desk {
	t.Helper()
	d := windowtest.Open(t, "", local.State{}, func(h *window.Host) window.Screen { return settings.New(h) })
	d.Agent.Set(func(_ *local.AppList, s *local.Settings, _ *[]byte) {
		s.Browser, s.Locked = "firefox", locked
	})
	// The screen comes to the front again, with what holds now.
	d.Frame.Hear(local.Event{Window: "apps"})
	d.Frame.Hear(local.Event{Window: "this"})
	d.Show(local.State{Version: "0.0.9", Current: "p1", ManagedBy: "Acme IT", Profiles: []local.Profile{
		{ID: "p1", Enterprise: auth.Enterprise{ID: "e1", Code: "acme", Name: auth.Text{"en": "Acme"}}, Identity: auth.Identity{Name: "张三"}, Phase: local.SignedIn},
		{ID: "p2", Enterprise: auth.Enterprise{ID: "e2", Code: "beta"}, Phase: local.SignedOut},
	}})
	d.Agent.Calls()
	return d
}

func find[T fyne.CanvasObject](t *testing.T, d *windowtest.Desk) T {
	t.Helper()
	var found T
	ok := false
	d.Walk(func(o fyne.CanvasObject) {
		if w, is := o.(T); is {
			found, ok = w, true
		}
	})
	if !ok {
		t.Fatalf("no %T", found)
	}
	return found
}

func asked(t *testing.T, d *windowtest.Desk, want ...string) {
	t.Helper()
	if got := d.Agent.Calls(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func TestAccounts(t *testing.T) {
	d := open(t)
	all := strings.Join(d.Texts(), "\n")
	for _, want := range []string{"Acme · 张三", "Signed in", "beta", "Signed out", "Lanyard 0.1.0 (running: 0.0.9)"} {
		if !strings.Contains(all, want) {
			t.Errorf("the screen does not say %q:\n%s", want, all)
		}
	}
	d.Press(t, "Sign out")
	d.Press(t, "Use")
	d.Press(t, "Remove")
	asked(t, d, "sign-out p1", "select p2", "forget p2")
	d.Agent.Fail(&local.Problem{Code: auth.Offline})
	d.Press(t, "Sign out")
	if all := strings.Join(d.Texts(), "\n"); !strings.Contains(all, "There is no network") {
		t.Errorf("a failure is not told:\n%s", all)
	}
}

func TestChoices(t *testing.T) {
	d := open(t)
	asked(t, d) // showing them changes nothing
	test.Tap(find[*widget.Check](t, d))
	asked(t, d, `set language="" autostart=true browser="firefox"`)
	entry := find[*widget.Entry](t, d)
	entry.SetText("chromium --incognito")
	asked(t, d)
	entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	asked(t, d, `set language="" autostart=true browser="chromium --incognito"`)
	find[*widget.Select](t, d).SetSelected("中文")
	if got := d.Agent.Calls(); len(got) == 0 || got[0] != `set language="zh" autostart=true browser="chromium --incognito"` {
		t.Errorf("asked %q", got)
	}
	if all := strings.Join(d.Texts(), "\n"); !strings.Contains(all, "本机") {
		t.Errorf("the window still speaks English:\n%s", all)
	}
}

func TestLocked(t *testing.T) {
	d := open(t, "autostart", "language")
	if !find[*widget.Check](t, d).Disabled() || !find[*widget.Select](t, d).Disabled() || find[*widget.Entry](t, d).Disabled() {
		t.Error("what is locked can be changed, or what is not cannot")
	}
	if n := strings.Count(strings.Join(d.Texts(), "\n"), "Set by Acme IT"); n != 2 {
		t.Errorf("%d choices say who set them, want 2", n)
	}
}
