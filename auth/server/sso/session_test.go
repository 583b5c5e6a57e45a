package sso_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/sso"
)

func twoCompanies(t *testing.T) (*world, *vendor) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	w.connect(other, "conn2", "", v.connector(""))
	return w, v
}

func (b *browser) cookies() map[string]string {
	u, err := url.Parse(b.w.URL)
	must(b.w.T, err)
	all := map[string]string{}
	for _, c := range b.Client.Jar.Cookies(u) {
		all[c.Name] = c.Value
	}
	return all
}

// One enterprise's cookie is worth nothing at another, and the same upstream subject
// is another person there.
func TestEnterprisesAreApart(t *testing.T) {
	w, _ := twoCompanies(t)
	b := w.browser()
	first := b.signInAt(acme).Body
	if b.signedIn(other) {
		t.Fatal("signed in at the other enterprise")
	}
	u, err := url.Parse(w.URL)
	must(t, err)
	value := b.cookies()["lanyard-"+acme[:12]]
	if value == "" {
		t.Fatalf("cookies %v", b.cookies())
	}
	b.Client.Jar.SetCookies(u, []*http.Cookie{{Name: "lanyard-" + other[:12], Value: value, Path: "/"}})
	if b.signedIn(other) {
		t.Error("the value of one enterprise's cookie counts at another")
	}
	if second := w.browser().signInAt(other).Body; second == first {
		t.Error("one person at two enterprises")
	}
}

// A new sign-in has a new cookie, and ends another person's session in this browser.
func TestSessionRotates(t *testing.T) {
	w, v := twoCompanies(t)
	b := w.browser()
	zhang := strings.TrimPrefix(b.signInAt(acme).Body, "home of ")
	before := b.cookies()["lanyard-"+acme[:12]]
	b.Get(b.callback("/start?ret=/"))
	after := b.cookies()["lanyard-"+acme[:12]]
	if before == after || len(after) != 52 {
		t.Errorf("cookie of %d characters, the same %v", len(after), before == after)
	}
	v.set(func() { v.user["union_id"] = "u-2" })
	b.Get(b.callback("/start?ret=/"))
	sessions, err := w.Store.SessionsOf(context.Background(), acme, zhang, w.Now())
	must(t, err)
	for _, s := range sessions {
		if s.CookieHash == server.Hash(after) {
			t.Error("the other person's session stands")
		}
	}
	if home := b.Get("/e/" + acme + "/home").Body; home == "home of "+zhang {
		t.Errorf("still %s", home)
	}
}

func TestEnd(t *testing.T) {
	w, _ := twoCompanies(t)
	b := w.browser()
	b.signInAt(acme)
	old := b.cookies()["lanyard-"+acme[:12]]
	b.Get("/end")
	if _, there := b.cookies()["lanyard-"+acme[:12]]; there || b.signedIn(acme) {
		t.Error("still signed in")
	}
	u, err := url.Parse(w.URL)
	must(t, err)
	b.Client.Jar.SetCookies(u, []*http.Cookie{{Name: "lanyard-" + acme[:12], Value: old, Path: "/"}})
	if b.signedIn(acme) {
		t.Error("the cookie counts after the end")
	}
	if p := w.browser().Get("/end"); p.Status != http.StatusOK {
		t.Errorf("signed out already: status %d", p.Status)
	}
}

func TestSessionEndsInTime(t *testing.T) {
	w, _ := twoCompanies(t)
	b := w.browser()
	b.signInAt(acme)
	w.Advance(w.Base.Lifetimes.Session - time.Minute)
	if !b.signedIn(acme) {
		t.Error("ended early")
	}
	w.Advance(2 * time.Minute)
	if b.signedIn(acme) {
		t.Error("stands for ever")
	}
}

// counting counts writes of a session's last look.
type counting struct {
	server.Sessions
	touched int
}

func (c *counting) TouchSession(ctx context.Context, enterprise, id string, provenAt, now time.Time) error {
	c.touched++
	return c.Sessions.TouchSession(ctx, enterprise, id, provenAt, now)
}

func TestSessionIsTouchedSeldom(t *testing.T) {
	w := newWorld(t)
	sessions := &counting{Sessions: w.Store}
	gate, err := sso.New(sso.Config{Base: w.Base, Enterprises: w.Store, Sessions: sessions, SignIns: w.Store, Pages: assets.SSOPages})
	must(t, err)
	r := attached(t, w, gate)
	for range 20 {
		w.Advance(time.Minute)
		if _, err := gate.Session(r, acme); err != nil {
			t.Fatal(err)
		}
	}
	if sessions.touched != 3 {
		t.Errorf("touched %d times in 20 minutes, want 3", sessions.touched)
	}
}

