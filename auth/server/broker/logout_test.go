package broker_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func (b *browser) signedIn() bool {
	_, err := b.w.Store.Session(context.Background(), acme, b.Session.ID, b.w.Now())
	return err == nil
}

func TestEndSessionWithHint(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	a := w.token(redeem(b.code(ask())))
	w.Advance(w.Base.Lifetimes.AccessToken * 2) // an expired hint is still a hint
	p := b.Get(w.issuer() + "/end-session?" + url.Values{
		"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout}, "state": {"s t"},
	}.Encode())
	if p.Location() != postLogout+"?state=s+t" || b.signedIn() {
		t.Errorf("status %d, location %q, signed in %v", p.Status, p.Location(), b.signedIn())
	}
	// Signed out already: straight on.
	p = b.Get(w.issuer() + "/end-session?" + url.Values{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout}}.Encode())
	if p.Location() != postLogout {
		t.Errorf("again: %q", p.Location())
	}
}

func TestEndSessionRedirectIsExact(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
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
		p := b.Get(w.issuer() + "/end-session?" + v.Encode())
		if p.Location() != "" || !strings.HasPrefix(p.Body, "page: request_invalid") {
			t.Errorf("%v: status %d, location %q", v, p.Status, p.Location())
		}
	}
	if !b.signedIn() {
		t.Error("a wrong request signed out")
	}
}

func TestEndSessionAsks(t *testing.T) {
	w := newWorld(t)
	li := w.browser()
	li.SignIn(w.person(acme, "李四"))
	foreign := w.token(redeem(li.code(ask()))).ID
	for what, query := range map[string]string{
		"no hint": "", "client only": "?" + url.Values{"client_id": {"notes"}, "post_logout_redirect_uri": {postLogout}}.Encode(),
		"another's hint": "?id_token_hint=" + foreign,
	} {
		b := w.browser()
		b.SignIn(w.person(acme, "张三"))
		p := b.Get(w.issuer() + "/end-session" + query)
		if p.Status != http.StatusOK || !strings.Contains(p.Body, `id="confirm"`) || !b.signedIn() {
			t.Fatalf("%s: status %d, signed in %v", what, p.Status, b.signedIn())
		}
		form := hidden(p)
		cross := http.Header{"Sec-Fetch-Site": {"cross-site"}}
		if p := b.postWith(w.issuer()+"/end-session", form, cross); !strings.HasPrefix(p.Body, "page: not_permitted") || !b.signedIn() {
			t.Errorf("%s: cross-site answer: status %d, signed in %v", what, p.Status, b.signedIn())
		}
		forged := with(hidden(p), "token", strings.Repeat("A", 43))
		if p := b.Post(w.issuer()+"/end-session", forged); !strings.HasPrefix(p.Body, "page: sign_in_stale") || !b.signedIn() {
			t.Errorf("%s: forged answer: status %d, signed in %v", what, p.Status, b.signedIn())
		}
		p = b.Post(w.issuer()+"/end-session", form)
		if b.signedIn() {
			t.Errorf("%s: still signed in: %d %s", what, p.Status, p.Body)
		}
		if what == "client only" && p.Location() != postLogout {
			t.Errorf("%s: location %q", what, p.Location())
		}
		if what == "no hint" && !strings.Contains(p.Body, "signed out") {
			t.Errorf("%s: %s", what, p.Body)
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
	b.SignIn(zhang)
	li.SignIn(w.person(acme, "李四"))
	b.Get(w.issuer() + "/end-session?id_token_hint=" + hint)
	li.Get(w.issuer() + "/end-session?id_token_hint=" + hint)
	if b.signedIn() || !li.signedIn() {
		t.Errorf("same person signed in %v, another %v", b.signedIn(), li.signedIn())
	}
}

// An app may ask by POST, from its own site, where no cookie comes along.
func TestEndSessionByPostIsKept(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	a := w.token(redeem(b.code(ask())))
	form := url.Values{"id_token_hint": {a.ID}, "post_logout_redirect_uri": {postLogout}}
	cross := http.Header{"Sec-Fetch-Site": {"cross-site"}}
	p := w.browser().postWith(w.issuer()+"/end-session", form, cross)
	if p.Status != http.StatusSeeOther || !b.signedIn() {
		t.Fatalf("status %d, signed in %v", p.Status, b.signedIn())
	}
	if p := b.Get(w.URL + p.Location()); p.Location() != postLogout || b.signedIn() {
		t.Errorf("status %d, location %q, signed in %v", p.Status, p.Location(), b.signedIn())
	}
}

// A request may name the language of its pages; the browser's own comes after.
func TestPagesFollowUILocales(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	out := w.browser()
	b.SignIn(w.person(acme, "张三"))
	out.Get(w.authorizeURL(ask("ui_locales", "fr zh-Hans-CN en")))
	if got := w.gate.Begun[0].Locales; got != "fr zh-Hans-CN en" {
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
		if p := b.Do("GET", address, "", http.Header{"Accept-Language": {"en"}}); p.Status != http.StatusOK || !strings.Contains(p.Body, want) {
			t.Errorf("%s: status %d, want %s:\n%s", address, p.Status, want, p.Body)
		}
	}
}
