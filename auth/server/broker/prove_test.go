package broker_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Prove implements server.Prover.
func (w *world) Prove(context.Context, server.Session) error { return w.upstream }

// Due implements server.Prover.
func (w *world) Due(_ context.Context, s server.Session) (bool, error) {
	return s.ProvenAt.Before(w.due), nil
}

// A session that the upstream has not vouched for long enough opens no app, however the
// person gets there, and no desktop: both go by the company's page, once.
func TestAppsAreForWhoIsNotDue(t *testing.T) {
	for what, asked := range map[string]func(...string) url.Values{"app": ask, "desktop": askDesktop} {
		w := newWorld(t)
		b := w.browser()
		b.SignIn(w.person(acme, "张三"))
		w.Advance(5 * time.Hour)
		w.due = w.Now()
		if p := b.Get(w.authorizeURL(asked())); location(p).Host != "idp.example" {
			t.Errorf("%s: status %d, location %q", what, p.Status, p.Location())
		} else if w.gate.Begun[0].Fresh {
			t.Errorf("%s: the person is asked for a password", what)
		}
		if got := location(b.Get(w.authorizeURL(ask("prompt", "none")))).Query().Get("error"); got != "login_required" {
			t.Errorf("%s, prompt=none: %q", what, got)
		}
		b.SignIn(w.person(acme, "张三"))
		w.due = w.Now().Add(time.Millisecond) // who has just been there is not sent again
		if p := b.Get(w.URL + w.gate.Return); location(p).Query().Get("code") == "" && !strings.Contains(p.Body, `id="confirm"`) {
			t.Errorf("%s, back: status %d, location %q, %s", what, p.Status, p.Location(), p.Body)
		}
	}
}

// A leaver's refresh is told why it ends; one that came while the upstream was silent for
// too long is told to come again, with the token that it has.
func TestRefreshAsksTheUpstream(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	first := w.token(redeemDesktop(b.desktopCode(askDesktop())))

	w.upstream = auth.Fail(auth.ProviderUnreachable, nil, nil)
	down := w.token(renew(first.Refresh))
	down.want(t, "silent upstream", "temporarily_unavailable")
	if down.status != http.StatusServiceUnavailable {
		t.Errorf("status %d", down.status)
	}
	w.upstream = nil
	next := w.token(renew(first.Refresh))
	if next.Refresh == "" {
		t.Fatalf("the refresh token was used up: %+v", next)
	}
	w.upstream = auth.Fail(auth.AccessEnded, nil, nil)
	w.token(renew(next.Refresh)).want(t, "leaver", "invalid_grant")
	if w.token(renew(next.Refresh)).Description != "access_ended" {
		t.Error("the desktop is not told that access has ended")
	}
}

// Other devices of a leaver learn the reason too.
func TestLeaversOtherDevice(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	device := w.token(redeemDesktop(b.desktopCode(askDesktop())))
	must(t, w.Store.LeavePerson(t.Context(), acme, zhang.ID, w.Now()))
	answer := w.token(renew(device.Refresh))
	answer.want(t, "other device", "invalid_grant")
	if answer.Description != "access_ended" {
		t.Errorf("description %q", answer.Description)
	}
}
