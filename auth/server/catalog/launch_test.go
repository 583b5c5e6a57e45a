package catalog_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// inApp fails the test unless the browser ended in the app, started by OIDC, and the
// app got no cookie of ours.
func (w *world) inApp(trail []string) {
	w.T.Helper()
	want := "/login?x=1&target_link_uri=" + url.QueryEscape(w.app.URL+"/home") + "&iss=" + url.QueryEscape(w.issuer(acme)) + "&login_hint=z%2Bs%40acme.com"
	if w.opened != want {
		w.T.Errorf("app opened as %q, want %q; the way was %q", w.opened, want, trail)
	}
	if len(w.appCookies) != 0 {
		w.T.Errorf("the app got %d cookies", len(w.appCookies))
	}
}

// atCompany fails the test unless the browser ended at the company's sign-in, on its
// way to the app's access link, without a session.
func (w *world) atCompany(b *browser, answer *http.Response) {
	w.T.Helper()
	if got, want := answer.Header.Get("Begin"), "/e/"+acme+"/a/notes"; got != want {
		w.T.Errorf("browser is at %s (sign-in for %q), want the sign-in for %q", answer.Request.URL.Path, got, want)
	}
	if _, err := b.session(acme); !errors.Is(err, auth.ErrNotFound) {
		w.T.Errorf("the browser has a session (%v)", err)
	}
	if w.opened != "" {
		w.T.Error("the app was opened")
	}
}

// spent fails the test unless the page says that the link was used before, by a number that
// the admin finds, and its button leads to the company's sign-in.
func (w *world) spent(b *browser, page string) {
	w.T.Helper()
	for _, want := range []string{"This link was used before", "It works once, in one browser.", "Sign in and open Notes"} {
		if !strings.Contains(page, want) {
			w.T.Fatalf("%q is not on the page:\n%s", want, page)
		}
	}
	reference := regexp.MustCompile(`\d{4}-\d{4}`).FindString(page)
	lines, err := w.Store.SignInsByReference(w.T.Context(), acme, reference)
	if err != nil || len(lines) != 1 || lines[0].Fault != auth.LinkUsed || lines[0].AppID != "notes" {
		w.T.Errorf("under %q the admin reads %+v, %v", reference, lines, err)
	}
	link := regexp.MustCompile(`id="again" href="([^"]+)"`).FindStringSubmatch(page)
	if link == nil {
		w.T.Fatalf("no way on from the page:\n%s", page)
	}
	answer, _ := b.open(w.URL + link[1])
	w.atCompany(b, answer)
}

// oneOld fails the test unless the admin sees one link that was worth nothing any more.
func (w *world) oneOld(what string) {
	w.T.Helper()
	got := w.outcomes()
	if old := slices.DeleteFunc(slices.Clone(got), func(o string) bool { return o != "notes "+server.OpeningOld }); len(old) != 1 {
		w.T.Errorf("%s: openings %q, want one old", what, got)
	}
}

func TestLaunch(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	b, agent := w.browser(), w.agent(zhang)
	b.open(agent.link.URL)
	w.inApp(b.trail)
	s, err := b.session(acme)
	must(t, err)
	parent, err := w.Store.Session(t.Context(), acme, zhang.session, w.Now())
	must(t, err)
	if s.PersonID != zhang.person || s.Parent != zhang.session || s.Client != "launch" || !s.AuthTime.Equal(parent.AuthTime) || !s.ProvenAt.Equal(parent.ProvenAt) {
		t.Errorf("session %+v is not the agent's child", s)
	}
	if life := s.ExpiresAt.Sub(w.Now()); life > 12*time.Hour {
		t.Errorf("session lives %v", life)
	}
	for _, secret := range []string{agent.link.URL[strings.LastIndex(agent.link.URL, "/")+1:], agent.link.Key} {
		if strings.Contains(w.Log.String(), secret) {
			t.Error("the log shows the link or its key")
		}
	}

	// The session ends with the agent's.
	answer, _ := w.call(http.MethodPost, w.issuer(acme)+"/v1/sign-out", zhang.token, `{"everywhere":false}`)
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("sign-out: %s", answer.Status)
	}
	if _, err := b.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the session stands after signing out: %v", err)
	}
}

// A browser where the person has signed in keeps its own session.
func TestLaunchWherePersonIsSignedIn(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	b, agent := w.browser(), w.agent(zhang)
	own := b.signIn(zhang)
	b.open(agent.link.URL)
	w.inApp(b.trail)
	if s, err := b.session(acme); err != nil || s.ID != own.ID {
		t.Errorf("session %v, %v; want the browser's own", s.ID, err)
	}
}

