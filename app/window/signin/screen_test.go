package signin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/signin"
	"lanyard/app/window/windowtest"
	"lanyard/auth"
)

var acme = auth.Enterprise{
	ID: "e-acme", Code: "acme", Name: auth.Text{"en": "Acme", "zh": "Acme 科技"},
	Help: auth.Help{Name: "Acme IT", Phone: "4008"},
}

func open(t *testing.T, lang string, s local.State) *windowtest.Desk {
	t.Helper()
	return windowtest.Open(t, lang, s, func(h *window.Host) window.Screen { return signin.New(h) })
}

func attempt(step local.Step, change func(*local.Attempt)) local.State {
	e := acme
	a := &local.Attempt{ID: "attempt-1", Step: step, Enterprise: &e, Host: "sso.acme.com", Reference: "4829-1375"}
	if change != nil {
		change(a)
	}
	return local.State{Attempt: a}
}

func says(t *testing.T, d *windowtest.Desk, want ...string) {
	t.Helper()
	all := strings.Join(d.Texts(), "\n")
	for _, w := range want {
		if !strings.Contains(all, w) {
			t.Errorf("the screen does not say %q:\n%s", w, all)
		}
	}
}

func asked(t *testing.T, d *windowtest.Desk, want ...string) {
	t.Helper()
	if got := d.Agent.Calls(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// TestWholeRoad goes from the code to the apps with the keyboard alone.
func TestWholeRoad(t *testing.T) {
	d := open(t, "", local.State{})
	says(t, d, "Sign in to your company", "No code?")
	d.Type("acme")
	d.Key(fyne.KeyReturn)
	asked(t, d, `sign-in "acme" profile="" open=true switch=false`)
	d.Show(attempt(local.StepResolving, func(a *local.Attempt) { a.Enterprise = nil }))
	says(t, d, "Looking for your company", "[Cancel]")

	d.Show(attempt(local.StepConfirm, func(a *local.Attempt) { a.Via, a.Unconfirmed = "login.work.weixin.qq.com", "acme.com" }))
	says(t, d, "Acme", "sso.acme.com", "then, says Acme: login.work.weixin.qq.com", "Not confirmed by acme.com.", "Stop and ask IT")
	d.Key(fyne.KeyReturn) // the second half of a double press, which has read nothing
	asked(t, d)
	d.Pass(time.Second)
	d.Key(fyne.KeyReturn)
	asked(t, d, "confirm attempt-1 sso.acme.com")

	d.Show(attempt(local.StepWaiting, func(a *local.Attempt) { a.URL = "https://sso.acme.com/authorize" }))
	says(t, d, "Finish in your browser.")
	d.Press(t, "Copy link")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "https://sso.acme.com/authorize" {
		t.Errorf("copied %q", got)
	}
	d.Press(t, "Open again")
	asked(t, d, "reopen attempt-1")
	if slices.ContainsFunc(d.Texts(), func(s string) bool { return strings.Contains(s, "Stuck?") }) {
		t.Error("help is offered at once")
	}
	d.Pass(time.Minute)
	says(t, d, "Stuck? Ask IT: Acme IT · 4008 · Reference 4829-1375")

	d.Show(attempt(local.StepFinishing, nil))
	says(t, d, "Signing you in")
	end := attempt(local.StepDone, func(a *local.Attempt) { a.Profile = "p1" })
	end.Current, end.MemoryOnly = "p1", true
	end.Profiles = []local.Profile{{
		ID: "p1", Enterprise: acme, Identity: auth.Identity{Name: "张三"}, Phase: local.SignedIn, AppsAll: 1,
		Apps: []local.AppEntry{{App: auth.App{ID: "notes", Title: auth.Text{"en": "Notes"}}}},
	}}
	d.Show(end)
	says(t, d, "You're signed in, 张三.", "until you restart", "Notes")
	test.Tap(d.Tiles()[0])
	asked(t, d, "launch p1/notes")
	d.Key(fyne.KeyReturn)
	if !slices.Equal(d.Went, []string{"apps"}) {
		t.Errorf("went to %q", d.Went)
	}
}

// TestShared ticks the card for a computer that others use too.
func TestShared(t *testing.T) {
	d := open(t, "", attempt(local.StepConfirm, nil))
	shared := d.Check(t, "Shared computer: don't keep me signed in")
	if shared.Checked {
		t.Error("ticked from the start")
	}
	test.Tap(shared)
	says(t, d, "closing Lanyard signs you out too")
	d.Pass(time.Second)
	d.Press(t, "Open sign-in page")
	asked(t, d, "confirm attempt-1 sso.acme.com shared")
	end := attempt(local.StepDone, func(a *local.Attempt) { a.Profile = "p1" })
	end.Current, end.MemoryOnly = "p1", true
	end.Profiles = []local.Profile{{ID: "p1", Enterprise: acme, Identity: auth.Identity{Name: "张三"}, Phase: local.SignedIn, Shared: true}}
	d.Show(end)
	says(t, d, "nothing of it is kept on this computer")

	// The next person begins with an empty box.
	d.Show(attempt(local.StepConfirm, func(a *local.Attempt) { a.ID = "attempt-2" }))
	if d.Check(t, "Shared computer: don't keep me signed in").Checked {
		t.Error("still ticked for the next person")
	}
}

// TestPhone finishes on the phone, where the company offers that.
func TestPhone(t *testing.T) {
	waiting := func(change func(*local.Attempt)) local.State {
		return attempt(local.StepWaiting, func(a *local.Attempt) { a.URL = "https://sso.acme.com/authorize"; change(a) })
	}
	d := open(t, "", waiting(func(*local.Attempt) {}))
	if slices.Contains(d.Texts(), "[Use my phone]") {
		t.Error("offered where the company does not")
	}
	d.Show(waiting(func(a *local.Attempt) { a.DeviceOffered = true }))
	d.Agent.Fail(auth.Fail(auth.ProviderUnreachable, auth.Args{"host": "sso.acme.com"}, nil))
	d.Press(t, "Use my phone")
	says(t, d, "Can't reach sso.acme.com")
	d.Agent.Fail(nil)
	d.Press(t, "Use my phone")
	asked(t, d, "device attempt-1", "device attempt-1")
	d.Show(waiting(func(a *local.Attempt) {
		a.DeviceOffered, a.Device = true, &local.Device{
			UserCode: "WDJB-MJHT", URL: "https://login.acme.com/device", Number: "47", Complete: scanned,
		}
	}))
	says(t, d, "Finish on your phone.", "Scan this with your phone", "https://login.acme.com/device", "WDJB-MJHT", "Only this screen shows it", "47", "The browser on this computer works too.", "[Cancel]")
	d.Press(t, "Copy address")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "https://login.acme.com/device" {
		t.Errorf("copied %q", got)
	}
	d.Pass(time.Minute)
	says(t, d, "Stuck? Ask IT")
	d.Show(waiting(func(a *local.Attempt) { // of a provider that knows no numbers
		a.DeviceOffered, a.Device = true, &local.Device{UserCode: "ABCD", URL: "https://idp.example/device"}
	}))
	if all := strings.Join(d.Texts(), "\n"); strings.Contains(all, "type this number") {
		t.Errorf("it asks for a number that there is none of:\n%s", all)
	}
	d.Show(waiting(func(a *local.Attempt) { a.DeviceOffered = true })) // the code has expired
	says(t, d, "Finish in your browser.", "[Use my phone]")
}

// TestCodeFaults stays at the code and keeps it.
func TestCodeFaults(t *testing.T) {
	d := open(t, "zh", local.State{})
	d.Type("acmee")
	d.Key(fyne.KeyReturn)
	d.Agent.Calls()
	d.Show(attempt(local.StepResolving, nil))
	d.Show(attempt(local.StepFailed, func(a *local.Attempt) {
		a.Problem = &local.Problem{Code: auth.CodeUnknown, Args: auth.Args{"code": "acmee", "suggestion": "acme"}}
	}))
	says(t, d, "没有找到“acmee”，是不是 acme？")
	d.Press(t, "使用 acme")
	asked(t, d, `sign-in "acme" profile="" open=true switch=false`)

	d = open(t, "", local.State{})
	d.Agent.Fail(&local.Problem{Code: auth.CodeEmpty})
	d.Key(fyne.KeyReturn)
	says(t, d, "There is no company code yet.")
	d.Agent.Fail(nil)
	d.Agent.Calls()
	d.Type("acme")
	d.Key(fyne.KeyReturn)
	asked(t, d, `sign-in "acme" profile="" open=true switch=false`)
}

// TestPasteWholeMessage hands on what was pasted as it is: what is in it, the agent finds.
func TestPasteWholeMessage(t *testing.T) {
	d := open(t, "", local.State{})
	fyne.CurrentApp().Clipboard().SetContent("Welcome!\nYour code: login.acme.com/acme")
	paste := &fyne.ShortcutPaste{Clipboard: fyne.CurrentApp().Clipboard()}
	focused, ok := d.Frame.Window.Canvas().Focused().(fyne.Shortcutable)
	if !ok {
		t.Fatal("the code field does not have the keyboard")
	}
	focused.TypedShortcut(paste)
	d.Key(fyne.KeyReturn)
	asked(t, d, `sign-in "Welcome! Your code: login.acme.com/acme" profile="" open=true switch=false`)
}

// TestFailures offers what can help, and nothing else.
func TestFailures(t *testing.T) {
	end := func(code auth.Fault, profile string) local.State {
		return attempt(local.StepFailed, func(a *local.Attempt) {
			a.Profile, a.Problem = profile, &local.Problem{Code: code, Args: auth.Args{"name": "李四 (Beta)", "company": "Acme"}}
		})
	}
	d := open(t, "", attempt(local.StepFinishing, nil))
	d.Show(end(auth.SignInWrongCompany, "p1"))
	says(t, d, "You signed in as 李四 (Beta); this code is for Acme.", "Reference 4829-1375")
	d.Press(t, "Switch account")
	asked(t, d, `sign-in "" profile="p1" open=true switch=true`)

	d = open(t, "", attempt(local.StepFinishing, nil))
	d.Show(end(auth.ProviderUnreachable, "p1"))
	d.Key(fyne.KeyReturn)
	asked(t, d, `sign-in "" profile="p1" open=true switch=false`)

	d = open(t, "", attempt(local.StepFinishing, nil)) // begun elsewhere: its code is not known here
	d.Show(end(auth.ProviderUnreachable, ""))
	d.Key(fyne.KeyReturn)
	asked(t, d)
	says(t, d, "Sign in to your company")

	d = open(t, "", attempt(local.StepConfirm, nil))
	d.Key(fyne.KeyEscape)
	asked(t, d, "cancel attempt-1")
	d.Show(end(auth.SignInCanceled, ""))
	says(t, d, "Sign in to your company")
}

// TestConfirmFails lets the person read why, and says yes to nothing.
func TestConfirmFails(t *testing.T) {
	d := open(t, "", attempt(local.StepConfirm, nil))
	d.Pass(time.Second)
	d.Agent.Fail(&local.Problem{Code: auth.ConfirmationMismatch})
	d.Key(fyne.KeyReturn)
	says(t, d, "The page to be opened is not the one you agreed to.")
}

// TestKnownAccounts starts from what is known here.
func TestKnownAccounts(t *testing.T) {
	profile := func(phase local.Phase) local.State {
		return local.State{Current: "p1", Profiles: []local.Profile{{ID: "p1", Enterprise: acme, Identity: auth.Identity{Name: "张三"}, Phase: phase}}}
	}
	d := open(t, "", profile(local.NeedsYou))
	says(t, d, "Sign in to Acme", "as 张三")
	d.Key(fyne.KeyReturn)
	asked(t, d, `sign-in "" profile="p1" open=true switch=false`)
	d.Press(t, "Use another company code")
	says(t, d, "Sign in to your company")

	d = open(t, "", local.State{ManagedBy: "Acme IT"})
	says(t, d, "Welcome.", "Set up by Acme IT")
	d.Key(fyne.KeyReturn)
	asked(t, d, `sign-in "" profile="" open=true switch=false`)

	d = open(t, "", profile(local.WaitingForKeyring))
	says(t, d, "Unlock your password store")
	d.Agent.Fail(errors.New("not asked"))
	d.Key(fyne.KeyReturn)
	asked(t, d)
}

// TestNoMarkup shows what a company sends as it is: nothing in it is an instruction.
func TestNoMarkup(t *testing.T) {
	evil := auth.Enterprise{ID: "e", Code: "acme", Name: auth.Text{"en": "# A\u202ecme\n[link](https://evil.example) **bold**"}, Logo: "https://evil.example/pixel.png"}
	d := open(t, "", attempt(local.StepConfirm, func(a *local.Attempt) { a.Enterprise = &evil }))
	says(t, d, "# Acme [link](https://evil.example) **bold**")
	asked(t, d)
}
