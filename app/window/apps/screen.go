package apps

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/theme"
	"lanyard/auth/words"
)

// Screen is the screen with the apps.
type Screen struct {
	h       *window.Host
	state   local.State
	content *fyne.Container

	all, shown []entry
	profile    string // whose apps they are
	mark       string // of the State that the list belongs to
	asking     bool   // for the list
	loaded     bool   // a list has come
	stale      bool
	problem    *local.Problem // why there is no list

	who    *widget.Label
	search *searchEntry
	banner *widget.Label
	help   *window.Button
	helps  string // the key of help's text
	grid   *grid
	empty  *widget.Label
	status *widget.Label
	report *window.Button
}

// New makes the screen.
func New(h *window.Host) *Screen {
	s := &Screen{h: h}
	s.who = &widget.Label{Truncation: fyne.TextTruncateEllipsis, SizeName: fynetheme.SizeNameSubHeadingText}
	s.who.TextStyle.Bold = true
	s.search = newSearchEntry(s)
	s.search.SetPlaceHolder(h.T("apps.search"))
	s.search.OnChanged = func(string) { s.filter() }
	s.search.OnSubmitted = func(string) { s.openFirst() }
	s.banner = &widget.Label{Wrapping: fyne.TextWrapWord, Importance: widget.WarningImportance}
	s.help = window.NewButton("", s.mend)
	s.grid = newGrid(s)
	s.empty = theme.Soft("")
	s.status = &widget.Label{Truncation: fyne.TextTruncateEllipsis, Importance: widget.LowImportance}
	s.status.Hide()
	s.report = window.NewQuietButton("", s.tell)
	s.report.Hide()

	settings := window.NewQuietButton("", func() { h.Go("settings") })
	settings.SetIcon(fynetheme.SettingsIcon())
	head := container.NewVBox(
		container.NewBorder(nil, nil, nil, settings, s.who),
		s.search,
		container.NewBorder(nil, nil, nil, container.NewCenter(s.help), s.banner),
	)
	s.content = container.NewPadded(container.NewPadded(container.NewBorder(head, container.NewBorder(nil, nil, nil, s.report, s.status), nil, nil,
		container.NewStack(s.grid, container.New(theme.Column{Width: 360}, s.empty)))))
	s.draw()
	return s
}

// Title implements window.Screen.
func (s *Screen) Title() string { return s.h.T("apps.window") }

// Content implements window.Screen.
func (s *Screen) Content() fyne.CanvasObject { return s.content }

// Focus implements window.Screen.
func (s *Screen) Focus() { s.h.Window.Canvas().Focus(s.search) }

// Hidden implements window.Screen: the next look asks for the list again.
func (s *Screen) Hidden() {
	s.mark = ""
	s.say("", widget.LowImportance)
	s.search.SetText("")
}

// Key implements window.Screen: whoever types wants to search.
func (s *Screen) Key(key *fyne.KeyEvent) {
	if window.IsEnter(key) {
		s.openFirst()
		return
	}
	s.Focus()
}

// Show implements window.Screen.
func (s *Screen) Show(state local.State) {
	s.state = state
	if m := mark(state); m != s.mark && !s.asking {
		s.mark = m
		s.ask()
	}
	s.draw()
}

// ask gets the list.
func (s *Screen) ask() {
	p := s.state.Profile("")
	if p == nil || p.Phase == local.SignedOut {
		s.all, s.loaded, s.problem = nil, true, nil
		s.filter()
		return
	}
	s.asking = true
	var list local.AppList
	s.h.Ask(func(ctx context.Context, svc local.Service) (err error) {
		list, err = svc.Apps(ctx, local.AppsQuery{Profile: p.ID})
		return err
	}, func(err error) {
		s.asking, s.loaded, s.problem = false, true, window.Explain(err, s.h.Lang)
		if err == nil {
			s.all, s.profile, s.stale = entries(list, s.h.Lang), list.Profile, list.Stale
		}
		s.filter()
		s.Show(s.state) // which may have changed meanwhile
	})
}

// filter shows the apps that the search field asks for.
func (s *Screen) filter() {
	s.shown = filter(s.all, s.search.Text)
	s.draw()
	s.grid.Refresh()
	s.grid.ScrollToOffset(0)
}

