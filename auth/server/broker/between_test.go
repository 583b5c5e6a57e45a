package broker_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// between is a store where something happens between what a token request has read and
// what it writes.
type between struct {
	*store.Store
	do func() // once
}

func (b *between) happen() {
	if do := b.do; do != nil {
		b.do = nil
		do()
	}
}

func (b *between) UseGrant(ctx context.Context, g server.Grant, s *server.Session) error {
	b.happen()
	return b.Store.UseGrant(ctx, g, s)
}

func (b *between) UseDeviceGrant(ctx context.Context, hash string, g server.Grant, s *server.Session) error {
	b.happen()
	return b.Store.UseDeviceGrant(ctx, hash, g, s)
}

func (b *between) RefreshGrant(ctx context.Context, enterprise, id string, from int64, expires time.Time) error {
	b.happen()
	return b.Store.RefreshGrant(ctx, enterprise, id, from, expires)
}

// Whoever is signed out, or has left, while a token request is under way gets nothing, and
// is told why: a desktop that hears that access has ended forgets what it keeps.
func TestEndedMeanwhile(t *testing.T) {
	const sessionEnded = "the session has ended"
	ends := map[string]struct {
		do   func(w *world, p server.Person, session string) error
		want string
	}{
		"the session": {func(w *world, _ server.Person, session string) error {
			return w.Store.EndSession(t.Context(), acme, session, w.Now())
		}, sessionEnded},
		"all sessions": {func(w *world, p server.Person, _ string) error {
			return w.Store.EndSessionsOf(t.Context(), acme, p.ID, w.Now())
		}, sessionEnded},
		"who left": {func(w *world, p server.Person, _ string) error {
			return w.Store.LeavePerson(t.Context(), acme, p.ID, w.Now())
		}, "access_ended"},
		"whose access ended": {func(w *world, p server.Person, _ string) error {
			return w.Store.EndPerson(t.Context(), acme, p.ID, w.Now())
		}, "access_ended"},
	}
	// Each signs the person in and prepares a token request.
	requests := map[string]func(w *world, b *browser, p server.Person) url.Values{
		"an app's code": func(_ *world, b *browser, p server.Person) url.Values {
			b.SignIn(p)
			return redeem(b.code(ask()))
		},
		"a desktop's code": func(_ *world, b *browser, p server.Person) url.Values {
			b.SignIn(p)
			return redeemDesktop(b.desktopCode(askDesktop()))
		},
		"an app's refresh": func(w *world, b *browser, p server.Person) url.Values {
			b.SignIn(p)
			a := w.token(redeem(b.code(ask())))
			return with(redeem(""), "grant_type", "refresh_token", "refresh_token", a.Refresh)
		},
		"a device's code": func(w *world, b *browser, p server.Person) url.Values {
			d := w.askDevice()
			b.answerDevice(b.approving(p, d.Whole), "yes", d.Number)
			return pollForm(d.Device)
		},
	}
	for ended, end := range ends {
		for request, prepare := range requests {
			t.Run(request+", "+ended, func(t *testing.T) {
				w := newWorld(t)
				w.allowDevices()
				p := w.person(acme, "张三")
				b := w.browser()
				form := prepare(w, b, p)
				w.between.do = func() { must(t, end.do(w, p, b.Session.ID)) }
				a := w.token(form)
				if a.Error != "invalid_grant" || a.Description != end.want || a.Access != "" {
					t.Errorf("answer %d %s %q, want invalid_grant %q", a.status, a.Error, a.Description, end.want)
				}
				if strings.Contains(w.Log.String(), "used again") {
					t.Error("the log suspects a thief")
				}
				all, err := w.Store.SessionsOf(t.Context(), acme, p.ID, w.Now())
				if must(t, err); len(all) > 0 {
					t.Errorf("%d sessions stand", len(all))
				}
			})
		}
	}
}

