package broker_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth/server"
)

func with(form url.Values, changes ...string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		form.Del(changes[i])
		if changes[i+1] != "" {
			form.Set(changes[i], changes[i+1])
		}
	}
	return form
}

func TestCodeIsBound(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for _, c := range []struct {
		what    string
		changes []string
		want    string
	}{
		{"no code", []string{"code", ""}, "invalid_grant"},
		{"another code", []string{"code", "x"}, "invalid_grant"},
		{"no redirect", []string{"redirect_uri", ""}, "invalid_grant"},
		{"another redirect", []string{"redirect_uri", "http://127.0.0.1/native"}, "invalid_grant"},
		{"no verifier", []string{"code_verifier", ""}, "invalid_grant"},
		{"wrong verifier", []string{"code_verifier", strings.Repeat("w", 43)}, "invalid_grant"},
		{"challenge as verifier", []string{"code_verifier", challenge}, "invalid_grant"},
		{"short verifier", []string{"code_verifier", "v"}, "invalid_grant"},
		{"another client", []string{"client_id", "handbook", "client_secret", ""}, "invalid_grant"},
		{"the desktop client", []string{"client_id", "lanyard", "client_secret", ""}, "invalid_grant"},
		{"no secret", []string{"client_secret", ""}, "invalid_client"},
		{"wrong secret", []string{"client_secret", "x"}, "invalid_client"},
		{"unknown client", []string{"client_id", "nobody"}, "invalid_client"},
		{"no client", []string{"client_id", ""}, "invalid_client"},
		{"password grant", []string{"grant_type", "password"}, "unsupported_grant_type"},
		{"no grant", []string{"grant_type", ""}, "invalid_request"},
	} {
		w.token(with(redeem(b.code(ask())), c.changes...)).want(t, c.what, c.want)
	}
	code := b.code(ask())
	w.Advance(time.Minute)
	w.token(redeem(code)).want(t, "expired", "invalid_grant")
}

// A secret in the address does not count: addresses end in logs.
func TestParametersInTheAddressDoNotCount(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	form := redeem(b.code(ask()))
	if p := w.browser().Post(w.issuer()+"/token?"+form.Encode(), url.Values{"x": {"y"}}); p.Status == http.StatusOK {
		t.Errorf("status %d", p.Status)
	}
}

func TestClientAuthentication(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	basic := func(id, secret string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))}}
	}
	bare := func() url.Values { return with(redeem(b.code(ask())), "client_id", "", "client_secret", "") }
	for _, c := range []struct {
		what   string
		form   url.Values
		header http.Header
		status int
	}{
		{"basic", bare(), basic("notes", appSecret), 200},
		{"basic and the same client_id", with(bare(), "client_id", "notes"), basic("notes", appSecret), 200},
		{"basic and another client_id", with(bare(), "client_id", "handbook"), basic("notes", appSecret), 400},
		{"basic and secret", with(bare(), "client_secret", appSecret), basic("notes", appSecret), 400},
		{"wrong basic", bare(), basic("notes", "x"), 401},
		{"the hash as secret", bare(), basic("notes", server.Hash(appSecret)), 401},
		{"a secret of a public client", bare(), basic("handbook", "x"), 401},
		{"bearer", bare(), http.Header{"Authorization": {"Bearer x"}}, 401},
	} {
		p := w.browser().postWith(w.issuer()+"/token", c.form, c.header)
		if p.Status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.what, p.Status, c.status, p.Body)
		}
		if p.Header.Get("Cache-Control") != "no-store" || (p.Status == 401 && !strings.HasPrefix(p.Header.Get("WWW-Authenticate"), "Basic")) {
			t.Errorf("%s: header %v", c.what, p.Header)
		}
	}
}

