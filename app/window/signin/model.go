package signin

import (
	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/auth"
	"lanyard/auth/words"
)

// step is what the screen is about.
type step int

const (
	enter     step = iota // the company code
	welcome               // this computer was set up for a company
	again                 // an account that is known here
	locked                // the password store has to be unlocked first
	looking               // one moment
	card                  // the company, and the host that will open
	waiting               // for the browser
	phone                 // for the other device
	finishing             // the browser is through
	failed
	done
)

// maxDone is how many apps the last screen offers.
const maxDone = 6

// memory is what only the window knows.
type memory struct {
	attempt string         // that this screen follows, since it has seen it run
	closed  string         // an attempt whose end the person has read
	typed   string         // the code
	problem *local.Problem // with the code
	other   bool           // another company, although there is an account
	stuck   bool           // waiting takes long
	shared  bool           // ticked on the card: others use this computer too
	notice  string         // about something small that did not work
}

// view is all that the screen says. Two equal views look the same.
type view struct {
	step              step
	attempt, profile  string
	company, key      string // name, and what its tile's colour goes by
	logo              string // data: URI
	person            string
	managed           string // who set this computer up
	host, via, doubt  string // of the card; doubt is the domain that did not confirm
	link              string // to copy
	device            local.Device
	byPhone           bool // is offered
	help, reference   string
	problem           *local.Problem
	suggestion        string
	switchable, stuck bool
	notKept, shared   bool
	apps              []app
	all               int // how many apps there are
	notice            string
}

// app is one app of the last screen.
type app struct{ id, title, icon string }

// aboutCode are the faults that are mended where the code is typed.
var aboutCode = []auth.Fault{
	auth.CodeEmpty, auth.CodeInvalid, auth.CodeUnknown, auth.DirectoryNone,
	auth.DirectoryUnreachable, auth.DirectoryBusy, auth.DomainUnknown, auth.SignInBusy,
}

// follows returns the attempt that the screen is about: one that runs, or the end of one
// that ran before the person's eyes.
func (m memory) follows(s local.State) *local.Attempt {
	a := s.Attempt
	if a == nil || a.ID == m.closed || a.Over() && a.ID != m.attempt {
		return nil
	}
	return a
}

// look works out what the screen says.
func look(s local.State, m memory, lang string) view {
	v := lookAt(s, m, lang)
	v.notice = m.notice
	return v
}

func lookAt(s local.State, m memory, lang string) view {
	if a := m.follows(s); a != nil {
		return lookAttempt(s, a, m, lang)
	}
	v := view{step: enter, problem: m.problem}
	if v.problem != nil {
		v.suggestion = window.Plain(v.problem.Args["suggestion"])
		return v
	}
	p := s.Profile("")
	switch {
	case m.other || p != nil && p.Phase == local.SignedIn:
	case p == nil && s.ManagedBy != "":
		v.step, v.managed = welcome, window.Plain(s.ManagedBy)
	case p != nil:
		v.step, v.profile = again, p.ID
		v.of(&p.Enterprise, lang)
		v.person = window.Person(p.Identity)
		if p.Phase == local.WaitingForKeyring {
			v.step = locked
		}
	}
	return v
}

func lookAttempt(s local.State, a *local.Attempt, m memory, lang string) view {
	v := view{attempt: a.ID, profile: a.Profile, reference: a.Reference}
	if a.Enterprise != nil {
		v.of(a.Enterprise, lang)
	}
	switch a.Step {
	case local.StepConfirm:
		v.step, v.host, v.via, v.doubt = card, window.Plain(a.Host), window.Plain(a.Via), window.Plain(a.Unconfirmed)
	case local.StepWaiting:
		v.step, v.host, v.link, v.stuck = waiting, window.Plain(a.Host), a.URL, m.stuck
		v.byPhone = a.DeviceOffered
		if a.Device != nil {
			v.step = phone
			v.device = local.Device{
				UserCode: window.Plain(a.Device.UserCode), URL: window.Plain(a.Device.URL), Number: window.Plain(a.Device.Number),
				Complete: a.Device.Complete,
			}
		}
	case local.StepFinishing:
		v.step = finishing
	case local.StepFailed:
		return v.fail(a, lang)
	case local.StepDone:
		v.step, v.notKept = done, s.MemoryOnly
		if a.Problem != nil { // the app that it was for did not open
			v.problem = window.Explain(a.Problem, lang)
		}
		if p := s.Profile(a.Profile); p != nil {
			v.of(&p.Enterprise, lang)
			v.person, v.all, v.shared = window.Person(p.Identity), p.AppsAll, p.Shared
			for _, e := range p.Apps[:min(len(p.Apps), maxDone)] {
				v.apps = append(v.apps, app{e.ID, window.Title(e.App, lang), e.Icon})
			}
		}
	default: // resolving, checking, and what a newer agent does in between
		v.step = looking
	}
	return v
}

// fail is the end of an attempt that did not work out.
func (v view) fail(a *local.Attempt, lang string) view {
	v.step, v.problem = failed, window.Explain(auth.Internal, lang)
	if a.Problem != nil {
		v.problem = window.Explain(a.Problem, lang)
	}
	v.switchable = v.problem.Code.OtherAccount()
	return v
}

// of says whose sign-in it is.
func (v *view) of(e *auth.Enterprise, lang string) {
	v.company, v.key, v.logo = window.Company(*e, lang), e.ID, e.Logo
	v.help = window.Plain(words.Contact(e.Help))
}
