package console_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chromedp/chromedp"

	"lanyard/auth/authtest"
	"lanyard/auth/server"
	"lanyard/auth/server/console"
)

func TestFirstLink(t *testing.T) {
	w := newWorld(t)
	link, err := console.NewLink(context.Background(), w.base, w.store)
	must(t, err)
	b := w.browser()
	p := b.get(link.Reveal())
	p.shows(t, "link", "Open the console")
	if p.header.Get("Referrer-Policy") != "no-referrer" || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers of the link's page: %v", p.header)
	}
	w.browser().get(link.Reveal()) // a preview uses nothing up
	if p := b.post(link.Reveal(), nil); p.location() != "/admin/password" {
		t.Fatalf("use: status %d to %q", p.status, p.location())
	}
	w.browser().post(link.Reveal(), nil).shows(t, "second use", "no longer works")

	// Nothing opens before there is a password, but the way out.
	out := w.operatorWithoutPassword()
	if p := out.post("/admin/sign-out", nil); !strings.HasPrefix(p.location(), "/admin/sign-in") {
		t.Errorf("sign out without a password: status %d to %q", p.status, p.location())
	}
	if p := out.get("/admin/password"); p.location() != "/admin/sign-in" {
		t.Errorf("after signing out: status %d to %q", p.status, p.location())
	}
	for _, path := range []string{"/admin/", "/admin/companies", "/admin/connector/new"} {
		if p := b.get(path); p.location() != "/admin/password" {
			t.Errorf("%s without a password: status %d to %q", path, p.status, p.location())
		}
	}
	b.post("/admin/password", url.Values{"password": {"short"}, "again": {"short"}}).shows(t, "short", "At least 12 characters, please")
	b.post("/admin/password", url.Values{"password": {goodPassword}, "again": {"another password"}}).shows(t, "different", "not the same")
	p = b.follow(b.post("/admin/password", url.Values{"password": {goodPassword}, "again": {goodPassword}}))
	p.shows(t, "first steps", "Connect your company")

	// The password works from now on; to change it takes the present one.
	c := w.browser()
	c.post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {"wrong password"}}).shows(t, "wrong", "not right")
	c.post("/admin/sign-in", url.Values{"name": {"nobody"}, "password": {goodPassword}}).shows(t, "unknown", "not right")
	if p := c.post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {goodPassword}}); p.location() != "/admin/" {
		t.Fatalf("sign in: status %d\n%s", p.status, p.body)
	}
	again := url.Values{"password": {"another good one"}, "again": {"another good one"}}
	c.post("/admin/password", again).shows(t, "no present password", "present password is not right")
	again.Set("old", goodPassword)
	if p := c.post("/admin/password", again); !strings.HasPrefix(p.location(), "/admin/") {
		t.Errorf("change: status %d", p.status)
	}
	if p := b.get("/admin/companies"); p.location() != "/admin/sign-in" {
		t.Errorf("the other browser is still signed in: status %d", p.status)
	}
	if p := c.follow(c.post("/admin/sign-out", nil)); !strings.Contains(p.body, "signed out") {
		t.Errorf("sign out: %s", main(p.body))
	}
	if p := c.get("/admin/companies"); p.location() != "/admin/sign-in" {
		t.Errorf("signed out: status %d", p.status)
	}
}

func TestLinkExpires(t *testing.T) {
	w := newWorld(t)
	link, err := console.NewLink(context.Background(), w.base, w.store)
	must(t, err)
	w.advance(15 * time.Minute)
	w.browser().post(link.Reveal(), nil).shows(t, "late", "no longer works", "older than 15 minutes")
}

func TestSessionEnds(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	for range 3 {
		w.advance(50 * time.Minute)
		if p := b.get("/admin/companies"); p.status != http.StatusOK {
			t.Fatalf("in use: status %d", p.status)
		}
	}
	w.advance(61 * time.Minute)
	if p := b.get("/admin/companies"); p.location() != "/admin/sign-in" {
		t.Errorf("idle: status %d", p.status)
	}
	b = w.operator()
	for range 10 {
		w.advance(50 * time.Minute)
		b.get("/admin/companies")
	}
	if p := b.get("/admin/companies"); p.location() != "/admin/sign-in" {
		t.Errorf("after its life: status %d", p.status)
	}
}

func TestCookie(t *testing.T) {
	w := newWorld(t)
	link, err := console.NewLink(context.Background(), w.base, w.store)
	must(t, err)
	b := w.browser()
	cookie := b.post(link.Reveal(), nil).header.Get("Set-Cookie")
	for _, part := range []string{"lanyard-admin=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %s", cookie, part)
		}
	}
	if strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %q is not host-only", cookie)
	}
	w.base.PublicURL = "https://login.acme.com"
	link, err = console.NewLink(context.Background(), w.base, w.store)
	must(t, err)
	secure := b.post(strings.Replace(link.Reveal(), w.base.PublicURL, w.url, 1), nil).header.Get("Set-Cookie")
	if !strings.HasPrefix(secure, "__Host-lanyard-admin=") || !strings.Contains(secure, "Secure") {
		t.Errorf("cookie on https: %q", secure)
	}
}

