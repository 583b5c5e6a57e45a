package signin

import (
	"context"
	"reflect"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/auth"
)

const (
	stuckAfter = 60 * time.Second // until the person is told whom to ask
	// readFirst is how long the card cannot be confirmed: an Enter that was meant for the
	// code, pressed twice or held down, must not say yes to a host that nobody has read.
	readFirst = 600 * time.Millisecond
	copiedFor = 2 * time.Second
)

// Screen is the sign-in screen.
type Screen struct {
	h       *window.Host
	state   local.State
	front   bool // this screen is the one that is shown
	memory  memory
	view    view
	content *fyne.Container
	code    *widget.Entry
	built   built
	stop    []func() // timers of the view that is shown
}

// built is what one view was made into.
type built struct {
	content fyne.CanvasObject
	main    *window.Button // what Enter stands for
	back    func()         // what Escape stands for; nil for nothing
}

// New makes the screen.
func New(h *window.Host) *Screen {
	s := &Screen{h: h, content: container.NewStack()}
	s.code = widget.NewEntry()
	s.code.SetPlaceHolder(h.T("signin.example"))
	s.code.OnSubmitted = func(string) { s.enter() }
	s.draw()
	return s
}

// Title implements window.Screen.
func (s *Screen) Title() string { return s.h.T("signin.window") }

// Content implements window.Screen.
func (s *Screen) Content() fyne.CanvasObject { return s.content }

// Hidden implements window.Screen: an end that was read is not shown again.
func (s *Screen) Hidden() {
	if a := s.state.Attempt; a != nil && a.Over() {
		s.memory = memory{closed: a.ID}
	}
	s.memory.other, s.front = false, false
	s.draw()
}

// Focus implements window.Screen.
func (s *Screen) Focus() {
	if s.view.step == enter {
		s.h.Window.Canvas().Focus(s.code)
	} else {
		s.h.Window.Canvas().Unfocus()
	}
}

// Key implements window.Screen.
func (s *Screen) Key(key *fyne.KeyEvent) {
	switch {
	case window.IsEnter(key):
		s.enter()
	case key.Name == fyne.KeyEscape && s.built.back != nil:
		s.built.back()
	}
}

// enter presses the main button.
func (s *Screen) enter() {
	if b := s.built.main; b != nil && !b.Disabled() {
		b.OnTapped()
	}
}

// Show implements window.Screen.
func (s *Screen) Show(state local.State) {
	s.state, s.front = state, true
	if a := state.Attempt; a != nil {
		if !a.Over() && a.ID != s.memory.attempt {
			s.memory.attempt, s.memory.stuck, s.memory.problem, s.memory.shared = a.ID, false, nil, false
		}
		s.takeEnd(a)
	}
	s.draw()
}

// takeEnd goes back to the code where that is what has to be mended, or where the person
// has cancelled.
func (s *Screen) takeEnd(a *local.Attempt) {
	if a.Step != local.StepFailed || a.ID != s.memory.attempt || a.ID == s.memory.closed || a.Problem == nil {
		return
	}
	switch {
	case a.Problem.Code == auth.SignInCanceled:
		s.memory.closed = a.ID
	case slices.Contains(aboutCode, a.Problem.Code) && a.Profile == "":
		s.memory.closed, s.memory.problem = a.ID, window.Explain(a.Problem, s.h.Lang)
	}
}

// draw shows what there is to say, if it is not what is shown already.
func (s *Screen) draw() {
	next := look(s.state, s.memory, s.h.Lang)
	if next.step != s.view.step { // a notice is about what was pressed there
		s.memory.notice, next.notice = "", ""
	}
	if s.built.content != nil && reflect.DeepEqual(next, s.view) {
		return
	}
	before := s.view
	fresh := s.built.content == nil || before.step != next.step || before.attempt != next.attempt
	for _, stop := range s.stop {
		stop()
	}
	s.stop = nil
	s.view = next
	s.built = s.build(next)
	s.content.Objects = []fyne.CanvasObject{s.built.content}
	s.content.Refresh()
	if fresh && s.front {
		s.Focus()
	}
}