// Of two who use a device's code at once one is a thief, and neither keeps what it got.
func TestDeviceCodeTwiceAtOnce(t *testing.T) {
	w := newWorld(t)
	w.allowDevices()
	d := w.askDevice()
	b := w.browser()
	b.answerDevice(b.approving(w.person(acme, "张三"), d.Whole), "yes", d.Number)
	var first answer
	w.between.do = func() { first = w.token(pollForm(d.Device)) }
	second := w.token(pollForm(d.Device))
	second.want(t, "the second", "invalid_grant")
	if first.Access == "" {
		t.Fatalf("the first: %d %s", first.status, first.Error)
	}
	if p := w.bearer("/userinfo", first.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("the first's access token: %d", p.Status)
	}
	w.token(renew(first.Refresh)).want(t, "the first's refresh token", "invalid_grant")
}

// A code that was good when it was looked at is good, although it expires before it is used.
func TestCodeExpiresOnItsWay(t *testing.T) {
	for what, prepare := range map[string]func(w *world, b *browser, p server.Person) (url.Values, time.Duration){
		"a desktop's": func(w *world, b *browser, p server.Person) (url.Values, time.Duration) {
			b.SignIn(p)
			return redeemDesktop(b.desktopCode(askDesktop())), w.Base.Lifetimes.Code
		},
		"a device's": func(w *world, b *browser, p server.Person) (url.Values, time.Duration) {
			d := w.askDevice()
			b.answerDevice(b.approving(p, d.Whole), "yes", d.Number)
			return pollForm(d.Device), 10 * time.Minute
		},
	} {
		w := newWorld(t)
		w.allowDevices()
		form, life := prepare(w, w.browser(), w.person(acme, "张三"))
		w.between.do = func() { w.Advance(life) }
		a := w.token(form)
		if a.Refresh == "" || strings.Contains(w.Log.String(), "used again") {
			t.Fatalf("%s: %d %s", what, a.status, a.raw)
		}
		if a = w.token(renew(a.Refresh)); a.Refresh == "" {
			t.Errorf("%s, renewed: %d %s", what, a.status, a.raw)
		}
	}
}

// A code stands in logs and histories long after it was used; without what belongs to it
// nobody ends anything with it, and with it, whoever replays it still does.
func TestOldCodeAlone(t *testing.T) {
	w := newWorld(t)
	code := w.desktopCode(w.person(acme, "张三"))
	a := w.token(redeemDesktop(code))
	for what, form := range map[string]url.Values{
		"no verifier":     with(redeemDesktop(code), "code_verifier", ""),
		"other verifier":  with(redeemDesktop(code), "code_verifier", strings.Repeat("w", 43)),
		"another client":  with(redeemDesktop(code), "client_id", "handbook"),
		"another address": with(redeemDesktop(code), "redirect_uri", "http://127.0.0.1:9/callback"),
	} {
		w.token(form).want(t, what, "invalid_grant")
	}
	if a = w.token(renew(a.Refresh)); a.Refresh == "" {
		t.Fatalf("signed out by a code alone: %d %s", a.status, a.Error)
	}
	w.token(redeemDesktop(code)).want(t, "all of it", "invalid_grant")
	w.token(renew(a.Refresh)).want(t, "after a replay", "invalid_grant")
}

// Nor does a code without its verifier end anything that comes at the same moment as the
// one with it.
func TestCodeAloneAtOnce(t *testing.T) {
	w := newWorld(t)
	code := w.desktopCode(w.person(acme, "张三"))
	var good answer
	w.between.do = func() { good = w.token(redeemDesktop(code)) }
	w.token(with(redeemDesktop(code), "code_verifier", "")).want(t, "no verifier", "invalid_grant")
	if a := w.token(renew(good.Refresh)); a.Refresh == "" {
		t.Errorf("signed out by a code alone: %d %s", a.status, a.Error)
	}
}

// An access token that has expired is worth nothing, nor does it end anything (RFC 7009
// section 2.2).
func TestRevokeByExpired(t *testing.T) {
	w := newWorld(t)
	a := w.desktop(w.person(acme, "张三"))
	revoke := func() { w.browser().Post(w.issuer()+"/revoke", with(redeemDesktop(""), "token", a.Access)) }
	w.Advance(w.Base.Lifetimes.AccessToken)
	revoke()
	if a = w.token(renew(a.Refresh)); a.Refresh == "" {
		t.Fatalf("signed out by an expired token: %d %s", a.status, a.Error)
	}
	revoke()
	w.token(renew(a.Refresh)).want(t, "after a good token", "invalid_grant")
}
