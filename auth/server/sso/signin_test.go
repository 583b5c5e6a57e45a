package sso_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

const stalePage = "This sign-in has ended"

// A browser goes to the company's three interfaces and comes back to where it was.
func TestSignInByThreeInterfaces(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "AK20261121QWERTY", v.connector("/oauth/v1/code"))
	w.opts = server.BeginOptions{LoginHint: "zs", Fresh: true, Reference: "4829-1375"}
	b := w.browser()
	callback := b.callback("/e/" + acme + "/home?a=1&b=%2F")
	if got := v.asked.Get("redirect_uri"); got != w.URL+"/oauth/v1/code?app_id=AK20261121QWERTY" {
		t.Errorf("redirect_uri %q", got)
	}
	if v.asked.Get("prompt") != "login" || v.asked.Get("login_hint") != "zs" || len(v.asked.Get("state")) != 64 {
		t.Errorf("asked %v", v.asked)
	}
	p := b.Get(callback)
	if p.Status != http.StatusSeeOther || p.Location() != "/e/"+acme+"/home?a=1&b=%2F" {
		t.Fatalf("status %d, location %q, %s", p.Status, p.Location(), p.Body)
	}
	if home := b.Get(p.Location()); !strings.HasPrefix(home.Body, "home of ") {
		t.Errorf("home: %d %s", home.Status, home.Body)
	}
	lines := w.logged("4829-1375")
	if len(lines) != 1 || lines[0].Fault != "" || lines[0].Stage != "person" || lines[0].ConnectorID != "conn1" || lines[0].PersonID == "" {
		t.Fatalf("log %+v", lines)
	}
	person, err := w.Store.Person(context.Background(), acme, lines[0].PersonID)
	must(t, err)
	if person.Name != "张三" || person.ID == "u-1" {
		t.Errorf("person %+v", person)
	}
	sessions, err := w.Store.SessionsOf(context.Background(), acme, person.ID, w.Now())
	must(t, err)
	if len(sessions) != 1 || !sessions[0].AuthTime.Equal(w.Now()) || !sessions[0].ProvenAt.Equal(w.Now()) || sessions[0].Client != "browser" {
		t.Fatalf("sessions %+v", sessions)
	}
	plain, err := w.Base.Sealer.Open(sessions[0].Upstream, "upstream "+person.ID)
	must(t, err)
	if !strings.Contains(string(plain), vendorAgain) {
		t.Error("the vendor's refresh token was not kept")
	}
	// The same person is the same one next time, in another browser too.
	if again := w.browser().signInAt(acme); again.Body != "home of "+person.ID {
		t.Errorf("second sign-in: %s", again.Body)
	}
}

// No app loosens what the company asks for by itself.
func TestConnectorsOwnMaxAge(t *testing.T) {
	w := newWorld(t)
	p := authtest.NewProvider(t, authtest.Faults{})
	p.Now = w.Now
	p.Redirects = []string{w.URL + "/c/oidc1/callback"}
	strict := oidc(p)
	strict.OIDC.Extra = []connector.Pair{{"max_age", "600"}}
	w.connect(acme, "oidc1", "", strict)
	w.opts = server.BeginOptions{MaxAge: time.Hour}
	w.browser().signInAt(acme)
	if asked := p.Last("/authorize"); asked.Get("max_age") != "600" {
		t.Errorf("asked %v", asked)
	}
}

func TestSignInByOpenID(t *testing.T) {
	w := newWorld(t)
	p := authtest.NewProvider(t, authtest.Faults{})
	p.Now = w.Now
	p.Redirects = []string{w.URL + "/c/oidc1/callback"}
	w.connect(acme, "oidc1", "", oidc(p))
	w.opts = server.BeginOptions{Fresh: true, LoginHint: "zs"}
	b := w.browser()
	if home := b.signInAt(acme); !strings.HasPrefix(home.Body, "home of ") {
		t.Fatalf("home: %d %s", home.Status, home.Body)
	}
	if asked := p.Last("/authorize"); asked.Get("prompt") != "login" || asked.Get("max_age") != "60" || asked.Get("login_hint") != "zs" || asked.Get("code_challenge_method") != "S256" {
		t.Errorf("asked %v", asked)
	}
	w.opts = server.BeginOptions{MaxAge: time.Hour}
	w.browser().signInAt(acme)
	if asked := p.Last("/authorize"); asked.Has("prompt") || asked.Get("max_age") != "3600" {
		t.Errorf("an hour old at most: asked %v", asked)
	}
	if n := p.Count("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("discovery was asked %d times", n)
	}
	w.Advance(11 * time.Minute)
	w.browser().signInAt(acme)
	if n := p.Count("/.well-known/openid-configuration"); n != 2 {
		t.Errorf("discovery was asked %d times after its life", n)
	}
}

func oidc(p *authtest.Provider) connector.Connector {
	return connector.Connector{
		Schema: connector.Schema, ID: "oidc", Kind: connector.KindOIDC, Redirect: connector.Redirect{Via: "broker"},
		OIDC: &connector.OIDC{Issuer: p.Issuer, ClientID: authtest.ClientID, Scopes: []string{"openid", "profile"}},
	}
}

func TestOpenIDFaults(t *testing.T) {
	for _, c := range []struct {
		what   string
		faults authtest.Faults
		title  string
		fault  auth.Fault
		stage  string
	}{
		{"denied", authtest.Faults{Deny: "access_denied"}, "Not let in", auth.SignInDenied, "authorize"},
		{"another issuer's answer", authtest.Faults{Callback: func(q url.Values) { q.Set("iss", "https://evil.example") }}, "The sign-in failed a safety check", auth.TokenInvalid, "token"},
		{"bad signature", authtest.Faults{BadSignature: true}, "The sign-in failed a safety check", auth.TokenInvalid, "token"},
		{"wrong nonce", authtest.Faults{Claims: func(m map[string]any) { m["nonce"] = "x" }}, "The sign-in failed a safety check", auth.TokenInvalid, "token"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			p := authtest.NewProvider(t, c.faults)
			p.Now = w.Now
			p.Redirects = []string{w.URL + "/c/oidc1/callback"}
			w.connect(acme, "oidc1", "", oidc(p))
			b := w.browser()
			reference := wantRefused(t, b.Get(b.callback("/e/"+acme+"/home")), c.what, c.title)
			lines := w.logged(reference)
			if len(lines) != 1 || lines[0].Fault != c.fault || lines[0].Stage != c.stage {
				t.Errorf("log %+v", lines)
			}
			if b.signedIn(acme) {
				t.Error("signed in")
			}
		})
	}
}

// A provider's form_post comes from another site, where our cookies stay at home.
func TestFormPostIsAnsweredBeforeAnyCookie(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "AK1", v.connector("/oauth/v1/code"))
	b := w.browser()
	u, err := url.Parse(b.callback("/e/" + acme + "/home"))
	must(t, err)
	form := u.Query()
	form.Del("app_id")
	p := w.browser().Post("/oauth/v1/code?app_id=AK1", form) // no cookie comes along
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location(), "/oauth/v1/code?") {
		t.Fatalf("status %d, location %q", p.Status, p.Location())
	}
	if p := b.Get(p.Location()); p.Location() != "/e/"+acme+"/home" {
		t.Errorf("status %d, location %q, %s", p.Status, p.Location(), p.Body)
	}
	if p := b.Post("/oauth/v1/code", url.Values{"code": {strings.Repeat("x", 64<<10)}}); p.Status != http.StatusBadRequest {
		t.Errorf("oversized: status %d", p.Status)
	}
}