// after is Host.After for as long as the present view is shown.
func (s *Screen) after(d time.Duration, f func()) {
	s.stop = append(s.stop, s.h.After(d, f))
}

// signIn starts an attempt.
func (s *Screen) signIn(req local.SignInRequest) {
	req.Open, req.Lang, req.Env = true, s.h.Lang, s.h.Env
	if s.built.main != nil {
		s.built.main.Disable() // one press, one attempt
	}
	var id string
	s.h.Ask(func(ctx context.Context, svc local.Service) (err error) {
		id, err = svc.SignIn(ctx, req)
		return err
	}, func(err error) {
		if s.built.main != nil {
			s.built.main.Enable()
		}
		if err != nil {
			s.memory.problem = window.Explain(err, s.h.Lang)
			s.memory.closed, s.memory.other = attemptOf(s.state), true
		} else {
			s.memory.attempt, s.memory.problem, s.memory.other = id, nil, false
		}
		s.Show(s.state)
	})
}

// attemptOf is the attempt whose end is left behind.
func attemptOf(s local.State) string {
	if s.Attempt != nil && s.Attempt.Over() {
		return s.Attempt.ID
	}
	return ""
}

// useCode starts an attempt with what was typed.
func (s *Screen) useCode(code string) {
	s.memory.typed = code
	s.signIn(local.SignInRequest{Code: code})
}

// retry starts the attempt that failed again, with another account if the person wants.
func (s *Screen) retry(another bool) {
	req := local.SignInRequest{Profile: s.view.profile, Switch: another}
	if req.Profile == "" {
		req.Code = s.memory.typed
	}
	if req.Profile == "" && req.Code == "" && s.state.ManagedBy == "" {
		s.leave() // it was begun elsewhere: nothing here knows its code
		return
	}
	s.signIn(req)
}

// leave goes back to the beginning.
func (s *Screen) leave() {
	s.memory.closed, s.memory.problem = attemptOf(s.state), nil
	s.draw()
}

// confirm says yes to the host that the person has read.
func (s *Screen) confirm() {
	attempt, yes := s.view.attempt, local.Confirmation{Host: s.view.host, Shared: s.memory.shared}
	s.built.main.Disable()
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		return svc.Confirm(ctx, attempt, yes)
	}, s.complain)
}

// useDevice asks for a code to finish with on the phone.
func (s *Screen) useDevice() {
	attempt := s.view.attempt
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		return svc.UseDevice(ctx, attempt)
	}, s.complain)
}

// unlock makes the agent look at the password store again.
func (s *Screen) unlock() {
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		_, err := svc.State(ctx)
		return err
	}, s.complain)
}

// cancel ends the attempt.
func (s *Screen) cancel() {
	attempt := s.view.attempt
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		return svc.Cancel(ctx, attempt)
	}, s.complain)
}

// reopen opens the page once more.
func (s *Screen) reopen() {
	attempt := s.view.attempt
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		return svc.Reopen(ctx, attempt, s.h.Env)
	}, s.complain)
}

// open opens an app from the last screen.
func (s *Screen) open(id string) {
	profile := s.view.profile
	s.h.Ask(func(ctx context.Context, svc local.Service) error {
		_, err := svc.Launch(ctx, local.LaunchRequest{App: id, Profile: profile, Lang: s.h.Lang, Env: s.h.Env})
		return err
	}, s.complain)
}

// complain shows what went wrong with something small. That an attempt has ended already
// is told by its State.
func (s *Screen) complain(err error) {
	p := window.Explain(err, s.h.Lang)
	if p == nil || p.Code == auth.SignInStale {
		return
	}
	if s.built.main != nil {
		s.built.main.Enable()
	}
	s.memory.notice = window.Whole(p)
	s.draw()
}
