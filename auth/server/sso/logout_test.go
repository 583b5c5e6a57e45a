package sso_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/server"
)

// upstreamed is a world whose people sign in at an OpenID provider.
func upstreamed(t *testing.T) (*world, *authtest.Provider) {
	t.Helper()
	w := newWorld(t)
	p := authtest.NewProvider(t, authtest.Faults{})
	p.Now = w.Now
	p.Redirects = []string{w.URL + "/c/oidc1/callback", w.URL + "/c/oidc2/callback"}
	p.User["sid"] = "session-1"
	w.connect(acme, "oidc1", "", oidc(p))
	return w, p
}

// told posts a logout token to a connector and returns the status.
func (w *world) told(connector, token string) int {
	w.T.Helper()
	p := w.browser().Post(w.URL+"/c/"+connector+"/logout", url.Values{"logout_token": {token}})
	if p.Header.Get("Cache-Control") != "no-store" || strings.Contains(p.Body, "<") {
		w.T.Errorf("answered %v %s", p.Header, p.Body)
	}
	return p.Status
}

// The end of one session there ends the browsers' that stand on it, and what was launched
// from them, and nothing else.
func TestUpstreamLogoutOfOneSession(t *testing.T) {
	w, p := upstreamed(t)
	first := w.browser()
	first.signInAt(acme)
	p.User["sid"] = "session-2"
	second := w.browser()
	second.signInAt(acme)
	desktop := server.Session{
		ID: "desktop", EnterpriseID: acme, PersonID: w.personOf(second), Client: server.DesktopClient,
		CreatedAt: w.Now(), ExpiresAt: w.Now().Add(time.Hour),
	}
	must(t, w.Store.SaveSession(context.Background(), desktop))

	token := p.LogoutToken(authtest.Faults{}, func(c map[string]any) { c["sid"] = "session-1" })
	if status := w.told("oidc1", token); status != http.StatusOK {
		t.Fatalf("logout: status %d", status)
	}
	if first.signedIn(acme) || !second.signedIn(acme) {
		t.Errorf("its own browser signed in %v, another %v", first.signedIn(acme), second.signedIn(acme))
	}
	if _, err := w.Store.Session(context.Background(), acme, "desktop", w.Now()); err != nil {
		t.Errorf("the desktop: %v", err)
	}
	if status := w.told("oidc1", token); status != http.StatusBadRequest {
		t.Errorf("the same token again: status %d", status)
	}
	// One that nobody stands on is no error, nor one about somebody without a name.
	for _, sid := range []string{"session-9", "session-1"} {
		if status := w.told("oidc1", p.LogoutToken(authtest.Faults{}, func(c map[string]any) { c["sid"] = sid; delete(c, "sub") })); status != http.StatusOK {
			t.Errorf("logout of %s: status %d", sid, status)
		}
	}
	if strings.Contains(w.Log.String(), token) || strings.Contains(w.Log.String(), "session-1") {
		t.Error("the log holds the token or the provider's session")
	}
}

// A token that names a person and no session ends all that they have here.
func TestUpstreamLogoutOfAPerson(t *testing.T) {
	w, p := upstreamed(t)
	zhang, li := w.browser(), w.browser()
	zhang.signInAt(acme)
	desktop := server.Session{
		ID: "desktop", EnterpriseID: acme, PersonID: w.personOf(zhang), Client: server.DesktopClient,
		CreatedAt: w.Now(), ExpiresAt: w.Now().Add(time.Hour),
	}
	must(t, w.Store.SaveSession(context.Background(), desktop))
	token := p.LogoutToken(authtest.Faults{}, func(c map[string]any) { delete(c, "sid") })
	p.User["sub"] = "u-1002"
	li.signInAt(acme)
	if status := w.told("oidc1", token); status != http.StatusOK {
		t.Fatalf("logout: status %d", status)
	}
	if zhang.signedIn(acme) || !li.signedIn(acme) {
		t.Errorf("the person signed in %v, another %v", zhang.signedIn(acme), li.signedIn(acme))
	}
	if _, err := w.Store.Session(context.Background(), acme, "desktop", w.Now()); err == nil {
		t.Error("the desktop stands")
	}
	zhang.signInAt(acme) // whoever comes again is let in
}

// What could not be ended is ended when the provider says so again.
func TestUpstreamLogoutAgain(t *testing.T) {
	w, p := upstreamed(t)
	b := w.browser()
	b.signInAt(acme)
	token := p.LogoutToken(authtest.Faults{}, func(c map[string]any) { c["sid"] = "session-1" })
	w.down = errors.New("database is away")
	if status := w.told("oidc1", token); status != http.StatusServiceUnavailable {
		t.Errorf("while the database is away: status %d", status)
	}
	w.down = nil
	if status := w.told("oidc1", token); status != http.StatusOK || b.signedIn(acme) {
		t.Errorf("again: status %d, signed in %v", status, b.signedIn(acme))
	}
}