// Whatever is not the live trip of this browser starts again and signs nobody in.
func TestStaleCallbacks(t *testing.T) {
	w := newWorld(t)
	v, evil := newVendor(t, "u-1", "张三"), newVendor(t, "u-1", "Mallory")
	w.connect(acme, "conn1", "", v.connector(""))
	w.connect(other, "conn2", "AK2", evil.connector("/oauth/v1/code"))

	t.Run("another browser", func(t *testing.T) {
		b, thief := w.browser(), w.browser()
		callback := b.callback("/e/" + acme + "/home")
		wantRefused(t, thief.Get(callback), "without cookie", stalePage)
		thief.callback("/e/" + acme + "/home") // has a flow of its own
		wantRefused(t, thief.Get(callback), "with another flow's cookie", stalePage)
		if thief.signedIn(acme) {
			t.Error("the other browser is signed in")
		}
		if p := b.Get(callback); p.Status != http.StatusSeeOther {
			t.Errorf("the browser that began it: status %d, %s", p.Status, p.Body)
		}
	})
	t.Run("forged cookie", func(t *testing.T) {
		b := w.browser()
		callback := b.callback("/e/" + acme + "/home")
		u, err := url.Parse(w.URL)
		must(t, err)
		for _, c := range b.Client.Jar.Cookies(u) {
			b.Client.Jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: "forged", Path: "/"}})
		}
		wantRefused(t, b.Get(callback), "forged cookie", stalePage)
	})
	t.Run("second callback", func(t *testing.T) {
		b := w.browser()
		callback := b.callback("/e/" + acme + "/home")
		if p := b.Get(callback); p.Status != http.StatusSeeOther {
			t.Fatalf("first: status %d", p.Status)
		}
		wantRefused(t, b.Get(callback), "second", stalePage)
		if !b.signedIn(acme) {
			t.Error("the second callback signed out")
		}
	})
	t.Run("late", func(t *testing.T) {
		b := w.browser()
		callback := b.callback("/e/" + acme + "/home")
		w.Advance(w.Base.Lifetimes.Flow)
		wantRefused(t, b.Get(callback), "late", stalePage)
	})
	t.Run("wrong state", func(t *testing.T) {
		b := w.browser()
		callback := b.callback("/e/" + acme + "/home")
		u, err := url.Parse(callback)
		must(t, err)
		for _, state := range []string{"", "x", strings.Repeat("0", 64), u.Query().Get("state") + "0"} {
			q := u.Query()
			q.Set("state", state)
			wantRefused(t, b.Get("/c/conn1/callback?"+q.Encode()), "state "+state, stalePage)
		}
		wantRefused(t, b.Get(callback+"&state=x"), "state twice", stalePage)
		if p := b.Get(callback); p.Status != http.StatusSeeOther {
			t.Errorf("the right one afterwards: status %d", p.Status)
		}
	})
	// Mix-up: one provider's answer never reaches another provider's connector.
	t.Run("another connector", func(t *testing.T) {
		for _, path := range []string{"/oauth/v1/code?app_id=AK2&", "/oauth/v1/code?", "/c/conn2/callback?", "/c/nowhere/callback?"} {
			b := w.browser()
			_, query, _ := strings.Cut(b.callback("/e/"+acme+"/home"), "?")
			wantRefused(t, b.Get(path+query), path, stalePage)
			if b.signedIn(acme) || b.signedIn(other) {
				t.Errorf("%s: signed in", path)
			}
		}
		b := w.browser()
		_, query, _ := strings.Cut(b.callback("/e/"+other+"/home"), "?")
		wantRefused(t, b.Get("/c/conn1/callback?"+query), "the other way", stalePage)
		b = w.browser()
		callback := b.callback("/e/" + other + "/home")
		wantRefused(t, b.Get(strings.Replace(callback, "AK2", "AK1", 1)), "another APPID", stalePage)
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil func(v *vendor)
		title string
		fault auth.Fault
		stage string
		text  string // of the page
	}{
		{"denied", func(v *vendor) { v.deny = "access_denied" }, "Not let in", auth.SignInDenied, "authorize", "Not &lt;b&gt;you"},
		{"user refused", func(v *vendor) { v.broken = true }, "The company&#39;s sign-in did not work", auth.ProviderFailed, "user", "10007"},
		{"no union_id", func(v *vendor) { delete(v.user, "union_id") }, "", auth.FieldMissing, "user", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			v := newVendor(t, "u-1", "张三")
			v.set(func() { c.spoil(v) })
			w.connect(acme, "conn1", "", v.connector(""))
			b := w.browser()
			p := b.Get(b.callback("/e/" + acme + "/home?x=1"))
			title := c.title
			if title == "" {
				_, rest, _ := strings.Cut(p.Body, "<h1>")
				title, _, _ = strings.Cut(rest, "</h1>")
			}
			reference := wantRefused(t, p, c.what, title)
			for _, want := range []string{c.text, "IT desk", "1234", `href="/e/` + acme + `/home?x=1"`, "Acme"} {
				if !strings.Contains(p.Body, want) {
					t.Errorf("page lacks %q:\n%s", want, p.Body)
				}
			}
			lines := w.logged(reference)
			if len(lines) != 1 || lines[0].Fault != c.fault || lines[0].Stage != c.stage {
				t.Errorf("log %+v", lines)
			}
			if b.signedIn(acme) {
				t.Error("signed in")
			}
			// And a way to try again.
			v.set(func() { v.deny, v.broken, v.user["union_id"] = "", false, "u-1" })
			if home := b.signInAt(acme); !strings.HasPrefix(home.Body, "home of ") {
				t.Errorf("second try: %s", home.Body)
			}
		})
	}
}

func TestLeaver(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	b := w.browser()
	id := strings.TrimPrefix(b.signInAt(acme).Body, "home of ")
	must(t, w.Store.EndPerson(context.Background(), acme, id, w.Now()))
	if b.signedIn(acme) {
		t.Error("the session of a leaver stands")
	}
	p := b.Get(b.callback("/e/" + acme + "/home"))
	wantRefused(t, p, "leaver", "Your access has ended")
	if strings.Contains(p.Body, `id="again"`) {
		t.Error("a leaver is offered another try")
	}
}

func TestReturnStaysHere(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	for _, ret := range []string{
		"", "https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example",
		"javascript:alert(1)", "evil", " /x", "/%2f/../\\evil", "///evil.example", "/x y", "http:/x", "/ü",
	} {
		p := w.browser().Get("/start?ret=" + url.QueryEscape(ret))
		wantRefused(t, p, "ret "+ret, titleOf(p))
		if strings.Contains(p.Body, "evil") {
			t.Errorf("ret %q: the page leads there", ret)
		}
	}
	for _, ret := range []string{"/", "/x?y=https://elsewhere.example/&z=%5C%2F", `/x?hint=ACME\zs`} {
		b := w.browser()
		if p := b.Get(b.callback("/start?ret=" + url.QueryEscape(ret))); p.Location() != ret {
			t.Errorf("ret %q: back at %q", ret, p.Location())
		}
	}
}

func titleOf(p page) string {
	_, rest, _ := strings.Cut(p.Body, "<h1>")
	title, _, _ := strings.Cut(rest, "</h1>")
	return title
}

func TestBeginFaults(t *testing.T) {
	w := newWorld(t)
	wantRefused(t, w.browser().Get("/e/nowhere/home"), "unknown enterprise", "No such company here")
	p := w.browser().Get("/e/" + acme + "/home")
	reference := wantRefused(t, p, "no connector", titleOf(p))
	if lines := w.logged(reference); len(lines) != 1 || lines[0].Fault != auth.EnterpriseMisconfig {
		t.Errorf("log %+v", lines)
	}
}
