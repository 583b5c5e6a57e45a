package agent

import (
	"cmp"
	"context"
	"slices"
	"time"

	"lanyard/auth"
	"lanyard/auth/signin"
)

// switchLife is how long the page in the browser can offer another account, in the time
// that the computer is awake.
const switchLife = time.Hour

// linger keeps the page of a sign-in there while it offers another account.
func (a *Agent) linger(page *signin.Listener) {
	ctx, cancel := context.WithTimeout(a.life, switchLife)
	defer cancel()
	page.Linger(ctx, pageGrace)
}

// switching returns what the page of a failed attempt offers where another account may
// mend that: the same sign-in again, in the same tab. It is nil for nothing; a connector
// with a port of its own has none, for the page still stands on that.
func (a *Agent) switching(att *attempt, w *way, failure error) func(ctx context.Context) (string, error) {
	if fault, _ := auth.FaultOf(failure); failure == nil || !fault.OtherAccount() || w.conn.Redirect.Port != 0 {
		return nil
	}
	known := way{found: w.found, conn: w.conn, provider: w.provider, host: w.host}
	var next *attempt
	return func(ctx context.Context) (address string, err error) {
		late := a.when(ctx, func() bool { //nolint:contextcheck // the attempt outlives the request
			if next == nil && att.view.Over() { // the page may be faster than the attempt's end
				next, err = a.another(att, known)
			}
			if next != nil {
				address = next.view.URL
			}
			if next != nil && next.view.Over() {
				err = auth.SignInStale
				if p := next.view.Problem; p != nil {
					err = p
				}
			}
			return address != "" || err != nil
		})
		return address, cmp.Or(err, late)
	}
}

// another starts an attempt like att, at the page that the person has agreed to, for
// another account. Once something else has happened since, a sign-in or a profile's
// removal, what was agreed to no longer counts. The caller holds the lock.
func (a *Agent) another(att *attempt, known way) (*attempt, error) {
	stands := att.again == "" || slices.ContainsFunc(a.accounts, func(acc *account) bool { return acc.ID == att.again })
	if a.attempt != att || !stands {
		return nil, auth.Fail(auth.SignInStale, nil, nil)
	}
	next := a.newAttempt(defaultTimeout)
	next.view.Profile, next.view.App = att.view.Profile, att.view.App
	next.view.Enterprise, next.view.Host, next.view.Via = att.view.Enterprise, att.view.Host, att.view.Via
	next.view.Hash, next.view.Unconfirmed = att.view.Hash, att.view.Unconfirmed
	next.query, next.again, next.swap, next.known = att.query, att.again, true, known
	next.lang, next.env, next.shared = att.lang, att.env, att.shared
	next.hasTab, next.view.Opened = true, true // the tab that asks
	next.accept()
	a.start(next, defaultTimeout)
	return next, nil
}

// when waits until something holds, which is asked under the lock at every new State.
func (a *Agent) when(ctx context.Context, holds func() bool) error {
	for {
		a.mu.Lock()
		done := holds()
		changed := a.changed
		a.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
