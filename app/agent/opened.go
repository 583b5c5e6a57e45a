package agent

import (
	"context"
	"errors"
	"maps"
	"net"
	"syscall"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
)

// askFor is how long after an opening people are asked whether it went well.
const askFor = 2 * time.Minute

// lastOpening is the last opening of an app that the company's server made.
type lastOpening struct {
	profile, id string
	view        local.Opened
	timer       *time.Timer // ends it; the only one, and none runs otherwise
}

// opened counts an opening, for the order of the list, and keeps it in mind for a while
// if the company's server knows it.
func (a *Agent) opened(id string, app auth.App, number string) {
	a.update(func() {
		acc, err := a.account(id)
		if err != nil {
			return
		}
		counts := maps.Clone(acc.Opened)
		if counts == nil {
			counts = map[string]int{}
		}
		counts[app.ID]++
		acc.Opened = counts
		a.rememberOrWarn()
		a.forgetOpening()
		if number == "" || acc.SignedOut { // meanwhile
			return
		}
		last := &lastOpening{profile: id, id: number, view: local.Opened{
			App: app.ID, Title: maps.Clone(app.Title), Until: a.cfg.Now().Add(askFor),
		}}
		last.timer = time.AfterFunc(askFor, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.last == last {
				a.last = nil
				a.publish()
			}
		})
		a.last = last
	})
}

// forgetOpening ends the question after the last opening; the caller holds the lock.
func (a *Agent) forgetOpening() {
	if a.last != nil {
		a.last.timer.Stop()
		a.last = nil
	}
}

// openedState is the opening that people are asked about; the caller holds the lock.
func (a *Agent) openedState(profile string) *local.Opened {
	if a.last == nil || a.last.profile != profile {
		return nil
	}
	view := a.last.view
	view.Title = maps.Clone(view.Title)
	return &view
}

// Asked tells the company that an app, opened a moment ago, asked the person to sign in.
func (a *Agent) Asked(ctx context.Context, app, profile string) error {
	a.mu.Lock()
	acc, err := a.account(profile)
	if err != nil {
		a.mu.Unlock()
		return err
	}
	last := a.last
	if last == nil || last.profile != acc.ID || last.view.App != app {
		a.mu.Unlock()
		return auth.Fail(auth.AppUnknown, auth.Args{"app": app}, nil)
	}
	told := last.view.Told
	a.mu.Unlock()
	if told {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	s, rec, err := a.liveSession(asking, last.profile)
	if err != nil {
		return err
	}
	if err := a.workbench(rec, s.Token).Asked(asking, last.id); err != nil {
		return err
	}
	a.log.Info("opening reported", "profile", last.profile, "app", app)
	a.update(func() { last.view.Told = true })
	return nil
}

// silent reports whether an error says that the company's server does not answer.
func silent(err error) bool {
	if errors.Is(err, auth.ErrLocked) {
		return false // it was not even asked
	}
	return errors.Is(err, auth.ErrOffline) || errors.Is(err, context.DeadlineExceeded)
}

// answers notes whether a profile's server answered. One that does not is asked again by
// a refresh, at the session's own ever longer pauses; one that does is asked at once by a
// session that still thinks otherwise.
func (a *Agent) answers(profile string, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc, err := a.account(profile)
	if err != nil {
		return
	}
	news := acc.silent == yes
	if news {
		acc.silent = !yes
		a.publish()
	}
	s := acc.session
	if s == nil || yes && !acc.status.Offline && !acc.status.Refreshing || !yes && !news {
		return
	}
	a.background(func(ctx context.Context) {
		if yes {
			s.Wait(ctx)
			if !s.Status().Offline {
				return
			}
		}
		_ = s.Refresh(ctx) // says so in its status
		a.schedule()
	})
}

// serverDown reports whether there is a network, but no answer from the profile's server.
func (acc *account) serverDown() bool {
	return acc.silent && acc.status.Err == nil || acc.status.Offline && !noNetwork(acc.status.Err)
}

// noNetwork reports whether an error says that nothing could be reached.
func noNetwork(err error) bool {
	var names *net.DNSError
	return errors.As(err, &names) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.ENETDOWN)
}