// attached is a request of a browser that a launch has signed in.
func attached(t *testing.T, w *world, gate *sso.SSO) *http.Request {
	t.Helper()
	ctx := context.Background()
	person, err := w.Store.UpsertPerson(ctx, server.Person{ID: auth.RandomID(), EnterpriseID: acme, Key: "k", CreatedAt: w.Now(), LastSeen: w.Now()})
	must(t, err)
	cookie := auth.RandomToken()
	session := server.Session{
		ID: auth.RandomID(), EnterpriseID: acme, PersonID: person.ID, CookieHash: server.Hash(cookie), Client: "launch",
		AuthTime: w.Now(), CreatedAt: w.Now(), LastSeen: w.Now(), ExpiresAt: w.Now().Add(time.Hour),
	}
	must(t, w.Store.SaveSession(ctx, session))
	answer := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	gate.Attach(answer, r, session, auth.NewSecret(cookie))
	for _, c := range answer.Result().Cookies() {
		r.AddCookie(c)
	}
	return r
}

// Cookies are host-only, closed to scripts and to other sites' forms, and on https
// bound to this very host.
func TestCookieFlags(t *testing.T) {
	w := newWorld(t)
	for _, public := range []string{"http://127.0.0.1:1", "https://login.acme.com"} {
		w.Base.PublicURL = public
		secure := strings.HasPrefix(public, "https")
		answer := httptest.NewRecorder()
		session := server.Session{ID: "s", EnterpriseID: acme, ExpiresAt: w.Now().Add(time.Hour)}
		w.sso.Attach(answer, httptest.NewRequest(http.MethodGet, "/", nil), session, auth.NewSecret("v"))
		c := answer.Result().Cookies()[0]
		name := "lanyard-" + acme[:12]
		if secure {
			name = "__Host-" + name
		}
		if c.Name != name || c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || c.Path != "/" || c.MaxAge != 3600 {
			t.Errorf("%s: cookie %+v", public, c)
		}
	}
}

// No secret of a sign-in is in the log or on a page.
func TestLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	b := w.browser()
	callback := b.callback("/e/" + acme + "/home")
	b.Get(callback)
	b.Get(callback)
	v.set(func() { v.broken = true })
	c := w.browser()
	failed := c.Get(c.callback("/e/" + acme + "/home"))
	u, err := url.Parse(callback)
	must(t, err)
	secrets := map[string]string{
		"client secret": clientSecret, "vendor's token": vendorToken, "vendor's refresh token": vendorAgain,
		"code": u.Query().Get("code"), "state": u.Query().Get("state"), "cookie": b.cookies()["lanyard-"+acme[:12]],
	}
	for what, secret := range secrets {
		if strings.Contains(w.Log.String(), secret) || strings.Contains(failed.Body, secret) {
			t.Errorf("log or page holds the %s", what)
		}
	}
}

func TestPageSpeaksTheBrowsersLanguage(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5")
	answer := httptest.NewRecorder()
	w.sso.Fail(answer, r, acme, auth.Fail(auth.RequestInvalid, auth.Args{"reason": "<script>"}, io.EOF))
	for _, want := range []string{`lang="zh"`, "Acme 科技", "编号", "&lt;script&gt;"} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("page lacks %q:\n%s", want, answer.Body)
		}
	}
	if strings.Contains(answer.Body.String(), "EOF") || answer.Code != http.StatusBadRequest {
		t.Errorf("status %d, %s", answer.Code, answer.Body)
	}
}

// A browser is not told to type a command, and a reference is not broken over two lines.
func TestPageOfAnUnknownApp(t *testing.T) {
	w := newWorld(t)
	for enterprise, link := range map[string]int{acme: 1, "none": 0} {
		answer := httptest.NewRecorder()
		w.sso.Fail(answer, httptest.NewRequest(http.MethodGet, "/", nil), enterprise, auth.Fail(auth.AppUnknown, nil, io.EOF))
		page := answer.Body.String()
		if strings.Contains(page, "lanyard apps") || strings.Count(page, `href="/e/`) != link || strings.Count(page, `id="again" href="/e/`+acme+`/">Show all apps`) != link {
			t.Errorf("%s:\n%s", enterprise, page)
		}
		if !strings.Contains(page, `<span class="nowrap">Reference `) {
			t.Errorf("the reference may be broken:\n%s", page)
		}
	}
}