func TestLinkSignsNobodyIn(t *testing.T) {
	cases := []struct {
		name string
		run  func(*world, *browser, *agent, account) string // returns what the browser then opens
		told bool                                           // that the link was used before
	}{
		{"used in this browser", func(w *world, b *browser, a *agent, zhang account) string {
			b.open(a.link.URL)
			s, err := b.session(acme)
			must(w.T, err)
			must(w.T, w.Store.EndSession(w.T.Context(), acme, s.ID, w.Now()))
			w.opened = ""
			return a.link.URL
		}, true},
		{"expired", func(w *world, _ *browser, a *agent, _ account) string {
			w.Advance(61 * time.Second)
			return a.link.URL
		}, false},
		{"proof of another launch", func(w *world, _ *browser, a *agent, zhang account) string {
			a.link.Key = w.mint(zhang, 1, strings.Repeat("n", 32)).Key
			return a.link.URL
		}, false},
		{"agent signed out meanwhile", func(w *world, _ *browser, a *agent, zhang account) string {
			must(w.T, w.Store.EndSession(w.T.Context(), acme, zhang.session, w.Now()))
			return a.link.URL
		}, false},
		{"person left meanwhile", func(w *world, _ *browser, a *agent, zhang account) string {
			must(w.T, w.Store.EndPerson(w.T.Context(), acme, zhang.person, w.Now()))
			return a.link.URL
		}, false},
		{"proof without the cookie", func(_ *world, _ *browser, a *agent, _ account) string {
			return a.link.URL + "/proof?proof=" + proof(a.link, "x")
		}, false},
		{"of another browser after binding", func(w *world, _ *browser, a *agent, _ account) string {
			w.call(http.MethodGet, a.link.URL, "", "") // the thief's, which stops at the agent's door
			return a.link.URL
		}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			zhang := w.signedIn(acme, "张三")
			b, a := w.browser(), w.agent(zhang)
			address := c.run(w, b, a, zhang)
			answer, page := b.open(address)
			if c.told {
				w.spent(b, page)
			} else {
				w.atCompany(b, answer)
			}
			w.oneOld(c.name)
		})
	}
}

// A link that somebody else made ends at the agent of this computer, which does not know it.
func TestLinkOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	w.signedIn(acme, "张三")
	mallory := w.signedIn(acme, "Mallory")
	b, agent := w.browser(), w.agent(mallory)
	agent.nonce = "of 张三's own launch"
	if answer, _ := b.open(agent.link.URL); answer.StatusCode != http.StatusNotFound || agent.asked != 1 || w.opened != "" {
		t.Errorf("%s, agent asked %d times, app opened as %q", answer.Status, agent.asked, w.opened)
	}
	if _, err := b.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the browser has a session: %v", err)
	}
}

// Who presents a used link in another browser gets nothing and ends what the first got.
func TestSecondBrowserEndsSession(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	first, then, agent := w.browser(), w.browser(), w.agent(zhang)
	first.open(agent.link.URL)
	must(t, second(first.session(acme)))
	w.opened = ""
	w.Advance(time.Hour) // long after the link's own time
	_, page := then.open(agent.link.URL)
	w.spent(then, page)
	if _, err := first.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the first browser's session stands: %v", err)
	}
	if _, err := w.Store.Session(t.Context(), acme, zhang.session, w.Now()); err != nil {
		t.Errorf("the agent's own session: %v", err)
	}
}

// A link that two browsers hold works for neither: who was first may be the thief.
func TestLinkInTwoHandsIsWorthless(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	thief, victim := w.browser(), w.browser()
	l := w.mint(zhang, 0, "")
	_, page := thief.open(l.URL)
	_, told := victim.open(l.URL)
	w.spent(victim, told)
	_, told = thief.press(page, "continue")
	w.spent(thief, told)
}

func TestUnknownLinks(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	agent := w.agent(zhang)
	token := agent.link.URL[strings.LastIndex(agent.link.URL, "/"):]
	for _, address := range []string{w.issuer(acme) + "/launch/unknown", w.issuer(acme) + "/launch/unknown/proof?proof=x"} {
		answer, _ := w.browser().open(address)
		if got := answer.Header.Get("Begin"); got != "/e/"+acme+"/" {
			t.Errorf("%s: sign-in for %q, want My apps", address, got)
		}
	}
	// The page that asks may have stood open until its launch was swept away.
	answer, _ := w.browser().press(`<form method="post" action="/e/`+acme+`/launch/unknown/continue"><button id="continue" value="yes">`, "continue")
	if got := answer.Header.Get("Begin"); got != "/e/"+acme+"/" {
		t.Errorf("an old page: sign-in for %q, want My apps", got)
	}
	answer, _ = w.browser().open(w.issuer(other) + "/launch" + token) // another enterprise's issuer
	if got := answer.Header.Get("Begin"); got != "/e/"+other+"/" {
		t.Errorf("another enterprise: sign-in for %q, want its own My apps", got)
	}
	if agent.asked != 0 {
		t.Error("the agent was asked")
	}
}

