package broker_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

// An address that is not exactly registered gets nothing, not even an error.
func TestRedirectMismatchInEveryDisguise(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for _, uri := range []string{
		"", "https://evil.example/cb", "http://notes.example/cb", "https://notes.example/cb/",
		"https://notes.example/cb?x=1", "https://notes.example/cb#x", "https://notes.example/cb#",
		"https://notes.example:443/cb", "https://NOTES.example/cb", "https://notes.example/CB",
		"https://notes.example/cb/../cb", "https://notes.example/./cb", "https://notes.example//cb",
		"https://notes.example/%63b", "https://notes.example@evil.example/cb", "https://evil.example/https://notes.example/cb",
		"https://notes.example.evil.example/cb", `https://notes.example\@evil.example/cb`, "https://notes.example/cb ",
		" https://notes.example/cb", "https://notes.example/cb\n", "https://notes.example/cb%00", "javascript:alert(1)",
		"https://xn--ntes-5qa.example/cb", "//notes.example/cb",
		// On loopback the port is free, and nothing else is.
		"http://127.0.0.1:8080/native/", "http://127.0.0.1:8080/native?x", "http://127.0.0.1:8080/other",
		"http://127.0.0.1:8080@evil.example/native", "http://127.0.0.1.evil.example/native", "http://127.0.0.1:0/native",
		"http://127.0.0.1:65536/native", "http://127.0.0.1:/native", "http://127.0.0.1:080/native", "http://127.0.0.1:+80/native",
		"http://127.1/native", "http://2130706433/native", "http://localhost:8080/native", "http://[::1]:8080/native",
		"https://127.0.0.1:8080/native", "http://127.0.0.2:8080/native", "http://user@127.0.0.1:8080/native",
		"HTTP://127.0.0.1:8080/native", "http://127.0.0.1:8080", "http://127.0.0.1:80:80/native", "http://127.0.0.1:8080#/native",
	} {
		v := ask()
		v.Set("redirect_uri", uri)
		p := b.Get(w.authorizeURL(v))
		if p.Location() != "" || !strings.HasPrefix(p.Body, "page: request_invalid") {
			t.Errorf("redirect_uri %q: status %d, location %q", uri, p.Status, p.Location())
		}
	}
	for _, uri := range []string{appRedirect, "http://127.0.0.1/native", "http://127.0.0.1:1/native", "http://127.0.0.1:65535/native"} {
		if code := b.code(ask("redirect_uri", uri)); code == "" {
			t.Errorf("redirect_uri %q: no code", uri)
		}
	}
}

func TestUnknownClientIsAPage(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"", "nobody", "notes ", "NOTES"} {
		v := ask()
		v.Set("client_id", id)
		if p := w.browser().Get(w.authorizeURL(v)); p.Location() != "" || !strings.HasPrefix(p.Body, "page: request_invalid") {
			t.Errorf("client %q: status %d, location %q", id, p.Status, p.Location())
		}
	}
	if p := w.browser().Get(w.URL + "/e/nowhere/authorize?" + ask().Encode()); !strings.HasPrefix(p.Body, "page: enterprise_none") {
		t.Errorf("unknown enterprise: %q", p.Body)
	}
}

