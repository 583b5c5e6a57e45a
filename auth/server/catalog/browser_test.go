package catalog_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
)

// browser follows redirects with its own cookies, across origins as a real one does.
type browser struct {
	w *world
	http.Client
	trail []string // where it was sent
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.T, err)
	b := &browser{w: w}
	b.Client = http.Client{Jar: portJar{jar}, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		b.trail = append(b.trail, r.URL.String())
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}}
	return b
}

// portJar keeps ports apart, which browsers do not; the app here stands for one on
// another host.
type portJar struct{ http.CookieJar }

func (j portJar) own(u *url.URL) *url.URL {
	v := *u
	v.Host = "p" + u.Port() + ".example"
	return &v
}
func (j portJar) SetCookies(u *url.URL, c []*http.Cookie) { j.CookieJar.SetCookies(j.own(u), c) }
func (j portJar) Cookies(u *url.URL) []*http.Cookie       { return j.CookieJar.Cookies(j.own(u)) }

// open goes to an address and returns the page it ends on.
func (b *browser) open(address string) (*http.Response, string) {
	b.w.T.Helper()
	b.trail = nil
	return b.read(b.Get(address))
}

// press sends the form of a page, with the named button.
func (b *browser) press(page, button string, header ...string) (*http.Response, string) {
	b.w.T.Helper()
	var part string
	var action, value []string
	for _, part = range regexp.MustCompile(`(?s)<form.*?</form>|<form.*`).FindAllString(page, -1) {
		action = regexp.MustCompile(`^<form[^>]* method="post" action="([^"]+)"`).FindStringSubmatch(part)
		value = regexp.MustCompile(`id="` + button + `"[^>]*value="(\w+)"|id="` + button + `"`).FindStringSubmatch(part)
		if action != nil && value != nil {
			break
		}
	}
	if action == nil || value == nil {
		b.w.T.Fatalf("no form with button %s on\n%s", button, page)
	}
	form := servertest.Hidden(part)
	form.Set("answer", value[1])
	r, err := http.NewRequestWithContext(b.w.T.Context(), http.MethodPost, b.w.URL+action[1], strings.NewReader(form.Encode()))
	must(b.w.T, err)
	r.Header.Set("Content-Type", servertest.FormType)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	b.trail = nil
	return b.form(b.Do(r))
}

// form is read for the answer to a form, which may not lead away from here by redirects: a
// browser holds them against the form-action of the page.
func (b *browser) form(answer *http.Response, err error) (*http.Response, string) {
	b.w.T.Helper()
	if err == nil && answer.Header.Get("Begin") != "" {
		b.w.T.Errorf("a form leads to the company's sign-in by a redirect, by %q", b.trail)
	}
	return b.read(answer, err)
}

// read returns the answer, following the Refresh header as a browser would.
func (b *browser) read(answer *http.Response, err error) (*http.Response, string) {
	b.w.T.Helper()
	must(b.w.T, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(b.w.T, err)
	if _, address, found := strings.Cut(answer.Header.Get("Refresh"), "url="); found {
		to, err := answer.Request.URL.Parse(address)
		must(b.w.T, err)
		b.trail = append(b.trail, to.String())
		return b.read(b.Get(to.String()))
	}
	return answer, string(body)
}

// session returns the SSO session of the browser.
func (b *browser) session(enterprise string) (server.Session, error) {
	u, err := url.Parse(b.w.URL)
	must(b.w.T, err)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "sso-"+enterprise[:4] {
			return b.w.Store.SessionByCookie(context.Background(), enterprise, server.Hash(c.Value), b.w.Now())
		}
	}
	return server.Session{}, auth.ErrNotFound
}

// cookie is what the browser shows the server.
func (b *browser) cookie() string {
	u, err := url.Parse(b.w.URL)
	must(b.w.T, err)
	var all []string
	for _, c := range b.Jar.Cookies(u) {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// signIn gives the browser a session that it made itself.
func (b *browser) signIn(a account) server.Session {
	b.w.T.Helper()
	value := auth.RandomToken()
	s := server.Session{
		ID: auth.RandomID(), EnterpriseID: a.enterprise, PersonID: a.person, CookieHash: server.Hash(value),
		Client: "browser", ExpiresAt: b.w.Now().Add(time.Hour),
	}
	must(b.w.T, b.w.Store.SaveSession(context.Background(), s))
	u, err := url.Parse(b.w.URL)
	must(b.w.T, err)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "sso-" + a.enterprise[:4], Value: value, Path: "/"}})
	return s
}
