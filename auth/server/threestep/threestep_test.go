package threestep_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

// The three requests and answers of the document, letter by letter.
func TestAsTheDocumentShowsIt(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)

	p := b.Get(w.at("authorize?client_id=wps&response_type=code&redirect_uri=" + url.QueryEscape(asked) + "&state=s%20t"))
	back := p.Location()
	rest, ok := strings.CutPrefix(back, asked+"&code=")
	code, state, _ := strings.Cut(rest, "&state=")
	if p.Status != http.StatusFound || !ok || len(code) < 40 || state != "s+t" || p.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("authorize: %d, back to %s", p.Status, back)
	}
	status, v := w.token(trade(code))
	token, _ := v["access_token"].(string)
	if status != http.StatusOK || len(token) < 40 || v["expires_in"] != 300.0 || v["token_type"] == "" || len(v) != 3 {
		t.Fatalf("accessToken: %d %v", status, v)
	}
	status, v = w.who(token)
	if status != http.StatusOK || v["union_id"] != zhang.ID || v["user_name"] != "张三" || v["avatar"] != zhang.Avatar || len(v) != 3 {
		t.Errorf("userInfo: %d %v", status, v)
	}
	if !slices.Equal(w.back, [][3]string{{acme, zhang.ID, "wps"}}) {
		t.Errorf("who came back = %v", w.back)
	}
	for _, secret := range []string{code, token, appSecret, "code=", "kdocs"} {
		if strings.Contains(w.Log.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, w.Log.String())
		}
	}
	if strings.Contains(b.Get(w.at("authorize?"+ask("state", "").Encode())).Location(), "state") {
		t.Error("a state that was not sent comes back")
	}
}

// Every name is the application's.
func TestNamesOfTheApplication(t *testing.T) {
	w := newWorld(t)
	w.client(acme, "crm", server.Three{
		Params: map[string]string{
			"app_id": "appid", "redirect_uri": "redirect_url", "response_type": "type", "state": "st", "code": "oauth_code",
			"app_secret": "appkey", "grant_type": "grant", "access_token": "ticket",
		},
		Answers: map[string]string{"access_token": "ticket", "expires_in": "ttl", "user_id": "uid", "name": "nickname", "email": "mail"},
		Get:     true,
	})
	zhang := w.person(acme, "张三")
	zhang.Authoritative = map[string]string{"sub": "ZhangSan"}
	zhang.Email, zhang.EmailVerified = "zs@acme.example", true
	_, err := w.Store.UpsertPerson(context.Background(), zhang)
	must(t, err)
	b := w.browser()
	b.SignIn(zhang)
	p := b.Get(w.at("authorize?fixed=1&appid=crm&type=code&st=7&redirect_url=" + url.QueryEscape(callback+"&")))
	rest, ok := strings.CutPrefix(p.Location(), callback+"&oauth_code=")
	code, state, _ := strings.Cut(rest, "&st=")
	if !ok || state != "7" {
		t.Fatalf("authorize: %d %s %s", p.Status, p.Location(), p.Body)
	}
	_, v := w.fields(b.Get(w.at("accessToken?fixed=1&grant=authorization_code&appid=crm&appkey=" + url.QueryEscape(appSecret) + "&oauth_code=" + code)))
	token, _ := v["ticket"].(string)
	if token == "" || v["ttl"] != 300.0 {
		t.Fatalf("accessToken: %v", v)
	}
	_, v = w.fields(b.Get(w.at("userInfo?fixed=1&ticket=" + token)))
	if v["uid"] != "ZhangSan" || v["nickname"] != "张三" || v["mail"] != "zs@acme.example" {
		t.Errorf("userInfo: %v", v)
	}
	zhang.EmailVerified = false
	_, err = w.Store.UpsertPerson(context.Background(), zhang)
	must(t, err)
	if _, v = w.fields(b.Get(w.at("userInfo?ticket=" + token))); v["mail"] != nil || v["uid"] != "ZhangSan" {
		t.Errorf("userInfo with an address that nobody verified: %v", v)
	}
}

// Nobody signed in: by the company's page and back to the same request.
func TestSignsInFirst(t *testing.T) {
	w := newWorld(t)
	query := ask().Encode()
	p := w.Browser().Get(w.at("authorize?" + query))
	if p.Location() != "https://idp.example/authorize" || w.gate.Return != "/e/"+acme+"/three/authorize?"+query {
		t.Errorf("sent to %s, to come back to %s", p.Location(), w.gate.Return)
	}
}

// Nor does a session open an app that the company has not vouched for long enough.
func TestDue(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.Advance(5 * time.Hour)
	w.due = w.Now()
	if p := b.Get(w.at("authorize?" + ask().Encode())); p.Location() != "https://idp.example/authorize" {
		t.Fatalf("sent to %s", p.Location())
	}
	b.SignIn(w.person(acme, "张三"))
	b.code(ask())
}

func TestTimes(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	late := b.code(ask())
	w.Advance(61 * time.Second)
	if status, v := w.token(trade(late)); status != http.StatusBadRequest || v["error"] != "invalid_grant" {
		t.Errorf("code after a minute: %d %v", status, v)
	}
	token := b.given()
	w.Advance(299 * time.Second)
	if status, _ := w.who(token); status != http.StatusOK {
		t.Errorf("token after 299 s: %d", status)
	}
	w.Advance(2 * time.Second)
	if status, v := w.who(token); status != http.StatusUnauthorized || v["error"] != "invalid_token" {
		t.Errorf("token after 301 s: %d %v", status, v)
	}
	token, code := b.given(), b.code(ask())
	must(t, w.Store.EndSession(context.Background(), acme, b.Session.ID, w.Base.Time()))
	if status, v := w.token(trade(code)); status != http.StatusBadRequest || v["error"] != "invalid_grant" {
		t.Errorf("code after signing out: %d %v", status, v)
	}
	if status, _ := w.who(token); status != http.StatusUnauthorized {
		t.Errorf("token after signing out: %d", status)
	}
}

// Who may not open the client's app gets no code, and a token stops telling of them.
func TestAudience(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	token := b.given()
	address := w.at("authorize?" + ask().Encode())
	denied := func(what string) {
		t.Helper()
		if p := b.Get(address); p.Status == http.StatusFound || !strings.Contains(p.Body, "app_not_yours") {
			t.Errorf("%s: %d %s", what, p.Status, p.Body)
		}
		if status, v := w.who(token); status != http.StatusForbidden || v["error"] != "access_denied" {
			t.Errorf("%s: userInfo %d %v", what, status, v)
		}
	}
	w.closed["client crm"] = zhang.ID
	b.code(ask()) // another app than the one that is closed to them
	w.closed = map[string]string{"client wps": zhang.ID}
	denied("the app")
	w.closed = map[string]string{"app ": zhang.ID}
	denied("signing in")
}