// A wrong request of a known client is told to the client, with state and iss.
func TestRequestErrorsGoToTheClient(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for _, c := range []struct {
		what string
		v    url.Values
		want string
	}{
		{"no PKCE", ask("code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		{"PKCE without method", ask("code_challenge_method", ""), "invalid_request"},
		{"PKCE plain", ask("code_challenge_method", "plain", "code_challenge", verifier), "invalid_request"},
		{"PKCE too short", ask("code_challenge", "c2hvcnQ"), "invalid_request"},
		{"PKCE not base64url", ask("code_challenge", strings.Repeat("*", 43)), "invalid_request"},
		{"PKCE missing for the desktop", askDesktop("code_challenge", ""), "invalid_request"},
		{"token", ask("response_type", "token"), "unsupported_response_type"},
		{"hybrid", ask("response_type", "code id_token"), "unsupported_response_type"},
		{"no response_type", ask("response_type", ""), "unsupported_response_type"},
		{"fragment", ask("response_mode", "fragment"), "invalid_request"},
		{"no openid", ask("scope", "profile"), "invalid_scope"},
		{"no scope", ask("scope", ""), "invalid_scope"},
		{"request object", ask("request", "e30.e30."), "request_not_supported"},
		{"request_uri", ask("request_uri", "https://evil.example/r"), "request_uri_not_supported"},
		{"registration", ask("registration", "{}"), "registration_not_supported"},
		{"prompt none and login", ask("prompt", "none login"), "invalid_request"},
		{"max_age", ask("max_age", "-1"), "invalid_request"},
		{"hint that is no token", ask("id_token_hint", "x.y.z"), "invalid_request"},
	} {
		q := location(b.Get(w.authorizeURL(c.v))).Query()
		if q.Get("error") != c.want || q.Get("state") != "the state" || q.Get("iss") != w.issuer() || q.Has("code") {
			t.Errorf("%s: got %v, want error %s", c.what, q, c.want)
		}
	}
}

func TestDuplicatedParametersAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for name := range ask("prompt", "login", "whatever", "x", "response_mode", "query") {
		address := w.authorizeURL(ask("prompt", "login", "whatever", "x", "response_mode", "query")) + "&" + name + "=" + url.QueryEscape(ask().Get(name))
		p := b.Get(address)
		decides := name == "client_id" || name == "redirect_uri"
		if decides && (p.Location() != "" || !strings.HasPrefix(p.Body, "page: request_invalid")) {
			t.Errorf("%s twice: status %d, location %q", name, p.Status, p.Location())
		}
		if q := location(p).Query(); !decides && (q.Get("error") != "invalid_request" || q.Has("code")) {
			t.Errorf("%s twice: got %v", name, q)
		}
	}
	form := redeem("x").Encode()
	for _, name := range []string{"code", "client_id", "code_verifier", "grant_type"} {
		r := form + "&" + name + "=x"
		values, err := url.ParseQuery(r)
		must(t, err)
		w.token(values).want(t, name+" twice", "invalid_request")
	}
}

func TestOversizedIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	if p := b.Get(w.authorizeURL(ask("state", strings.Repeat("s", 9<<10)))); !strings.HasPrefix(p.Body, "page: request_invalid") {
		t.Errorf("authorize: status %d", p.Status)
	}
	big := redeem(strings.Repeat("c", 64<<10))
	w.token(big).want(t, "token", "invalid_request")
	if p := b.Post(w.issuer()+"/authorize", url.Values{"token": {strings.Repeat("r", 64<<10)}}); !strings.HasPrefix(p.Body, "page: ") {
		t.Errorf("consent: status %d", p.Status)
	}
}

func TestSignedOutGoesUpstreamAndComesBack(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if p := b.Get(w.authorizeURL(ask("login_hint", "zs"))); location(p).Host != "idp.example" {
		t.Fatalf("signed out: %v", location(p))
	}
	if got := w.gate.Begun[0]; got.LoginHint != "zs" || got.Fresh {
		t.Errorf("begun with %+v", got)
	}
	b.SignIn(w.person(acme, "张三"))
	if q := location(b.Get(w.URL + w.gate.Return)).Query(); q.Get("code") == "" || q.Get("state") != "the state" {
		t.Errorf("came back to %q: %v", w.gate.Return, q)
	}
}

// An app may ask by POST (OpenID Connect Core section 3.1.2.1), from its own site, where no
// cookie comes along.
func TestAuthorizeByPost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	p := w.browser().postWith(w.issuer()+"/authorize", ask("state", "a&b=c"), http.Header{"Sec-Fetch-Site": {"cross-site"}})
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location(), "/e/"+acme+"/authorize?") {
		t.Fatalf("status %d, location %q, %s", p.Status, p.Location(), p.Body)
	}
	if q := location(b.Get(w.URL + p.Location())).Query(); q.Get("code") == "" || q.Get("state") != "a&b=c" {
		t.Errorf("came back with %v", q)
	}
	// The desktop's person is asked as ever.
	p = b.postWith(w.issuer()+"/authorize", with(askDesktop(), "answer", "yes"), http.Header{"Sec-Fetch-Site": {"cross-site"}})
	if p = b.Get(w.URL + p.Location()); p.Status != http.StatusOK || !strings.Contains(p.Body, `id="confirm"`) {
		t.Errorf("desktop: status %d, %s", p.Status, p.Body)
	}
}

func TestPromptNone(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	errorOf := func(v url.Values) string { return location(b.Get(w.authorizeURL(v))).Query().Get("error") }
	if got := errorOf(ask("prompt", "none")); got != "login_required" {
		t.Errorf("signed out: %q", got)
	}
	if got := errorOf(askDesktop("prompt", "none")); got != "interaction_required" {
		t.Errorf("desktop, signed out: %q", got)
	}
	b.SignIn(w.person(acme, "张三"))
	b.code(ask("prompt", "none"))
	if got := errorOf(askDesktop("prompt", "none")); got != "interaction_required" {
		t.Errorf("desktop, signed in: %q", got)
	}
	w.Advance(time.Hour)
	if got := errorOf(ask("prompt", "none", "max_age", "60")); got != "login_required" {
		t.Errorf("too old: %q", got)
	}
	if len(w.gate.Begun) != 0 {
		t.Error("prompt=none went upstream")
	}
}