func TestTriesAreLimited(t *testing.T) {
	w := newWorld(t)
	w.operator()
	b := w.browser()
	slow := false
	for range 12 {
		p := b.post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {"guess guess guess"}})
		slow = slow || p.status == http.StatusTooManyRequests
	}
	if !slow {
		t.Error("passwords can be guessed without limit")
	}
	w.advance(2 * time.Minute)
	if p := b.post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {goodPassword}}); p.location() != "/admin/" {
		t.Errorf("later: status %d", p.status)
	}
}

// What somebody types who is not let in is kept in the audit, and no more than that.
func TestLongNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{strings.Repeat("张", 5000), strings.Repeat("x", 1<<20)} {
		if p := w.browser().post("/admin/sign-in", url.Values{"name": {name}, "password": {"x"}}); p.status == http.StatusSeeOther {
			t.Errorf("status %d", p.status)
		}
	}
	lines, err := w.store.FindAudits(context.Background(), server.AuditFilter{Server: true, Text: "refused"})
	must(t, err)
	if len(lines) == 0 {
		t.Fatal("refusals are not in the audit")
	}
	for _, line := range lines {
		if len(line.Actor) > 100 || !utf8.ValidString(line.Actor) {
			t.Errorf("the audit keeps a name of %d bytes", len(line.Actor))
		}
	}
}

// The form that leads to a company's own sign-in must get there: browsers hold every
// address on the way against the form-action of the page that has the form.
func TestCompanyFormInBrowser(t *testing.T) {
	w := newWorld(t)
	w.companies()
	there := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "the company asks who you are, "+r.URL.Path)
	}))
	defer there.Close()
	w.gate.away = there.URL
	ctx := authtest.Chromium(t)
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.url+"/admin/sign-in")))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	must(t, chromedp.Do(ctx, chromedp.SendKeys("input[name=code]", "acme\r")))
	for {
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
		if ctx.Err() != nil {
			t.Fatalf("the form leads nowhere: %v, %q", err, text)
		}
		if strings.Contains(text, "the company asks who you are, /sso/"+acme) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestFromCompany(t *testing.T) {
	w := newWorld(t)
	w.companies()
	b := w.browser()
	b.get("/admin/company?code=nobody").shows(t, "unknown code", "No company uses this code")
	p := b.get("/admin/company?code=login.acme.com/acme")
	p.shows(t, "not signed in", `content="0;url=/admin/company/sign-in?code=acme"`, "ACME")
	p = b.get("/admin/company/sign-in?code=acme")
	if !strings.HasPrefix(p.location(), "/sso/"+acme) || !strings.Contains(p.location(), url.QueryEscape("/admin/company?code=acme")) {
		t.Errorf("not signed in: to %q", p.location())
	}
	w.gate.here[acme] = "person-acme"
	if p := b.get("/admin/company?code=acme"); p.status != http.StatusForbidden {
		t.Errorf("no role: status %d\n%s", p.status, main(p.body))
	} else {
		p.shows(t, "no role", "another account", w.url+"/e/"+acme+"/")
	}
	if p := b.post("/admin/company", url.Values{"code": {"acme"}}); p.status != http.StatusForbidden {
		t.Errorf("no role, posted: status %d", p.status)
	}
	must(t, w.store.SaveAdmin(context.Background(), server.Admin{
		ID: "a", EnterpriseID: acme, PersonID: "person-acme", Name: "张三", Role: server.RoleAdministrator,
	}))
	b.get("/admin/company?code=acme").shows(t, "button", "Open the console as 张三 of acme?")
	if p := b.post("/admin/company", url.Values{"code": {"acme"}}); p.location() != "/admin/" {
		t.Fatalf("enter: status %d", p.status)
	}
	b.get("/admin/").shows(t, "home", "Needs attention", "ACME")
	for path, want := range map[string]int{"": http.StatusOK, "/end": http.StatusForbidden, "/role": http.StatusForbidden} {
		p := b.get("/admin/people/person-acme")
		if path != "" {
			p = b.post("/admin/people/person-acme"+path, nil)
		}
		if p.status != want || strings.Contains(p.body, "/person-acme/end") {
			t.Errorf("oneself%s: status %d\n%s", path, p.status, main(p.body))
		}
	}
	w.gate.here[acme] = ""
	if p := w.browser().post("/admin/company", url.Values{"code": {"acme"}}); p.location() != "/admin/sign-in" {
		t.Errorf("signed out since the button was shown: status %d to %q", p.status, p.location())
	}

	// A leaver is out of the console too.
	must(t, w.store.EndPerson(context.Background(), acme, "person-acme", w.Now()))
	if p := b.get("/admin/"); p.location() != "/admin/sign-in" {
		t.Errorf("leaver: status %d", p.status)
	}
}
