//go:build linux

package cmd_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	pretend "lanyard/auth/server/demo"
)

// newWays starts a server with one company, whose people sign in at the pretend company's
// own sign-in, and an app of theirs that links by APPID may go on to.
func newWays(t testing.TB, app string) (c *company, adminLink, appID string) {
	t.Helper()
	sso := newOwnSignIn(t)
	c, adminLink = newServer(t, sso.url)
	c.write(t, "secret", pretend.ClientSecret)
	out := c.apply(t, fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: %[2]s}
  secrets: {client_secret: "file:secret"}
  targets: ["%[3]s/app"]
`, sso.url, pretend.ClientID, app)).out
	if appID = appIDForm.FindString(out); appID == "" {
		t.Fatalf("apply: %s", out)
	}
	sso.register(c.origin + "/oauth/v1/code?app_id=" + appID)
	return c, adminLink, appID
}

// TestLinkByAPPID goes the seed's way by a link in a real browser: it signs in by the
// connector and goes on to the app with nothing in hand; signed in, it shows no page at
// all; and it leads nowhere but where the company allows.
func TestLinkByAPPID(t *testing.T) {
	t.Parallel()
	app := newRecorder(t)
	c, _, appID := newWays(t, app.URL)
	link := func(cb string) string {
		return c.origin + "/oauth/v1/auth?" + url.Values{"app_id": {appID}, "cb": {cb}}.Encode()
	}
	b := newBrowser(t)
	first := app.URL + "/app/notes?page=1"
	b.open(link(first))
	b.signInAs("zhangsan", password)
	b.shows("the app has opened")
	if at := b.location(); at != first {
		t.Errorf("the browser is at %s, want %s", at, first)
	}
	second := app.URL + "/app?page=2"
	b.open(link(second)) // signed in: nobody is asked
	b.shows("the app has opened")
	if at := b.location(); at != second {
		t.Errorf("the browser is at %s, want %s", at, second)
	}

	for _, cb := range []string{
		app.URL + "/application", app.URL + "/other", app.URL + "/app/../other", app.URL + `/app\..\other`,
		"http://evil.example/app", "//evil.example/app", strings.Replace(app.URL, "localhost", "localhost.evil.example", 1) + "/app",
		strings.Replace(app.URL, "http://", "http://localhost@evil.example/", 1) + "/app", "javascript:alert(1)", "",
	} {
		b.open(link(cb))
		b.shows("This request cannot be answered")
		if at := b.where(); at != c.origin+"/oauth/v1/auth" {
			t.Errorf("cb %q: the browser is at %s", cb, at)
		}
	}
	b.open(strings.Replace(link(first), appID, "AK20200101AAAAAA", 1))
	b.shows("This request cannot be answered")

	app.mu.Lock()
	defer app.mu.Unlock()
	pages := 0
	for _, r := range app.requests {
		if strings.Contains(r, "/favicon") {
			continue
		}
		pages++
		for _, secret := range []string{"lanyard", "code=", "state=", "token", "ZhangSan", "zhangsan", "Referer:[" + c.origin} {
			if strings.Contains(r, secret) {
				t.Errorf("a request to the app has %q:\n%s", secret, r)
			}
		}
	}
	if pages != 2 {
		t.Errorf("the app was opened %d times:\n%s", pages, strings.Join(app.requests, "\n"))
	}
}

// TestAdminByCompany signs an administrator in to the console through the company's own
// connector: the exactly named person, and nobody else of the company; the help desk
// finds people and no settings.
func TestAdminByCompany(t *testing.T) {
	t.Parallel()
	app := newRecorder(t)
	c, adminLink, appID := newWays(t, app.URL)
	operator := newBrowser(t)
	operator.open(adminLink)
	operator.press("#open", "\r")
	operator.fill("password", "correct horse battery", "again", "correct horse battery\r")
	operator.shows("Your password is set")
	operator.open(c.origin + "/admin/companies")
	operator.press(`form[action="/admin/companies"] button`, "\r")
	operator.shows("Home", "Acme")
	give := func(name, role string) {
		t.Helper()
		operator.open(c.origin + "/admin/people?q=" + url.QueryEscape(name))
		operator.press(".people a", "\r")
		operator.press(fmt.Sprintf("input[name=role][value=%q]", role), " ")
		operator.press(`form[action$="/role"] button`, "\r")
		operator.shows("The role is changed.")
	}
	// enter goes to the console by the company code, as a person with a browser does.
	enter := func(b *browser) {
		t.Helper()
		b.open(c.origin + "/admin/sign-in")
		b.fill("code", "acme\r")
	}

	zhang, li := newBrowser(t), newBrowser(t)
	for b, name := range map[*browser]string{zhang: "zhangsan", li: "lisi"} {
		b.open(c.origin + "/oauth/v1/auth?" + url.Values{"app_id": {appID}, "cb": {app.URL + "/app"}}.Encode())
		b.signInAs(name, password)
		b.shows("the app has opened")
	}
	enter(zhang)
	zhang.shows("You are not an administrator here")
	give("张三", "administrator")
	enter(zhang)
	zhang.shows("Open the console as 张三?")
	zhang.whole("console-company-enter")
	zhang.press("#open", "\r")
	zhang.shows("Home", "Connector", "Settings", "张三")
	zhang.open(c.origin + "/admin/settings")
	zhang.shows("acme")
	zhang.open(c.origin + "/admin/companies") // the operator's
	zhang.shows("Your role does not include this page")

	// In a browser that has never been at the company, by the company's own page.
	fresh := newBrowser(t)
	enter(fresh)
	fresh.signInAs("zhangsan", password)
	fresh.shows("Open the console as 张三?")

	enter(li)
	li.shows("You are not an administrator here")
	li.open(c.origin + "/admin/people")
	if at := li.where(); at != c.origin+"/admin/sign-in" {
		t.Errorf("somebody without a role is at %s:\n%s", at, li.text())
	}
	give("李四", "help_desk")
	enter(li)
	li.press("#open", "\r")
	li.shows("Home", "People")
	li.whole("console-help-desk")
	if text := li.read("nav"); strings.Contains(text, "Settings") || strings.Contains(text, "Connector") {
		t.Errorf("the help desk is shown %q", text)
	}
	for _, page := range []string{"settings", "connector", "connector/new", "apps", "audit", "companies", "password"} {
		li.open(c.origin + "/admin/" + page)
		li.shows("Your role does not include this page")
	}
	// And out again, at once, when the role is taken.
	give("李四", "")
	li.open(c.origin + "/admin/people")
	li.do(chromedp.WaitVisible(chromedp.CSS("body")))
	if text := li.text(); strings.Contains(text, "张三") {
		t.Errorf("without the role:\n%s", text)
	}
}