// Whoever replays a code ends what it gave: one of the two uses was a thief's.
func TestCodeReplayRevokes(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))

	code := b.code(ask())
	a := w.token(redeem(code))
	w.token(redeem(code)).want(t, "replay", "invalid_grant")
	if p := w.bearer("/userinfo", a.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("access token after replay: status %d", p.Status)
	}
	form := with(renew(a.Refresh), "client_id", "notes", "client_secret", appSecret)
	w.token(form).want(t, "refresh after replay", "invalid_grant")
	b.code(ask()) // the browser's own session is not the code's

	code = b.desktopCode(askDesktop())
	a = w.token(redeemDesktop(code))
	sid, _ := a.claims(t)["sid"].(string)
	w.token(redeemDesktop(code)).want(t, "desktop replay", "invalid_grant")
	if _, err := w.Store.Session(context.Background(), acme, sid, w.Now()); err == nil {
		t.Error("the desktop's session stands after a replay")
	}
}

func TestCodeOfAnEndedSession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	code := b.code(ask())
	must(t, w.Store.EndSession(context.Background(), acme, b.Session.ID, w.Now()))
	w.token(redeem(code)).want(t, "code", "invalid_grant")
}

// Nothing of one enterprise is worth anything at another.
func TestAnotherEnterprise(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	elsewhere := w.URL + "/e/" + other

	w.tokenAt(elsewhere, redeem(b.code(ask()))).want(t, "code", "invalid_grant")
	if p := b.Get(elsewhere + "/authorize?" + ask().Encode()); location(p).Host != "idp.example" {
		t.Errorf("cookie: %v", location(p))
	}
	if p := b.Get(elsewhere + "/authorize?" + ask("client_id", "handbook", "redirect_uri", "https://handbook.example/cb").Encode()); p.Location() != "" {
		t.Errorf("client: %v", location(p))
	}
	a := w.token(redeem(b.code(ask())))
	p := w.browser().Do("GET", elsewhere+"/userinfo", "", http.Header{"Authorization": {"Bearer " + a.Access}})
	if p.Status != http.StatusUnauthorized {
		t.Errorf("access token: status %d", p.Status)
	}
	form := with(renew(a.Refresh), "client_id", "notes", "client_secret", appSecret)
	w.tokenAt(elsewhere, form).want(t, "refresh token", "invalid_grant")
	if q := location(b.Get(elsewhere + "/authorize?" + ask("id_token_hint", a.ID).Encode())).Query(); q.Get("error") != "invalid_request" {
		t.Errorf("hint at authorize: %v", q)
	}
	if p := b.Get(elsewhere + "/end-session?id_token_hint=" + a.ID); !strings.HasPrefix(p.Body, "page: request_invalid") {
		t.Errorf("hint at end-session: %q", p.Body)
	}
	if p := w.browser().Post(elsewhere+"/revoke", url.Values{"token": {a.Refresh}, "client_id": {"notes"}, "client_secret": {appSecret}}); p.Status != http.StatusOK {
		t.Errorf("revoke: status %d", p.Status)
	}
	if a := w.token(form); a.Access == "" {
		t.Errorf("revoked from elsewhere: %+v", a)
	}
	if w.URL+"/e/"+other == w.issuer() || keysOf(w, elsewhere) == keysOf(w, w.issuer()) {
		t.Error("two enterprises share keys")
	}
}

func keysOf(w *world, issuer string) string { return w.browser().Get(issuer + "/keys").Body }

// The old token answers the same new one until that one is used: an answer that got
// lost on its way costs nobody the sign-in.
func TestRefreshRepeatedGivesTheSameSuccessor(t *testing.T) {
	w := newWorld(t)
	a := w.desktop(w.person(acme, "张三"))
	second := w.token(renew(a.Refresh))
	again := w.token(renew(a.Refresh))
	if second.Refresh == "" || second.Refresh == a.Refresh || again.Refresh != second.Refresh {
		t.Fatalf("successors: rotated %v, same %v", second.Refresh != a.Refresh, again.Refresh == second.Refresh)
	}
	for _, token := range []string{second.Access, again.Access} {
		if p := w.bearer("/userinfo", token); p.Status != http.StatusOK {
			t.Errorf("access token: status %d", p.Status)
		}
	}
	if third := w.token(renew(second.Refresh)); third.Refresh == "" || third.Refresh == second.Refresh {
		t.Errorf("third: %+v", third)
	}
}

