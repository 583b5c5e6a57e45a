package settings

import (
	"context"
	"reflect"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/theme"
)

// Screen is the settings screen.
type Screen struct {
	h        *window.Host
	state    local.State
	settings local.Settings
	known    bool // the settings have come
	filling  bool // the widgets are being set, not a person's choice

	shown    []account
	content  fyne.CanvasObject
	accounts *fyne.Container
	language *widget.Select
	start    *widget.Check
	browser  *widget.Entry
	hints    map[string]*widget.Label // below each choice, by its name in Settings.Locked
	version  *widget.Label
	notice   *widget.Label
}

// New makes the screen.
func New(h *window.Host) *Screen {
	s := &Screen{h: h, accounts: container.NewVBox()}
	_, names := languages(h.T("settings.system"))
	s.language = widget.NewSelect(names, func(string) { s.save() })
	s.start = widget.NewCheck(h.T("settings.autostart"), func(bool) { s.save() })
	s.browser = widget.NewEntry()
	s.browser.SetPlaceHolder(h.T("settings.browser_system"))
	s.browser.OnSubmitted = func(string) { s.save() }
	s.hints = map[string]*widget.Label{}
	s.version = theme.Small("")
	s.notice = theme.Alarm("")
	s.notice.Hide()

	back := window.NewQuietButton("", func() { h.Go("apps") })
	back.SetIcon(fynetheme.NavigateBackIcon())
	form := container.NewVBox(
		section(h.T("settings.accounts")), s.accounts,
		container.NewHBox(window.NewButton(h.T("settings.add"), func() { h.Go("sign-in") })),
		section(h.T("settings.this_computer")),
		container.New(
			layout.NewFormLayout(),
			widget.NewLabel(h.T("settings.language")), s.choice("language", s.language),
			widget.NewLabel(h.T("settings.browser")), s.choice("browser", s.browser),
			widget.NewLabel(""), s.choice("autostart", s.start),
		),
		s.notice, s.version,
	)
	heading := widget.NewLabelWithStyle(h.T("settings.title"), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	heading.SizeName = fynetheme.SizeNameSubHeadingText
	s.content = container.NewPadded(container.NewPadded(container.NewBorder(
		container.NewBorder(nil, nil, back, nil, heading), nil, nil, nil,
		container.NewVScroll(container.New(theme.Column{Width: 520, Top: true}, form)),
	)))
	return s
}

func section(text string) fyne.CanvasObject {
	return widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
}

// choice is a widget with room for a hint below it.
func (s *Screen) choice(name string, w fyne.CanvasObject) fyne.CanvasObject {
	hint := &widget.Label{Importance: widget.LowImportance, SizeName: fynetheme.SizeNameCaptionText, Wrapping: fyne.TextWrapWord}
	hint.Hide()
	s.hints[name] = hint
	return container.NewVBox(w, hint)
}

// Title implements window.Screen.
func (s *Screen) Title() string { return s.h.T("settings.window") }

// Content implements window.Screen.
func (s *Screen) Content() fyne.CanvasObject { return s.content }

// Focus implements window.Screen.
func (s *Screen) Focus() { s.h.Window.Canvas().Unfocus() }

// Hidden implements window.Screen.
func (s *Screen) Hidden() { s.known = false }

// Key implements window.Screen.
func (s *Screen) Key(key *fyne.KeyEvent) {
	if key.Name == fyne.KeyEscape {
		s.h.Go("apps")
	}
}

// Show implements window.Screen.
func (s *Screen) Show(state local.State) {
	s.state = state
	if !s.known {
		s.known = true
		s.ask()
	}
	s.drawAccounts()
	s.drawLocks()
	agent := ""
	if state.Version != s.h.Version {
		agent = state.Version
	}
	s.version.SetText(s.h.T("settings.version", "version", s.h.Version, "agent", agent))
}

// ask gets the settings.
func (s *Screen) ask() {
	var now local.Settings
	s.h.Ask(func(ctx context.Context, svc local.Service) (err error) {
		now, err = svc.Settings(ctx)
		return err
	}, func(err error) { s.take(now, err) })
}

// save sends what the widgets say, if a person has changed them.
func (s *Screen) save() {
	if s.filling {
		return
	}
	want := s.settings
	codes, _ := languages("")
	want.Language = codes[max(0, s.language.SelectedIndex())]
	want.Autostart, want.Browser = s.start.Checked, s.browser.Text
	if reflect.DeepEqual(want, s.settings) {
		return
	}
	var now local.Settings
	s.h.Ask(func(ctx context.Context, svc local.Service) (err error) {
		now, err = svc.SetSettings(ctx, want)
		return err
	}, func(err error) { s.take(now, err) })
}

// take shows what holds now, or that it could not be changed.
func (s *Screen) take(now local.Settings, err error) {
	s.complain(err)
	if err == nil {
		s.settings = now
	}
	s.filling = true
	codes, _ := languages("")
	s.language.SetSelectedIndex(max(0, slices.Index(codes, s.settings.Language)))
	s.start.SetChecked(s.settings.Autostart)
	s.browser.SetText(s.settings.Browser)
	s.filling = false
	s.drawLocks()
	if err == nil {
		s.h.SetLang(s.settings.Language) // may make this screen anew: the last thing to do
	}
}

// drawLocks offers what the person may change, and says who has set the rest.
func (s *Screen) drawLocks() {
	for name, w := range map[string]fyne.Disableable{"language": s.language, "autostart": s.start, "browser": s.browser} {
		hint := ""
		if locked(s.settings, name) {
			hint = s.h.T("settings.locked", "who", window.Plain(s.state.ManagedBy))
			w.Disable()
		} else {
			w.Enable()
			if name == "browser" {
				hint = s.h.T("settings.browser_hint")
			}
		}
		s.hints[name].Hidden = hint == ""
		s.hints[name].SetText(hint)
	}
}

// drawAccounts shows the accounts, if they are not what is shown already.
func (s *Screen) drawAccounts() {
	all := accounts(s.state, s.h.Lang)
	if s.shown != nil && reflect.DeepEqual(all, s.shown) {
		return
	}
	s.shown = all
	s.accounts.RemoveAll()
	for _, a := range all {
		s.accounts.Add(s.row(a))
	}
	s.accounts.Refresh()
}

// row is one account with what can be done with it.
func (s *Screen) row(a account) fyne.CanvasObject {
	picture, err := theme.DecodeURI(a.logo)
	if err != nil {
		picture = nil // its initial stands for it
	}
	tile := theme.NewTile(40)
	tile.Show(picture, a.company, a.key)
	name := a.company
	if a.person != "" {
		name += " · " + a.person
	}
	title := &widget.Label{Text: name, Truncation: fyne.TextTruncateEllipsis}
	title.TextStyle.Bold = a.current
	phase := &widget.Label{Text: a.phase, Importance: widget.LowImportance, SizeName: fynetheme.SizeNameCaptionText}
	buttons := container.NewHBox()
	do := func(key string, call func(ctx context.Context, svc local.Service) error) {
		buttons.Add(window.NewButton(s.h.T(key), func() { s.h.Ask(call, s.complain) }))
	}
	if !a.current {
		do("settings.use", func(ctx context.Context, svc local.Service) error { return svc.Select(ctx, a.id) })
	}
	if a.signedIn {
		do("settings.sign_out", func(ctx context.Context, svc local.Service) error {
			return svc.SignOut(ctx, local.SignOutRequest{Profile: a.id})
		})
	} else {
		do("settings.remove", func(ctx context.Context, svc local.Service) error { return svc.Forget(ctx, a.id) })
		if a.current {
			buttons.Add(window.NewMainButton(s.h.T("signin.sign_in"), func() { s.h.Go("sign-in") }))
		}
	}
	return theme.Card(container.NewBorder(nil, nil, container.NewCenter(tile.Container), container.NewCenter(buttons),
		container.NewVBox(title, phase)))
}

func (s *Screen) complain(err error) {
	p := window.Explain(err, s.h.Lang)
	s.notice.Hidden = p == nil
	if p != nil {
		s.notice.SetText(window.Whole(p))
	}
	s.notice.Refresh()
}