func TestContinuePage(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	b := w.browser()
	l := w.mint(zhang, 0, "")
	answer, page := b.open(l.URL)
	for _, want := range []string{"张三", "Acme", "Notes", "only if you started this"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	wantPolicy(t, answer)
	if _, err := b.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Error("looking at the page signs in")
	}
	if answer, _ := w.call(http.MethodHead, l.URL, "", ""); answer.StatusCode != http.StatusOK || len(answer.Cookies()) != 0 {
		t.Errorf("a preview: %s, cookies %v", answer.Status, answer.Cookies())
	}

	// Only this server's own page may answer, and only in this browser.
	if answer, _ := b.press(page, "continue", "Sec-Fetch-Site", "cross-site"); answer.StatusCode == http.StatusOK || !errors.Is(w.failed, auth.NotPermitted) {
		t.Errorf("cross-site: %s, %v", answer.Status, w.failed)
	}
	if strings.Contains(w.Log.String(), l.URL[strings.LastIndex(l.URL, "/")+1:]) {
		t.Error("the failure page tells the link")
	}
	if answer, _ := b.press(page, "continue", "Sec-Fetch-Site", "", "Origin", "https://evil.example"); answer.StatusCode == http.StatusOK {
		t.Errorf("another origin: %s", answer.Status)
	}
	stranger := w.browser()
	answer, _ = stranger.press(page, "continue")
	w.atCompany(stranger, answer)
	answer, _ = b.open(l.URL + "/proof?proof=x")
	w.atCompany(b, answer)

	b.press(page, "continue")
	w.inApp(b.trail)
	must(t, second(b.session(acme)))
	w.opened = ""
	b.press(page, "continue") // once more: now by the session that is there
	w.inApp(b.trail)

	l = w.mint(zhang, 0, "")
	b = w.browser()
	_, page = b.open(l.URL)
	w.opened = ""
	if _, page = b.press(page, "cancel"); !strings.Contains(page, "Nothing was opened") || w.opened != "" {
		t.Errorf("cancel: %s", page)
	}
	_, page = b.open(l.URL)
	w.spent(b, page)

	// Who is signed in here already may say no all the same.
	l = w.mint(zhang, 0, "")
	b.signIn(zhang)
	_, page = b.open(l.URL)
	if _, page = b.press(page, "cancel"); !strings.Contains(page, "Nothing was opened") || w.opened != "" {
		t.Errorf("cancel where the same person is signed in: opened %q\n%s", w.opened, page)
	}
	if _, err := w.Store.Opening(t.Context(), acme, l.ID); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("it counts as an opening: %v", err)
	}
}

// Without the agent's proof a browser cannot answer the page of a launch that asks for one.
func TestContinueNeedsProof(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	agent := w.agent(zhang)
	agent.nonce = "not this one" // the thief's computer has no such agent
	thief := w.browser()
	thief.open(agent.link.URL)
	path, _ := strings.CutPrefix(agent.link.URL, w.URL)
	answer, _ := thief.press(`<form method="post" action="`+path+`/continue"><input type="hidden" name="proof" value="AAAA"><button id="continue" value="yes">`, "continue")
	w.atCompany(thief, answer)
}

func TestAnotherPersonInTheBrowser(t *testing.T) {
	for _, withAgent := range []bool{true, false} {
		setup := func(t *testing.T) (w *world, b *browser, old server.Session, zhang account, page string) {
			w = newWorld(t)
			zhang = w.signedIn(acme, "张三")
			li := w.signedIn(acme, "李四")
			b = w.browser()
			old = b.signIn(li)
			address := ""
			if withAgent {
				address = w.agent(zhang).link.URL
			} else {
				address = w.mint(zhang, 0, "").URL
			}
			answer, page := b.open(address)
			wantPolicy(t, answer)
			if !strings.Contains(page, "李四") || !strings.Contains(page, "张三") || w.opened != "" {
				t.Errorf("the page does not ask whom to open as:\n%s", page)
			}
			if first := strings.Index(page, "<button"); !strings.HasPrefix(page[first:], `<button class="button main" id="keep"`) {
				t.Error("keeping is not the default")
			}
			return w, b, old, zhang, page
		}
		t.Run("keep", func(t *testing.T) {
			w, b, old, _, page := setup(t)
			b.press(page, "keep")
			w.inApp(b.trail)
			if s, err := b.session(acme); err != nil || s.ID != old.ID {
				t.Errorf("session %v, %v; want 李四's as before", s.ID, err)
			}
		})
		t.Run("switch", func(t *testing.T) {
			w, b, old, zhang, page := setup(t)
			b.press(page, "switch")
			w.inApp(b.trail)
			if s, err := b.session(acme); err != nil || s.PersonID != zhang.person || s.Parent != zhang.session {
				t.Errorf("session %+v, %v; want 张三's", s, err)
			}
			if err := second(w.Store.Session(t.Context(), acme, old.ID, w.Now())); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("李四's session: %v, want it ended", err)
			}
		})
		t.Run("switch from another site", func(t *testing.T) {
			_, b, old, _, page := setup(t)
			b.press(page, "switch", "Sec-Fetch-Site", "cross-site")
			if s, err := b.session(acme); err != nil || s.ID != old.ID {
				t.Errorf("session %v, %v; want 李四's as before", s.ID, err)
			}
		})
	}
}

// wantPolicy checks the headers of a page.
func wantPolicy(t *testing.T, answer *http.Response) {
	t.Helper()
	h := answer.Header
	policy := strings.Split(h.Get("Content-Security-Policy"), "; ")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !slices.Contains(policy, want) {
			t.Errorf("policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
		t.Errorf("policy %q is unsafe", policy)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }
