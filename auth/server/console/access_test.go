package console_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chromedp/chromedp"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/server"
	"lanyard/auth/server/console"
)

func TestFirstLink(t *testing.T) {
	w := newWorld(t)
	link, err := console.NewLink(context.Background(), w.Base, w.Store)
	must(t, err)
	b := w.browser()
	p := b.Get(link.Reveal())
	p.shows(t, "link", "Open the console")
	if p.Header.Get("Referrer-Policy") != "same-origin" || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers of the link's page: %v", p.Header)
	}
	w.browser().Get(link.Reveal()) // a preview uses nothing up
	if p := b.Post(link.Reveal(), nil); p.Location() != "/admin/password" {
		t.Fatalf("use: status %d to %q", p.Status, p.Location())
	}
	w.browser().Post(link.Reveal(), nil).shows(t, "second use", "no longer works")

	// Nothing opens before there is a password, but the way out.
	out := w.operatorWithoutPassword()
	if p := out.Post("/admin/sign-out", nil); !strings.HasPrefix(p.Location(), "/admin/sign-in") {
		t.Errorf("sign out without a password: status %d to %q", p.Status, p.Location())
	}
	if p := out.Get("/admin/password"); p.Location() != "/admin/sign-in" {
		t.Errorf("after signing out: status %d to %q", p.Status, p.Location())
	}
	for _, path := range []string{"/admin/", "/admin/companies", "/admin/connector/new"} {
		if p := b.Get(path); p.Location() != "/admin/password" {
			t.Errorf("%s without a password: status %d to %q", path, p.Status, p.Location())
		}
	}
	b.Post("/admin/password", url.Values{"password": {"short"}, "again": {"short"}}).shows(t, "short", "At least 12 characters, please")
	b.Post("/admin/password", url.Values{"password": {goodPassword}, "again": {"another password"}}).shows(t, "different", "not the same")
	p = b.follow(b.Post("/admin/password", url.Values{"password": {goodPassword}, "again": {goodPassword}}))
	p.shows(t, "first steps", "Connect your company")

	// The password works from now on; to change it takes the present one.
	c := w.browser()
	c.Post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {"wrong password"}}).shows(t, "wrong", "not right")
	c.Post("/admin/sign-in", url.Values{"name": {"nobody"}, "password": {goodPassword}}).shows(t, "unknown", "not right")
	if p := c.Post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {goodPassword}}); p.Location() != "/admin/" {
		t.Fatalf("sign in: status %d\n%s", p.Status, p.Body)
	}
	again := url.Values{"password": {"another good one"}, "again": {"another good one"}}
	c.Post("/admin/password", again).shows(t, "no present password", "present password is not right")
	again.Set("old", goodPassword)
	if p := c.Post("/admin/password", again); !strings.HasPrefix(p.Location(), "/admin/") {
		t.Errorf("change: status %d", p.Status)
	}
	if p := b.Get("/admin/companies"); p.Location() != "/admin/sign-in" {
		t.Errorf("the other browser is still signed in: status %d", p.Status)
	}
	if p := c.follow(c.Post("/admin/sign-out", nil)); !strings.Contains(p.Body, "signed out") {
		t.Errorf("sign out: %s", main(p.Body))
	}
	if p := c.Get("/admin/companies"); p.Location() != "/admin/sign-in" {
		t.Errorf("signed out: status %d", p.Status)
	}
}

func TestLinkExpires(t *testing.T) {
	w := newWorld(t)
	link, err := console.NewLink(context.Background(), w.Base, w.Store)
	must(t, err)
	w.Advance(15 * time.Minute)
	w.browser().Post(link.Reveal(), nil).shows(t, "late", "no longer works", "older than 15 minutes")
}

// A session that ends while a page is made stays ended, whatever that page saves of it.
func TestSessionEndsMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.populate()
	for name, open := range map[string]func(b *browser) page{
		"a look that is noted": func(b *browser) page {
			w.Advance(2 * time.Minute)
			return b.Get("/admin/companies")
		},
		"another company": func(b *browser) page { return b.Post("/admin/companies", url.Values{"id": {acme}}) },
		"a new company":   func(b *browser) page { return b.Post("/admin/companies/new", nil) },
		"a new password": func(b *browser) page {
			return b.Post("/admin/password", url.Values{"old": {goodPassword}, "password": {goodPassword}, "again": {goodPassword}})
		},
	} {
		b := w.operator()
		was, err := w.Store.AdminByName(context.Background(), "admin")
		must(t, err)
		w.found = func(s server.AdminSession) { must(t, w.Store.EndAdminSession(context.Background(), s.ID)) }
		if p := open(b); p.Location() != "/admin/sign-in" {
			t.Errorf("%s: status %d to %q\n%s", name, p.Status, p.Location(), main(p.Body))
		}
		w.found = nil
		if a, err := w.Store.AdminByName(context.Background(), "admin"); err != nil || a.PasswordHash != was.PasswordHash {
			t.Errorf("%s set a password, %v", name, err)
		}
		if p := b.Get("/admin/companies"); p.Location() != "/admin/sign-in" {
			t.Errorf("%s brought the session back: status %d", name, p.Status)
		}
	}
}

// Who is changed or removed while they come in is not let in as who they were, and coming
// in does not make them that again.
func TestAdminChangesMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	w.operator()
	w.person("acme", server.RoleAdministrator)
	here := func(a server.Admin) (server.Admin, error) { return w.Store.Admin(ctx, a.ID) }
	for name, row := range map[string]struct {
		change func(a server.Admin)
		path   string
		form   url.Values
		as     func(a server.Admin, err error) bool // is what it was changed to
	}{
		"a new password": {
			func(a server.Admin) { a.PasswordHash = "another"; must(t, w.Store.SaveAdmin(ctx, a)) },
			"/admin/sign-in",
			url.Values{"name": {"admin"}, "password": {goodPassword}},
			func(a server.Admin, err error) bool { return err == nil && a.PasswordHash == "another" },
		},
		"another role": {
			func(a server.Admin) { a.Role = server.RoleHelpDesk; must(t, w.Store.SaveAdmin(ctx, a)) },
			"/admin/company",
			url.Values{"code": {"acme"}},
			func(a server.Admin, err error) bool { return err == nil && a.Role == server.RoleHelpDesk },
		},
		"no role": {
			func(a server.Admin) { must(t, w.Store.DeleteAdmin(ctx, a.EnterpriseID, a.ID)) },
			"/admin/company",
			url.Values{"code": {"acme"}},
			func(_ server.Admin, err error) bool { return errors.Is(err, auth.ErrNotFound) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var who server.Admin
			w.known = func(a server.Admin) { who = a; row.change(a) }
			b := w.browser()
			p := b.Post(row.path, row.form)
			w.known = nil
			if a, err := here(who); !row.as(a, err) {
				t.Errorf("undone: %+v, %v", a, err)
			}
			if p.Location() != "/admin/sign-in" || b.Get("/admin/").Location() != "/admin/sign-in" {
				t.Errorf("let in: status %d to %q", p.Status, p.Location())
			}
			if who.PersonID != "" {
				must(t, w.Store.SaveAdmin(ctx, who))
			}
		})
	}
}

func TestSessionEnds(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	for range 3 {
		w.Advance(50 * time.Minute)
		if p := b.Get("/admin/companies"); p.Status != http.StatusOK {
			t.Fatalf("in use: status %d", p.Status)
		}
	}
	w.Advance(61 * time.Minute)
	if p := b.Get("/admin/companies"); p.Location() != "/admin/sign-in" {
		t.Errorf("idle: status %d", p.Status)
	}
	b = w.operator()
	for range 10 {
		w.Advance(50 * time.Minute)
		b.Get("/admin/companies")
	}
	if p := b.Get("/admin/companies"); p.Location() != "/admin/sign-in" {
		t.Errorf("after its life: status %d", p.Status)
	}
}