// What is no logout token of that provider for us ends nothing.
func TestUpstreamLogoutRefusals(t *testing.T) {
	w, p := upstreamed(t)
	b := w.browser()
	b.signInAt(acme)
	stranger := authtest.NewProvider(t, authtest.Faults{})
	stranger.Now, stranger.User["sid"] = w.Now, "session-1"
	made := func(f authtest.Faults, change func(c map[string]any)) string { return p.LogoutToken(f, change) }
	set := func(name string, value any) string {
		return made(authtest.Faults{}, func(c map[string]any) { c[name] = value })
	}
	without := func(name string) string {
		return made(authtest.Faults{}, func(c map[string]any) { delete(c, name) })
	}
	for what, token := range map[string]string{
		"nothing":                "",
		"no token":               "x.y.z",
		"alg none":               made(authtest.Faults{Alg: "none"}, nil),
		"HS256 by the key":       made(authtest.Faults{Alg: "HS256"}, nil),
		"bad signature":          made(authtest.Faults{BadSignature: true}, nil),
		"unknown key":            made(authtest.Faults{Kid: "another"}, nil),
		"another provider":       stranger.LogoutToken(authtest.Faults{}, nil),
		"another provider's":     stranger.LogoutToken(authtest.Faults{}, func(c map[string]any) { c["iss"] = p.Issuer }),
		"another issuer":         set("iss", "https://evil.example"),
		"another audience":       set("aud", "somebody-else"),
		"no audience":            without("aud"),
		"expired":                set("exp", w.Now().Add(-time.Minute).Unix()),
		"never expires":          without("exp"),
		"from the future":        set("iat", w.Now().Add(time.Hour).Unix()),
		"no time":                without("iat"),
		"no id":                  without("jti"),
		"no event":               without("events"),
		"another event":          set("events", map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}),
		"a nonce":                set("nonce", "n"),
		"an empty nonce":         set("nonce", ""),
		"about nobody":           made(authtest.Faults{}, func(c map[string]any) { delete(c, "sub"); delete(c, "sid") }),
		"the sign-in's id_token": w.idToken(b),
	} {
		if status := w.told("oidc1", token); status != http.StatusBadRequest || !b.signedIn(acme) {
			t.Errorf("%s: status %d, signed in %v", what, status, b.signedIn(acme))
		}
	}
	good := p.LogoutToken(authtest.Faults{}, nil)
	v := newVendor(t, "u-1001", "张三")
	w.connect(other, "three", "AK20261121QWERTY", v.connector("/oauth/v1/code"))
	w.connect(other, "oidc2", "", oidc(p))
	for connector, want := range map[string]int{"unknown": 400, "three": 400, "oidc2": 200} {
		if status := w.told(connector, good); status != want || !b.signedIn(acme) {
			t.Errorf("to %s: status %d, signed in %v", connector, status, b.signedIn(acme))
		}
	}
	// GET and a token in the address are nothing.
	if page := w.browser().Get(w.URL + "/c/oidc1/logout?logout_token=" + good); page.Status == http.StatusOK || !b.signedIn(acme) {
		t.Errorf("by GET: status %d", page.Status)
	}
	if status := w.told("oidc1", good); status != http.StatusOK || b.signedIn(acme) {
		t.Errorf("at last: status %d, signed in %v", status, b.signedIn(acme))
	}
}

// A provider whose keys cannot be fetched may try again.
func TestUpstreamLogoutWithoutKeys(t *testing.T) {
	w := newWorld(t)
	p := authtest.NewProvider(t, authtest.Faults{Answer: map[string]http.HandlerFunc{"/keys": authtest.Status(503)}})
	p.Now = w.Now
	w.connect(acme, "oidc1", "", oidc(p))
	if status := w.told("oidc1", p.LogoutToken(authtest.Faults{}, nil)); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

// personOf returns who is signed in.
func (w *world) personOf(b *browser) string {
	w.T.Helper()
	return strings.TrimPrefix(b.Get(w.URL+"/e/"+acme+"/home").Body, "home of ")
}

// idToken returns the upstream's id_token of the browser's session.
func (w *world) idToken(b *browser) string {
	w.T.Helper()
	person := w.personOf(b)
	sessions, err := w.Store.SessionsOf(context.Background(), acme, person, w.Now())
	must(w.T, err)
	plain, err := w.Base.Sealer.Open(sessions[0].Upstream, "upstream "+person)
	must(w.T, err)
	_, rest, _ := strings.Cut(string(plain), `"id_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	if strings.Count(token, ".") != 2 {
		w.T.Fatalf("no id_token is kept: %s", auth.NewSecret(token))
	}
	return token
}
