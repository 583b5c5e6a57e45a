package broker_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// list keeps everybody but the accounts from an app of Acme.
func (w *world) list(app string, accounts ...string) {
	w.T.Helper()
	must(w.T, w.Store.SaveApp(context.Background(), server.App{ID: app, EnterpriseID: acme}))
	a := server.Audience{EnterpriseID: acme, AppID: app}
	for _, account := range accounts {
		a.Members = append(a.Members, server.Member{Account: account})
	}
	must(w.T, w.Store.SaveAudience(context.Background(), a))
}

// An app that is not the person's gives its client no code, whichever way one asks.
func TestAppOfOthers(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.list("notes", "somebody")
	if p := b.Get(w.authorizeURL(ask())); p.Status != http.StatusBadRequest || !strings.HasPrefix(p.Body, "page: app_not_yours") {
		t.Errorf("status %d, location %q, %s", p.Status, location(p), p.Body)
	}
	if p := b.Get(w.authorizeURL(ask("prompt", "none"))); location(p).Query().Get("error") != "access_denied" || location(p).Query().Get("code") != "" {
		t.Errorf("prompt=none: status %d, location %q", p.Status, location(p))
	}
	// Another app of theirs opens, and so does the desktop program.
	b.code(ask("client_id", "handbook", "redirect_uri", "https://handbook.example/cb"))
	b.desktopCode(askDesktop())
	w.list("notes", "zs@acme.example")
	if a := w.token(redeem(b.code(ask()))); a.Access == "" {
		t.Errorf("on the list: %+v", a)
	}
}

// Whoever measures launches hears that an app came back, once, and nothing of the desktop.
func TestBack(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	zhang := w.person(acme, "张三")
	b.SignIn(zhang)
	code := b.code(ask())
	if len(w.back) != 0 {
		t.Errorf("a code alone counts: %v", w.back)
	}
	w.token(with(redeem(code), "code_verifier", "x")).want(t, "refused", "invalid_grant")
	w.token(redeem(b.code(ask())))
	w.desktop(zhang)
	if len(w.back) != 1 || w.back[0] != [3]string{acme, zhang.ID, "notes"} {
		t.Errorf("heard %v", w.back)
	}
}

func TestNativeCode(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	must(t, w.Store.SaveClient(t.Context(), server.Client{
		ID: "cad", EnterpriseID: acme, Name: "CAD", RedirectURIs: []string{"http://127.0.0.1/callback"},
	}))
	redeemed := func(code server.NativeCode, changes ...string) answer {
		t.Helper()
		return w.token(with(redeem(code.Code.Reveal()), append([]string{
			"client_id", code.ClientID, "client_secret", "", "redirect_uri", code.RedirectURI,
		}, changes...)...))
	}
	mint := func() server.NativeCode {
		t.Helper()
		code, err := w.broker.NativeCode(t.Context(), b.Session, "cad", challenge)
		must(t, err)
		return code
	}
	code := mint()
	if code.ExpiresAt != w.Now().Add(time.Minute) || code.ClientID != "cad" || code.RedirectURI != "http://127.0.0.1/callback" {
		t.Errorf("code %+v", code)
	}
	got := redeemed(code)
	if claims := got.claims(t); claims["sub"] != zhang.ID || claims["aud"] != "cad" || claims["name"] != "张三" || got.Refresh != "" {
		t.Errorf("claims %v, refresh token: %v", claims, got.Refresh != "")
	}
	if p := w.bearer("/userinfo", got.Access); p.Status != http.StatusOK {
		t.Errorf("userinfo: %d", p.Status)
	}
	redeemed(code).want(t, "a second time", "invalid_grant")
	if p := w.bearer("/userinfo", got.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("after the second time the first one's token opens userinfo: %d", p.Status)
	}
	redeemed(mint(), "code_verifier", strings.Repeat("w", 43)).want(t, "another's verifier", "invalid_grant")
	redeemed(mint(), "client_id", "handbook").want(t, "another client", "invalid_grant")
	redeemed(mint(), "client_id", "lanyard").want(t, "the desktop", "invalid_grant")
	redeemed(mint(), "redirect_uri", "http://127.0.0.1/other").want(t, "another redirect", "invalid_grant")
	late := mint()
	w.Advance(time.Minute)
	redeemed(late).want(t, "after a minute", "invalid_grant")
	ended := mint()
	must(t, w.Store.EndSession(t.Context(), acme, b.Session.ID, w.Base.Time()))
	redeemed(ended).want(t, "signed out", "invalid_grant")

	for client, want := range map[string]error{"notes": auth.ErrNotFound, "lanyard": auth.ErrNotFound, "nobody": auth.ErrNotFound} {
		if _, err := w.broker.NativeCode(t.Context(), b.Session, client, challenge); !errors.Is(err, want) {
			t.Errorf("client %s: %v", client, err)
		}
	}
	for _, bad := range []string{"", "plain", challenge + "=", strings.Repeat("A", 44)} {
		if _, err := w.broker.NativeCode(t.Context(), b.Session, "cad", bad); !errors.Is(err, auth.ErrUsage) {
			t.Errorf("challenge %q: %v", bad, err)
		}
	}
	foreign := b.Session
	foreign.EnterpriseID = other
	if _, err := w.broker.NativeCode(t.Context(), foreign, "cad", challenge); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("another enterprise's client: %v", err)
	}
}

func TestMintedIDToken(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	token, err := w.broker.IDToken(t.Context(), b.Session, "handbook")
	must(t, err)
	claims := answer{ID: token.Reveal()}.claims(t)
	if claims["iss"] != w.issuer() || claims["aud"] != "handbook" || claims["sub"] != zhang.ID || claims["email"] != "zs@acme.example" {
		t.Errorf("claims %v", claims)
	}
	now := float64(w.Now().Unix())
	if exp, _ := claims["exp"].(float64); exp <= now || exp > now+600 {
		t.Errorf("expires %v, now %v", exp, now)
	}
	for _, client := range []string{"lanyard", "nobody"} {
		if _, err := w.broker.IDToken(t.Context(), b.Session, client); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("client %s: %v", client, err)
		}
	}
}
