package sso_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

const appID = "AK20211008GIMUUL"

// linked is a world whose APPID links may go to two places.
func linked(t *testing.T) (*world, *vendor) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	c := v.connector("/oauth/v1/code")
	c.Targets = []string{"https://kdocs.cn/", "https://wiki.acme.com/team"}
	w.connect(acme, "conn1", appID, c)
	return w, v
}

func link(cb string) string {
	return "/oauth/v1/auth?app_id=" + appID + "&cb=" + url.QueryEscape(cb)
}

// The seed's way 3: the link signs in by the company and goes on to the app, by a bare
// redirect.
func TestLinkByAPPID(t *testing.T) {
	w, v := linked(t)
	b := w.browser()
	const cb = "https://wiki.acme.com/team/页?x=1&y=%2F"
	to := "https://wiki.acme.com/team/%E9%A1%B5?x=1&y=%2F"
	start := b.Get(link(strings.Replace(cb, "页", "%E9%A1%B5", 1)))
	if !strings.HasPrefix(start.Location(), v.url+"/authorize?") {
		t.Fatalf("status %d, location %q, %s", start.Status, start.Location(), start.Body)
	}
	if asked := start.Location(); strings.Contains(asked, "wiki.acme.com") {
		t.Errorf("the company's page is told where the browser goes on to: %s", asked)
	}
	back := b.Get(b.Get(start.Location()).Location())
	last := b.Get(back.Location())
	if last.Status != http.StatusSeeOther || last.Location() != to {
		t.Fatalf("status %d, location %q, %s", last.Status, last.Location(), last.Body)
	}
	for _, name := range []string{"code", "token", "state", "name", "user", "iss"} {
		if u, _ := url.Parse(last.Location()); u.Query().Has(name) {
			t.Errorf("the app is given %s", name)
		}
	}
	if last.Body != "" || last.Header.Get("Set-Cookie") != "" || last.Header.Get("Cache-Control") != "no-store" || last.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("not bare: %v %q", last.Header, last.Body)
	}
	// Signed in, the browser goes straight on.
	if again := b.Get(link("https://kdocs.cn")); again.Location() != "https://kdocs.cn/" {
		t.Errorf("again: %q", again.Location())
	}
}

// Whatever is not set up for the APPID is a page, before and after the sign-in, and
// sends nobody anywhere.
func TestLinkLeadsNowhereElse(t *testing.T) {
	w, _ := linked(t)
	signed := w.browser()
	signed.signInAt(acme)
	links := []string{
		"/oauth/v1/auth", "/oauth/v1/auth?app_id=" + appID, "/oauth/v1/auth?cb=https://kdocs.cn",
		"/oauth/v1/auth?app_id=AK20211008OTHERS&cb=https://kdocs.cn", "/oauth/v1/auth?app_id=&cb=https://kdocs.cn",
		link("https://kdocs.cn") + "&cb=https://evil.example", "/oauth/v1/auth?app_id=x&app_id=" + appID + "&cb=https://kdocs.cn",
		"/oauth/v1/auth?app_id=" + appID + "&cb=https://kdocs.cn;cb=https://evil.example",
	}
	for _, cb := range []string{
		"", "/", "//evil.example", "https://evil.example/", "http://kdocs.cn/", "https://kdocs.cn.evil.example/", "https://kdocs.cn@evil.example/",
		`https://kdocs.cn\@evil.example`, "https://wiki.acme.com/", "https://wiki.acme.com/teams", "https://wiki.acme.com/team/../admin",
		"https://wiki.acme.com/team/%2e%2e/admin", "javascript:alert(document.cookie)", "https://kdocs.cn/\r\nSet-Cookie: a=b", "data:text/html,<script>",
	} {
		links = append(links, link(cb))
	}
	for _, address := range links {
		for what, b := range map[string]*browser{"new": w.browser(), "signed in": signed} {
			p := b.Get(address)
			wantRefused(t, p, what+" "+address, titleOf(p))
			if strings.Contains(p.Body, "evil") {
				t.Errorf("%s: the page shows the address", address)
			}
		}
	}
}

// The callback's query has no say in where the browser goes on to.
func TestLinkIgnoresTheCallbacksQuery(t *testing.T) {
	w, _ := linked(t)
	b := w.browser()
	callback := b.callback(link("https://kdocs.cn/mine"))
	p := b.Get(callback + "&cb=" + url.QueryEscape("https://evil.example/") + "&ret=https://evil.example/")
	if p = b.Get(p.Location()); p.Location() != "https://kdocs.cn/mine" {
		t.Errorf("went on to %q", p.Location())
	}
	// And a link that somebody else began is not finished here.
	stolen := w.browser().callback(link("https://kdocs.cn/theirs"))
	b = w.browser()
	wantRefused(t, b.Get(stolen), "another browser's", stalePage)
}