// Once the successor was used, the old token is a copy in the wrong hands.
func TestRefreshReuseRevokes(t *testing.T) {
	w := newWorld(t)
	a := w.desktop(w.person(acme, "张三"))
	second := w.token(renew(a.Refresh))
	third := w.token(renew(second.Refresh))
	w.token(renew(a.Refresh)).want(t, "reuse", "invalid_grant")
	w.token(renew(third.Refresh)).want(t, "the newest after reuse", "invalid_grant")
	if p := w.bearer("/userinfo", third.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("access token after reuse: status %d", p.Status)
	}
	sid, _ := a.claims(t)["sid"].(string)
	if _, err := w.Store.Session(context.Background(), acme, sid, w.Now()); err == nil {
		t.Error("the desktop's session stands after reuse")
	}
}

func TestConcurrentRefresh(t *testing.T) {
	w := newWorld(t)
	a := w.desktop(w.person(acme, "张三"))
	const callers = 8
	answers := make([]answer, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { answers[i] = w.token(renew(a.Refresh)) })
	}
	all.Wait()
	for i, got := range answers {
		if got.Refresh == "" || got.Refresh != answers[0].Refresh {
			t.Errorf("caller %d: status %d, error %q, same successor %v", i, got.status, got.Error, got.Refresh == answers[0].Refresh)
		}
	}
	if next := w.token(renew(answers[0].Refresh)); next.Refresh == "" {
		t.Errorf("after all: %+v", next)
	}
}

func TestRefreshTokenIsBoundToItsClient(t *testing.T) {
	w := newWorld(t)
	a := w.desktop(w.person(acme, "张三"))
	w.token(with(renew(a.Refresh), "client_id", "handbook")).want(t, "another client", "invalid_grant")
	w.token(with(renew(a.Refresh), "refresh_token", "")).want(t, "no token", "invalid_grant")
	w.token(with(renew(a.Refresh), "refresh_token", a.Access)).want(t, "an access token", "invalid_grant")
	w.token(with(renew(a.Refresh), "scope", "openid admin")).want(t, "wider scope", "invalid_scope")
	narrow := w.token(with(renew(a.Refresh), "scope", "openid"))
	if narrow.Scope != "openid" || narrow.claims(t)["name"] != nil {
		t.Errorf("narrower scope: %q, name %v", narrow.Scope, narrow.claims(t)["name"])
	}
	if full := w.token(renew(narrow.Refresh)); full.Scope != "openid profile email offline_access" {
		t.Errorf("the whole scope again: %q", full.Scope)
	}
}

// A desktop's session lives as long as its refresh token, however long ago its browser
// signed out; idle for longer than that, it is over.
func TestDesktopStaysSignedIn(t *testing.T) {
	w := newWorld(t)
	a := w.desktop(w.person(acme, "张三"))
	for range 4 {
		w.Advance(29 * 24 * time.Hour)
		if a = w.token(renew(a.Refresh)); a.Refresh == "" {
			t.Fatalf("refresh: %+v", a)
		}
	}
	w.Advance(30*24*time.Hour + time.Minute)
	w.token(renew(a.Refresh)).want(t, "idle too long", "invalid_grant")
}

// An app's tokens end with the browser's session.
func TestAppTokensHangOnTheBrowsersSession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	zhang := w.person(acme, "张三")
	b.SignIn(zhang)
	a := w.token(redeem(b.code(ask())))
	desktop := w.token(redeemDesktop(b.desktopCode(askDesktop())))
	must(t, w.Store.EndSession(context.Background(), acme, b.Session.ID, w.Now()))
	w.token(with(renew(a.Refresh), "client_id", "notes", "client_secret", appSecret)).want(t, "app", "invalid_grant")
	if p := w.bearer("/userinfo", a.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("app's access token: status %d", p.Status)
	}
	if renewed := w.token(renew(desktop.Refresh)); renewed.Refresh == "" {
		t.Errorf("the desktop was signed out with the browser: %+v", renewed)
	}
}