func TestCookie(t *testing.T) {
	w := newWorld(t)
	link, err := console.NewLink(context.Background(), w.Base, w.Store)
	must(t, err)
	b := w.browser()
	cookie := b.Post(link.Reveal(), nil).Header.Get("Set-Cookie")
	for _, part := range []string{"lanyard-admin=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %s", cookie, part)
		}
	}
	if strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %q is not host-only", cookie)
	}
	w.Base.PublicURL = "https://login.acme.com"
	link, err = console.NewLink(context.Background(), w.Base, w.Store)
	must(t, err)
	secure := b.Post(strings.Replace(link.Reveal(), w.Base.PublicURL, w.URL, 1), nil).Header.Get("Set-Cookie")
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
		p := b.Post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {"guess guess guess"}})
		slow = slow || p.Status == http.StatusTooManyRequests
	}
	if !slow {
		t.Error("passwords can be guessed without limit")
	}
	w.Advance(2 * time.Minute)
	if p := b.Post("/admin/sign-in", url.Values{"name": {"admin"}, "password": {goodPassword}}); p.Location() != "/admin/" {
		t.Errorf("later: status %d", p.Status)
	}
}

// What somebody types who is not let in is kept in the audit, and no more than that.
func TestLongNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{strings.Repeat("张", 5000), strings.Repeat("x", 1<<20)} {
		if p := w.browser().Post("/admin/sign-in", url.Values{"name": {name}, "password": {"x"}}); p.Status == http.StatusSeeOther {
			t.Errorf("status %d", p.Status)
		}
	}
	lines, err := w.Store.FindAudits(context.Background(), server.AuditFilter{Server: true, Text: "refused"})
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
	w.populate()
	there := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "the company asks who you are, "+r.URL.Path)
	}))
	defer there.Close()
	w.gate.away = there.URL
	ctx := authtest.Chromium(t)
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.URL+"/admin/sign-in")))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
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
	w.populate()
	b := w.browser()
	b.Get("/admin/company?code=nobody").shows(t, "unknown code", "No company uses this code")
	p := b.Get("/admin/company?code=login.acme.com/acme")
	p.shows(t, "not signed in", `content="0;url=/admin/company/sign-in?code=acme"`, "Acme")
	p = b.Get("/admin/company/sign-in?code=acme")
	if !strings.HasPrefix(p.Location(), "/sso/"+acme) || !strings.Contains(p.Location(), url.QueryEscape("/admin/company?code=acme")) {
		t.Errorf("not signed in: to %q", p.Location())
	}
	w.gate.here[acme] = "person-acme"
	if p := b.Get("/admin/company?code=acme"); p.Status != http.StatusForbidden {
		t.Errorf("no role: status %d\n%s", p.Status, main(p.Body))
	} else {
		p.shows(t, "no role", "another account", w.URL+"/e/"+acme+"/")
	}
	if p := b.Post("/admin/company", url.Values{"code": {"acme"}}); p.Status != http.StatusForbidden {
		t.Errorf("no role, posted: status %d", p.Status)
	}
	must(t, w.Store.SaveAdmin(context.Background(), server.Admin{
		ID: "a", EnterpriseID: acme, PersonID: "person-acme", Name: "张三", Role: server.RoleAdministrator,
	}))
	b.Get("/admin/company?code=acme").shows(t, "button", "Open the console as 张三 of acme?")
	if p := b.Post("/admin/company", url.Values{"code": {"acme"}}); p.Location() != "/admin/" {
		t.Fatalf("enter: status %d", p.Status)
	}
	b.Get("/admin/").shows(t, "home", "Needs attention", "Acme")
	for path, want := range map[string]int{"": http.StatusOK, "/end": http.StatusForbidden, "/role": http.StatusForbidden} {
		p := b.Get("/admin/people/person-acme")
		if path != "" {
			p = b.Post("/admin/people/person-acme"+path, nil)
		}
		if p.Status != want || strings.Contains(p.Body, "/person-acme/end") {
			t.Errorf("oneself%s: status %d\n%s", path, p.Status, main(p.Body))
		}
	}
	w.gate.here[acme] = ""
	if p := w.browser().Post("/admin/company", url.Values{"code": {"acme"}}); p.Location() != "/admin/sign-in" {
		t.Errorf("signed out since the button was shown: status %d to %q", p.Status, p.Location())
	}

	// A leaver is out of the console too.
	must(t, w.Store.EndPerson(context.Background(), acme, "person-acme", w.Now()))
	if p := b.Get("/admin/"); p.Location() != "/admin/sign-in" {
		t.Errorf("leaver: status %d", p.Status)
	}
}
