package broker_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func (b *browser) signedIn() bool {
	_, err := b.w.store.Session(context.Background(), acme, b.session.ID, b.w.clock.Now())
	return err == nil
}

func TestEndSessionWithHint(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	a := w.token(redeem(b.code(ask())))
	w.clock.advance(w.base.Lifetimes.AccessToken * 2) // an expired hint is still a hint
	p := b.get(w.issuer() + "/end-session?" + url.Values{
		"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout}, "state": {"s t"},
	}.Encode())
	if p.header.Get("Location") != postLogout+"?state=s+t" || b.signedIn() {
		t.Errorf("status %d, location %q, signed in %v", p.status, p.header.Get("Location"), b.signedIn())
	}
	// Signed out already: straight on.
	p = b.get(w.issuer() + "/end-session?" + url.Values{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout}}.Encode())
	if p.header.Get("Location") != postLogout {
		t.Errorf("again: %q", p.header.Get("Location"))
	}
}

func TestEndSessionRedirectIsExact(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	a := w.token(redeem(b.code(ask())))
	for _, v := range []url.Values{
		{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {"https://evil.example/"}},
		{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout + "/"}},
		{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout + "?x"}},
		{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {appRedirect}},
		{"id_token_hint": {a.ID}, "client_id": {"handbook"}, "post_logout_redirect_uri": {postLogout}},
		{"client_id": {"handbook"}, "post_logout_redirect_uri": {postLogout}},
		{"client_id": {"nobody"}, "post_logout_redirect_uri": {postLogout}},
		{"post_logout_redirect_uri": {postLogout}},
		{"id_token_hint": {a.ID + "x"}},
		{"id_token_hint": {"eyJhbGciOiJub25lIn0.e30."}},
		{"id_token_hint": {a.ID, a.ID}},
	} {
		p := b.get(w.issuer() + "/end-session?" + v.Encode())
		if p.header.Get("Location") != "" || !strings.HasPrefix(p.body, "page: request_invalid") {
			t.Errorf("%v: status %d, location %q", v, p.status, p.header.Get("Location"))
		}
	}
	if !b.signedIn() {
		t.Error("a wrong request signed out")
	}
}

func TestEndSessionAsks(t *testing.T) {
	w := newWorld(t)
	li := w.browser()
	li.signIn(w.person(acme, "李四"))
	foreign := w.token(redeem(li.code(ask()))).ID
	for what, query := range map[string]string{
		"no hint": "", "client only": "?" + url.Values{"client_id": {"notes"}, "post_logout_redirect_uri": {postLogout}}.Encode(),
		"another's hint": "?id_token_hint=" + foreign,
	} {
		b := w.browser()
		b.signIn(w.person(acme, "张三"))
		p := b.get(w.issuer() + "/end-session" + query)
		if p.status != http.StatusOK || !strings.Contains(p.body, `id="confirm"`) || !b.signedIn() {
			t.Fatalf("%s: status %d, signed in %v", what, p.status, b.signedIn())
		}
		form := hidden(p)
		cross := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}}
		if p := b.do("POST", w.issuer()+"/end-session", form, cross); !strings.HasPrefix(p.body, "page: not_permitted") || !b.signedIn() {
			t.Errorf("%s: cross-site answer: status %d, signed in %v", what, p.status, b.signedIn())
		}
		forged := with(hidden(p), "token", strings.Repeat("A", 43))
		if p := b.post(w.issuer()+"/end-session", forged); !strings.HasPrefix(p.body, "page: sign_in_stale") || !b.signedIn() {
			t.Errorf("%s: forged answer: status %d, signed in %v", what, p.status, b.signedIn())
		}
		p = b.post(w.issuer()+"/end-session", form)
		if b.signedIn() {
			t.Errorf("%s: still signed in: %d %s", what, p.status, p.body)
		}
		if what == "client only" && p.header.Get("Location") != postLogout {
			t.Errorf("%s: location %q", what, p.header.Get("Location"))
		}
		if what == "no hint" && !strings.Contains(p.body, "signed out") {
			t.Errorf("%s: %s", what, p.body)
		}
	}
	if !li.signedIn() {
		t.Error("another browser was signed out")
	}
}

// The desktop's own id_token ends the browser's session of the same person, at once.
func TestEndSessionFromTheDesktop(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	hint := w.desktop(zhang).ID
	b, li := w.browser(), w.browser()
	b.signIn(zhang)
	li.signIn(w.person(acme, "李四"))
	b.get(w.issuer() + "/end-session?id_token_hint=" + hint)
	li.get(w.issuer() + "/end-session?id_token_hint=" + hint)
	if b.signedIn() || !li.signedIn() {
		t.Errorf("same person signed in %v, another %v", b.signedIn(), li.signedIn())
	}
}

// An app may ask by POST, from its own site, where no cookie comes along.
func TestEndSessionByPostIsKept(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	a := w.token(redeem(b.code(ask())))
	form := url.Values{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout}}
	cross := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}}
	p := w.browser().do("POST", w.issuer()+"/end-session", form, cross)
	if p.status != http.StatusSeeOther || !b.signedIn() {
		t.Fatalf("status %d, signed in %v", p.status, b.signedIn())
	}
	if p := b.get(w.url + p.header.Get("Location")); p.header.Get("Location") != postLogout || b.signedIn() {
		t.Errorf("status %d, location %q, signed in %v", p.status, p.header.Get("Location"), b.signedIn())
	}
}

// A request may name the language of its pages; the browser's own comes after.
func TestPagesFollowUILocales(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	out := w.browser()
	b.signIn(w.person(acme, "张三"))
	out.get(w.authorizeURL(ask("ui_locales", "fr zh-Hans-CN en")))
	if got := w.gate.begun[0].Locales; got != "fr zh-Hans-CN en" {
		t.Errorf("the trip upstream has locales %q", got)
	}
	for address, want := range map[string]string{
		w.authorizeURL(askDesktop("ui_locales", "fr zh-Hans-CN en")):                                           `lang="zh"`,
		w.authorizeURL(askDesktop("ui_locales", "fr")):                                                         `lang="en"`,
		w.authorizeURL(ask("ui_locales", "zh", "response_mode", "form_post")):                                  `lang="zh"`,
		w.issuer() + "/end-session?ui_locales=zh":                                                              `lang="zh"`,
		w.issuer() + "/end-session?ui_locales=" + url.QueryEscape("<b>, zh;q=0"):                               `lang="en"`,
		w.issuer() + "/end-session?" + url.Values{"client_id": {"notes"}, "logout_hint": {"someone"}}.Encode(): `id="confirm"`,
	} {
		if p := b.do("GET", address, nil, http.Header{"Accept-Language": {"en"}}); p.status != http.StatusOK || !strings.Contains(p.body, want) {
			t.Errorf("%s: status %d, want %s:\n%s", address, p.status, want, p.body)
		}
	}
}
