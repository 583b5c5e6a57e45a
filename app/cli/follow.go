package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

const (
	cancelTimeout = 2 * time.Second  // for telling the agent that the person has had enough
	stuckAfter    = 60 * time.Second // until the person is told whom to ask
)

// following is a sign-in attempt that a command waits for.
type following struct {
	*cli
	svc local.Service
	id  string
	// printURL gives the address alone on standard output and leaves the browser to
	// the person.
	printURL bool
	// device finishes on another device; else, where the browser may be elsewhere, hint is
	// the command that would.
	device bool
	hint   string
	// elsewhere brings the question before the person where the command cannot ask it;
	// nil ends the attempt instead.
	elsewhere func(ctx context.Context) error

	last    *local.Attempt // as last seen
	shown   string         // the address that the person has
	coded   string         // the code for another device that the person has
	asked   string         // the host that the person was shown
	open    bool           // the question stands at the end of the line
	answers <-chan string  // what the person types, while they are asked
	stuck   *time.Timer
}

func (c *cli) following(svc local.Service, id string) *following {
	return &following{cli: c, svc: svc, id: id}
}

// run shows where the attempt is until it has ended, asks what it asks, and returns the
// State that it ended in. When ctx ends first the attempt is cancelled.
func (f *following) run(ctx context.Context) (local.State, error) {
	f.stuck = time.NewTimer(stuckAfter)
	defer f.stuck.Stop()
	listen, stop := context.WithCancel(ctx)
	defer stop()
	states, ended := watch(listen, f.svc)
	for {
		select {
		case <-ctx.Done():
			f.endLine()
			return local.State{}, f.cancel(ctx, cause(ctx))
		case err := <-ended:
			if ctx.Err() != nil {
				continue // the case above
			}
			f.endLine()
			return local.State{}, err
		case state := <-states:
			if over, err := f.step(ctx, state); over || err != nil {
				return state, err
			}
		case line, typed := <-f.answers:
			f.answers = nil
			if typed {
				f.open = false // by the person's own Enter
			}
			f.endLine()
			if err := f.confirm(ctx, isYes(line)); err != nil {
				return local.State{}, err
			}
		case <-f.stuck.C:
			f.sayStuck()
		}
	}
}

