package broker_test

import (
	"context"
	"net/http"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Prove implements server.Prover.
func (w *world) Prove(context.Context, server.Session) error { return w.upstream }

// Due implements server.Prover.
func (w *world) Due(context.Context, server.Session) (bool, error) { return false, nil }

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