// Targets that were taken away while a browser was at the company's page count no more.
func TestLinkTargetTakenAway(t *testing.T) {
	w, v := linked(t)
	b := w.browser()
	callback := b.callback(link("https://kdocs.cn/"))
	w.connect(acme, "conn1", appID, v.connector("/oauth/v1/code"))
	p := b.Get(b.Get(callback).Location())
	wantRefused(t, p, "target taken away", titleOf(p))
}

// activating is the vendor with a client for a program of the company's.
func (v *vendor) activating() connector.Connector {
	c := v.connector("")
	c.Activate = &connector.Activate{Secrets: []string{"sdk_secret"}, Steps: []connector.Step{
		{
			ID: "token", Method: "POST", URL: v.url + "/accessToken",
			Form: map[string]string{"client_id": "sdk", "client_secret": "{sdk_secret}", "grant_type": "authorization_code", "code": "{code}"},
			Fail: connector.Fail{Code: []string{"error"}}, Set: map[string]connector.Paths{"access_token": {"access_token"}}, Require: []string{"access_token"},
		},
		{
			ID: "user", Method: "GET", URL: v.url + "/userInfo", Query: map[string]string{"access_token": "{access_token}"},
			Set: map[string]connector.Paths{"sub": {"union_id"}, "name": {"user_name"}}, Require: []string{"sub"},
		},
	}}
	return c
}

// program gives the code that the company's own program has in hand.
func (v *vendor) program() auth.Secret {
	code := "sdk-" + auth.RandomToken()
	v.set(func() { v.codes[code] = true })
	return auth.NewSecret(code)
}

func TestActivate(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", appID, v.activating())
	home := w.browser().signInAt(acme)
	code := v.program()
	session, err := w.sso.Activate(context.Background(), appID, "Lanyard (linux)", code)
	must(t, err)
	if "home of "+session.PersonID != home.Body || session.EnterpriseID != acme || session.CookieHash != "" || session.Client != server.DesktopClient {
		t.Errorf("session %+v, want of %s", session, home.Body)
	}
	stored, err := w.Store.Session(context.Background(), acme, session.ID, w.Now())
	must(t, err)
	if life := stored.ExpiresAt.Sub(w.Now()); life > 10*time.Minute {
		t.Errorf("it stands for %v", life)
	}
	if _, err := w.sso.Activate(context.Background(), appID, "", code); err == nil {
		t.Error("a code counts twice")
	}
	must(t, w.Store.EndPerson(context.Background(), acme, session.PersonID, w.Now()))
	if _, err := w.sso.Activate(context.Background(), appID, "", v.program()); fault(err) != auth.AccessEnded {
		t.Errorf("a leaver: %v", err)
	}
}

func fault(err error) auth.Fault {
	f, _ := auth.FaultOf(err)
	return f
}

// A browser's code is of another upstream client: it is worth nothing here, and is still
// worth a sign-in in its browser.
func TestActivateTakesNoBrowsersCode(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", appID, v.activating())
	b := w.browser()
	callback := b.callback("/e/" + acme + "/home")
	u, err := url.Parse(callback)
	must(t, err)
	if _, err := w.sso.Activate(context.Background(), appID, "", auth.NewSecret(u.Query().Get("code"))); fault(err) != auth.ProviderFailed {
		t.Errorf("a browser's code: %v", err)
	}
	if p := b.Get(callback); p.Location() != "/e/"+acme+"/home" {
		t.Errorf("the browser itself: status %d, %s", p.Status, p.Body)
	}
	// And a program's code is worth nothing in a browser, on a trip of its own either.
	b = w.browser()
	u, err = url.Parse(b.callback("/e/" + acme + "/home"))
	must(t, err)
	q := u.Query()
	q.Set("code", v.program().Reveal())
	p := b.Get("/c/conn1/callback?" + q.Encode())
	wantRefused(t, p, "a program's code", titleOf(p))
	if b.signedIn(acme) {
		t.Error("signed in by a program's code")
	}
}

func TestActivateIsOffUntilItHasAClientOfItsOwn(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	offered := func() bool {
		on, err := w.sso.Activates(context.Background(), appID)
		must(t, err)
		return on
	}
	refused := func(what string, want auth.Fault) {
		t.Helper()
		if _, err := w.sso.Activate(context.Background(), appID, "", v.program()); fault(err) != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	refused("unknown APPID", auth.CodeUnknown)
	w.connect(acme, "conn1", appID, v.connector(""))
	if offered() {
		t.Error("offered without an activate block")
	}
	refused("off", auth.CodeUnknown)
	w.activateSecret = clientSecret
	w.connect(acme, "conn1", appID, v.activating())
	refused("the page's secret", auth.EnterpriseMisconfig)
	w.activateSecret = ""
	w.connect(acme, "conn1", appID, v.activating())
	refused("no secret", auth.EnterpriseMisconfig)
	w.activateSecret = "c4nary-sdk-secret"
	w.connect(acme, "conn1", appID, v.activating())
	if !offered() {
		t.Error("not offered")
	}
	w.connect(acme, "conn2", "AK2", v.connector("")) // another one serves
	if offered() {
		t.Error("offered by a connector that does not serve")
	}
}