func TestLeaverIsToldSo(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	a := w.desktop(zhang)
	must(t, w.Store.EndPerson(context.Background(), acme, zhang.ID, w.Now()))
	got := w.token(renew(a.Refresh))
	if got.Error != "invalid_grant" || got.Description != "access_ended" {
		t.Errorf("got %q, %q", got.Error, got.Description)
	}
	if p := w.bearer("/userinfo", a.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("access token: status %d", p.Status)
	}
}

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	revoke := func(token, client, secret string) page {
		return w.browser().Post(w.issuer()+"/revoke", with(url.Values{"token": {token}, "client_id": {client}}, "client_secret", secret))
	}
	a := w.desktop(zhang)
	if p := revoke(a.Refresh, "handbook", ""); p.Status != http.StatusBadRequest {
		t.Errorf("by another client: status %d", p.Status)
	}
	if p := revoke(a.Refresh, "notes", "x"); p.Status != http.StatusUnauthorized {
		t.Errorf("without proof: status %d", p.Status)
	}
	if p := revoke("unknown", "lanyard", ""); p.Status != http.StatusOK {
		t.Errorf("unknown: status %d", p.Status)
	}
	second := w.token(renew(a.Refresh))
	if p := revoke(second.Refresh, "lanyard", ""); p.Status != http.StatusOK {
		t.Errorf("refresh token: status %d", p.Status)
	}
	w.token(renew(second.Refresh)).want(t, "after revocation", "invalid_grant")
	sid, _ := a.claims(t)["sid"].(string)
	if _, err := w.Store.Session(context.Background(), acme, sid, w.Now()); err == nil {
		t.Error("the desktop's session stands after revocation")
	}
	a = w.desktop(zhang)
	if p := revoke(a.Access, "lanyard", ""); p.Status != http.StatusOK {
		t.Errorf("access token: status %d", p.Status)
	}
	w.token(renew(a.Refresh)).want(t, "after revocation of the access token", "invalid_grant")
}

// An app's token opens userinfo and nothing else, a desktop's opens the API.
func TestAudience(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	zhang := w.person(acme, "张三")
	b.SignIn(zhang)
	app, desktop := w.token(redeem(b.code(ask()))), w.desktop(zhang)
	w.Mux.HandleFunc("GET /e/{enterprise}/v1/apps", func(rw http.ResponseWriter, r *http.Request) {
		if token, ok := w.broker.Bearer(rw, r, r.PathValue("enterprise"), server.AudienceAPI); ok {
			_, _ = rw.Write([]byte(token.PersonID))
		}
	})
	if p := w.bearer("/v1/apps", app.Access); p.Status != http.StatusUnauthorized || !strings.Contains(p.Body, "invalid_token") ||
		!strings.Contains(p.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("app's token at the API: status %d, %s", p.Status, p.Body)
	}
	if p := w.bearer("/v1/apps", desktop.Access); p.Status != http.StatusOK || p.Body != zhang.ID {
		t.Errorf("desktop's token at the API: status %d, %s", p.Status, p.Body)
	}
	for what, token := range map[string]string{"none": "", "id_token": desktop.ID, "refresh token": desktop.Refresh} {
		if p := w.bearer("/v1/apps", token); p.Status != http.StatusUnauthorized {
			t.Errorf("%s at the API: status %d", what, p.Status)
		}
	}
	w.Advance(11 * time.Minute)
	if p := w.bearer("/v1/apps", desktop.Access); p.Status != http.StatusUnauthorized {
		t.Errorf("expired token: status %d", p.Status)
	}
}

// No secret of a sign-in is in the log, at any level.
func TestLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	code := b.code(ask())
	a := w.token(redeem(code))
	w.token(redeem(code))
	w.token(with(redeem("wrong"), "client_secret", "guessed secret"))
	b.Get(w.authorizeURL(ask("id_token_hint", "hinted.token.x")))
	for what, secret := range map[string]string{
		"code": code, "access token": a.Access, "refresh token": a.Refresh, "id_token": a.ID, "verifier": verifier,
		"client secret": appSecret, "guessed secret": "guessed secret", "state": "the state", "nonce": "the nonce", "hint": "hinted.token",
	} {
		if strings.Contains(w.Log.String(), secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
}