// draw says what there is to say around the grid.
func (s *Screen) draw() {
	title := s.h.T("apps.title")
	if p := s.state.Profile(""); p != nil {
		title = window.Company(p.Enterprise, s.h.Lang)
		if name := window.Person(p.Identity); name != "" {
			title += " · " + name
		}
	}
	s.who.SetText(title)
	text, helps := banner(s.state, s.stale, s.h.Lang)
	s.helps = helps
	s.banner.Hidden, s.help.Hidden = text == "", helps == ""
	s.banner.SetText(text)
	if helps != "" {
		s.help.SetText(s.h.T(helps))
	}
	s.help.Refresh()
	question, told := opened(s.state, s.h.Lang)
	s.report.Hidden = question == ""
	s.report.SetText(question)
	if told {
		s.report.Disable()
	} else {
		s.report.Enable()
	}
	s.empty.SetText(s.emptyText())
	s.empty.Hidden = s.empty.Text == ""
	s.content.Refresh()
}

func (s *Screen) emptyText() string {
	switch {
	case len(s.shown) > 0:
		return ""
	case s.problem != nil:
		return window.Whole(s.problem)
	case !s.loaded:
		return s.h.T("apps.loading")
	case s.search.Text != "" && len(s.all) > 0:
		return s.h.T("apps.none_found", "query", s.search.Text)
	case s.helps == "":
		return s.h.T("apps.none", "help", s.contact())
	}
	return ""
}

// mend does what the button beside the banner says.
func (s *Screen) mend() {
	if s.helps != again {
		s.h.Go("sign-in")
		return
	}
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		_, err := svc.State(ctx) // which makes the agent look at the password store again
		return err
	}, func(err error) {
		if p := window.Explain(err, s.h.Lang); p != nil {
			s.say(window.Whole(p), widget.DangerImportance)
		}
	})
}

// contact is whom the company names for questions, "" if nobody.
func (s *Screen) contact() string {
	if p := s.state.Profile(""); p != nil {
		return window.Plain(words.Contact(p.Enterprise.Help))
	}
	return ""
}

// openFirst opens the first app that is shown, if somebody searched for it: Enter in an
// empty field opens nothing by chance.
func (s *Screen) openFirst() {
	if s.search.Text != "" && len(s.shown) > 0 {
		s.open(s.shown[0])
	}
}

// open opens an app. Where a sign-in has to come first its screen comes to the front.
func (s *Screen) open(e entry) {
	s.say(s.h.T("apps.opening", "app", e.title), widget.LowImportance)
	profile := s.profile // not another one that has become the current one meanwhile
	var answer local.LaunchAnswer
	s.h.Ask(func(ctx context.Context, svc local.Service) (err error) {
		answer, err = svc.Launch(ctx, local.LaunchRequest{App: e.id, Profile: profile, Lang: s.h.Lang, Env: s.h.Env})
		return err
	}, func(err error) {
		switch {
		case err != nil:
			p := window.Explain(err, s.h.Lang)
			s.say(window.Whole(p), widget.DangerImportance)
		case answer.Attempt != "":
			s.h.Go("sign-in")
		default:
			s.say(s.h.T("apps.opened", "app", e.title), widget.LowImportance)
		}
	})
}

// tell reports that the app that was opened last asked for a sign-in.
func (s *Screen) tell() {
	p := s.state.Profile("")
	if p == nil || p.Opened == nil {
		return
	}
	app, profile := p.Opened.App, p.ID
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		return svc.Asked(ctx, app, profile)
	}, func(err error) {
		if p := window.Explain(err, s.h.Lang); p != nil {
			s.say(window.Whole(p), widget.DangerImportance)
		}
	})
}

// pin keeps an app at the top, or lets it go.
func (s *Screen) pin(e entry) {
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		return svc.Pin(ctx, e.id, !e.pinned)
	}, func(err error) {
		if p := window.Explain(err, s.h.Lang); p != nil {
			s.say(p.Sentence, widget.DangerImportance)
		}
		s.ask()
	})
}

func (s *Screen) say(text string, how widget.Importance) {
	s.status.Importance = how
	s.status.Wrapping, s.status.Truncation = fyne.TextWrapOff, fyne.TextTruncateEllipsis
	if how == widget.DangerImportance { // to the end, where it says whom to ask
		s.status.Wrapping, s.status.Truncation = fyne.TextWrapWord, fyne.TextTruncateOff
	}
	s.status.Hidden = text == ""
	s.status.SetText(text)
	s.content.Refresh()
}