// watch gives the States of svc as they come, then why they ended.
func watch(ctx context.Context, svc local.Service) (<-chan local.State, <-chan error) {
	states, ended := make(chan local.State), make(chan error, 1)
	go func() {
		err := svc.Events(ctx, func(e local.Event) error {
			if e.State == nil {
				return nil
			}
			select {
			case states <- *e.State:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err == nil {
			err = auth.Fail(auth.AgentMissing, nil, nil)
		}
		ended <- err
	}()
	return states, ended
}

// cause is why ctx ended, as a fault.
func cause(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), auth.SignInTimeout) {
		return auth.SignInTimeout
	}
	return auth.SignInCanceled
}

// step shows one State and reports whether the attempt is over.
func (f *following) step(ctx context.Context, s local.State) (over bool, err error) {
	a := s.Attempt
	if a == nil && f.last == nil {
		return false, nil // a State from before it began
	}
	if a == nil || a.ID != f.id { // another's, which began when ours had ended
		f.endLine()
		return true, f.problem(auth.SignInStale)
	}
	f.last = a
	if a.Step == local.StepConfirm {
		return false, f.ask(ctx)
	}
	f.endLine()
	switch a.Step {
	case local.StepWaiting:
		if f.device {
			f.showDevice()
		} else {
			f.showAddress()
		}
	case local.StepDone:
		return true, nil
	case local.StepFailed:
		if a.Problem == nil {
			return true, f.problem(auth.Internal)
		}
		return true, f.problem(a.Problem)
	}
	return false, nil
}

// ask shows the enterprise card and asks, once. Where nobody can be asked the attempt
// ends: which page opens is for a person to accept.
func (f *following) ask(ctx context.Context) error {
	if f.asked != "" {
		return nil
	}
	f.asked = f.last.Host
	if f.elsewhere != nil && f.elsewhere(ctx) == nil {
		return nil
	}
	if f.elsewhere != nil || !f.IsTerminal() {
		args := auth.Args{"host": f.last.Host}
		if f.elsewhere != nil && f.last.Enterprise != nil {
			args["command"] = "lanyard login " + f.last.Enterprise.Code
		}
		return f.cancel(ctx, auth.Fail(auth.ConfirmationNeeded, args, nil))
	}
	f.card()
	fmt.Fprintf(f.Stderr, "%s [y/N] ", f.t("confirm"))
	f.open, f.answers = true, f.lines()
	return nil
}

func isYes(line string) bool {
	return slices.Contains([]string{"y", "yes", "是", "好"}, strings.ToLower(strings.TrimSpace(line)))
}

// endLine ends the line of a question that nobody answered.
func (f *following) endLine() {
	if f.open {
		f.say("")
		f.open = false
	}
}

// card says who the enterprise is and which host will really be opened.
func (f *following) card() {
	a := f.last
	company := ""
	if a.Enterprise != nil {
		company = f.company(*a.Enterprise)
		f.say(company)
	}
	f.say(words.T(f.lang, "card.page"))
	f.say("    " + plain(a.Host))
	if a.Via != "" {
		f.say(words.T(f.lang, "card.via", "company", company, "host", a.Via))
	}
	if a.Unconfirmed != "" {
		f.say(words.T(f.lang, "card.unconfirmed", "domain", a.Unconfirmed))
	}
	f.say(words.T(f.lang, "card.stop"))
}

// confirm passes the person's answer on.
func (f *following) confirm(ctx context.Context, yes bool) error {
	if !yes {
		return f.cancel(ctx, auth.SignInCanceled)
	}
	err := f.svc.Confirm(ctx, f.id, local.Confirmation{Host: f.asked}) // not what it may be by now
	if errors.Is(err, auth.ConfirmationMismatch) {
		return f.cancel(ctx, err)
	}
	return err
}

// showAddress gives the person the page's address, once.
func (f *following) showAddress() {
	address := f.last.URL
	if address == "" || address == f.shown {
		return
	}
	f.shown = address
	if f.printURL {
		f.tell(plain(address))
		return
	}
	f.say(f.t("waiting"))
	f.say(plain(address))
	if f.hint != "" && f.last.DeviceOffered {
		f.say(f.t("device.hint", "command", f.hint))
	}
}

// showDevice tells the person what to type where, once for each code.
func (f *following) showDevice() {
	d := f.last.Device
	if d == nil || d.UserCode == f.coded {
		return
	}
	f.coded = d.UserCode
	if picture := f.qrCode(cmp.Or(d.Complete, d.URL)); picture != nil {
		f.say(f.t("device.scan"))
		for _, line := range picture {
			f.say(line)
		}
		f.say(f.t("device.or"))
	} else {
		f.say(f.t("device.open"))
	}
	f.say("    " + plain(d.URL))
	f.say(f.t("device.code"))
	f.say("    " + plain(d.UserCode))
	if d.Number != "" {
		f.say(f.t("device.number"))
		f.say("    " + plain(d.Number))
	}
	f.say(f.t("device.waiting"))
}

func (f *following) sayStuck() {
	if f.last == nil {
		return
	}
	help := ""
	if f.last.Enterprise != nil {
		help = words.Contact(f.last.Enterprise.Help)
	}
	f.say(words.T(f.lang, "help.stuck", "help", help, "reference", f.last.Reference))
}

// cancel ends the attempt at the agent, whatever became of ctx, and returns why.
func (f *following) cancel(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer cancel()
	_ = f.svc.Cancel(ctx, f.id) // it may be over already
	return f.problem(why)
}

// problem gives err what the attempt knows: its reference, and whom to ask.
func (f *following) problem(err error) error {
	fault, args := auth.FaultOf(err)
	p := &local.Problem{Code: fault, Args: maps.Clone(args)}
	var own *local.Problem
	if errors.As(err, &own) {
		*p = *own
		p.Args = maps.Clone(own.Args)
	}
	if f.last == nil {
		return p
	}
	if p.Reference == "" {
		p.Reference = f.last.Reference
	}
	if f.last.Enterprise != nil && p.Args["help"] == "" {
		if p.Args == nil {
			p.Args = auth.Args{}
		}
		p.Args["help"] = words.Contact(f.last.Enterprise.Help)
	}
	return p
}