// prompt=login and max_age go upstream, and the answer waits for a sign-in that is
// newer than the request.
func TestFreshSignIn(t *testing.T) {
	for _, change := range [][]string{{"prompt", "login"}, {"prompt", "select_account"}, {"max_age", "60"}} {
		w := newWorld(t)
		b := w.browser()
		zhang := w.person(acme, "张三")
		b.SignIn(zhang)
		w.Advance(2 * time.Minute)
		if p := b.Get(w.authorizeURL(ask(change...))); location(p).Host != "idp.example" || !w.gate.Begun[0].Fresh {
			t.Fatalf("%v: location %v", change, location(p))
		}
		ret := w.URL + w.gate.Return
		if p := b.Get(ret); location(p).Host != "idp.example" {
			t.Errorf("%v: back without a new sign-in: %v", change, location(p))
		}
		b.SignIn(zhang)
		if q := location(b.Get(ret)).Query(); q.Get("code") == "" {
			t.Errorf("%v: back with a new sign-in: %v", change, q)
		}
		w.Advance(time.Hour)
		if p := b.Get(ret); location(p).Host != "idp.example" {
			t.Errorf("%v: the same address an hour later: %v", change, location(p))
		}
	}
}

// Who is signed out has perhaps a session upstream that is too old: it is asked for no older
// one than the app takes.
func TestMaxAgeGoesUpstream(t *testing.T) {
	for text, want := range map[string]server.BeginOptions{
		"":     {TellAsker: true},
		"3600": {TellAsker: true, MaxAge: time.Hour},
		"1":    {TellAsker: true, Fresh: true, MaxAge: time.Second},
		"0":    {TellAsker: true, Fresh: true},
	} {
		w := newWorld(t)
		w.browser().Get(w.authorizeURL(ask("max_age", text)))
		if got := w.gate.Begun[0]; got != want {
			t.Errorf("max_age %q: begun with %+v, want %+v", text, got, want)
		}
	}
}

// The marker of a fresh sign-in belongs to one request.
func TestFreshMarkerCannotBeMoved(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.Get(w.authorizeURL(ask("prompt", "login")))
	_, marker, _ := strings.Cut(w.gate.Return, "&lanyard_since=")
	b.SignIn(w.person(acme, "张三"))
	for what, address := range map[string]string{
		"another request": w.authorizeURL(ask("prompt", "login", "nonce", "another")) + "&lanyard_since=" + marker,
		"another time":    w.authorizeURL(ask("prompt", "login")) + "&lanyard_since=1" + marker,
		"no proof":        w.authorizeURL(ask("prompt", "login")) + "&lanyard_since=0.",
	} {
		if p := b.Get(address); location(p).Host != "idp.example" {
			t.Errorf("%s: %v", what, location(p))
		}
	}
}

func TestHintOfAnotherPerson(t *testing.T) {
	w := newWorld(t)
	li := w.browser()
	li.SignIn(w.person(acme, "李四"))
	hint := w.token(redeem(li.code(ask()))).ID

	b := w.browser()
	zhang := w.person(acme, "张三")
	b.SignIn(zhang)
	if q := location(b.Get(w.authorizeURL(ask("id_token_hint", hint, "prompt", "none")))).Query(); q.Get("error") != "login_required" {
		t.Errorf("prompt=none: %v", q)
	}
	if p := b.Get(w.authorizeURL(ask("id_token_hint", hint))); location(p).Host != "idp.example" {
		t.Fatalf("hint: %v", location(p))
	}
	b.SignIn(zhang) // again the wrong one
	if q := location(b.Get(w.URL + w.gate.Return)).Query(); q.Get("error") != "login_required" || q.Has("code") {
		t.Errorf("wrong person came back: %v", q)
	}
	li.code(ask("id_token_hint", hint))
}

func TestAuthorizeAnswersAreNeverKept(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	p := b.Get(w.authorizeURL(ask()))
	if p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Referrer-Policy") != "no-referrer" || p.Status != http.StatusSeeOther {
		t.Errorf("status %d, header %v", p.Status, p.Header)
	}
}
