package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// 李四 works in notes and docs; then somebody launches as 张三. Whatever is answered, one
// person alone is signed in, both apps are opened as that one, and it is the one who was
// chosen.
func TestTwoPeopleInOneBrowser(t *testing.T) {
	for _, answer := range []string{"switch", "keep", ""} {
		for _, withAgent := range []bool{true, false} {
			w := newWorld(t)
			must(t, w.Store.SaveApp(t.Context(), server.App{ID: "docs", EnterpriseID: acme, Launch: raw(map[string]any{
				"kind": "link", "url": w.app.URL + "/docs", "params": [][2]string{{"who", "{login_hint}"}},
			})}))
			zhang, li := w.signedIn(acme, "张三"), w.signedIn(acme, "李四")
			w.email(zhang, "zhang@acme.com")
			w.email(li, "li@acme.com")
			b := w.browser()
			old := b.signIn(li)
			b.open(w.issuer(acme) + "/a/notes")
			b.open(w.issuer(acme) + "/a/docs")
			if w.opened != "/docs?who=li%40acme.com" {
				t.Fatalf("docs opened as %q", w.opened)
			}
			w.opened = ""
			link := w.mint(zhang, 0, "").URL
			if withAgent {
				link = w.agent(zhang).link.URL
			}
			_, page := b.open(link)
			if w.opened != "" || !strings.Contains(page, "signed in as 李四. Open Notes as 张三?") || !strings.Contains(page, `id="keep" name="answer" value="no" autofocus`) {
				t.Fatalf("nobody was asked (opened %q):\n%s", w.opened, page)
			}
			want, hint := li, "li%40acme.com"
			switch answer {
			case "switch":
				want, hint = zhang, "zhang%40acme.com"
				b.press(page, "switch")
			case "keep":
				b.press(page, "keep")
			}
			if answer != "" && !strings.HasSuffix(w.opened, "login_hint="+hint) {
				t.Errorf("%s: notes opened as %q", answer, w.opened)
			}
			b.open(w.issuer(acme) + "/a/docs")
			if w.opened != "/docs?who="+hint {
				t.Errorf("%s: docs opened as %q", answer, w.opened)
			}
			s, err := b.session(acme)
			if err != nil || s.PersonID != want.person {
				t.Errorf("%s: session of %s, %v", answer, s.PersonID, err)
			}
			_, err = w.Store.Session(t.Context(), acme, old.ID, w.Now())
			if ended := errors.Is(err, auth.ErrNotFound); ended != (answer == "switch") {
				t.Errorf("%s: 李四's session has ended: %v", answer, ended)
			}
			if _, err := w.Store.Session(t.Context(), acme, li.session, w.Now()); err != nil {
				t.Errorf("%s: 李四's own desktop: %v", answer, err)
			}
		}
	}
}

// email changes what a person is called by.
func (w *world) email(a account, address string) {
	w.T.Helper()
	p, err := w.Store.Person(w.T.Context(), a.enterprise, a.person)
	must(w.T, err)
	p.Email = address
	_, err = w.Store.UpsertPerson(w.T.Context(), p)
	must(w.T, err)
}

// Two enterprises in one browser do not know of each other.
func TestTwoEnterprisesInOneBrowser(t *testing.T) {
	w := newWorld(t)
	zhang, beta := w.signedIn(acme, "张三"), w.signedIn(other, "张三")
	b := w.browser()
	b.open(w.agent(zhang).link.URL)
	first, err := b.session(acme)
	must(t, err)
	_, page := b.open(w.agent(beta).link.URL)
	if strings.Contains(page, "<form") {
		t.Errorf("somebody was asked about another enterprise's person:\n%s", page)
	}
	second, err := b.session(other)
	must(t, err)
	if again, err := b.session(acme); err != nil || again.ID != first.ID || again.PersonID != zhang.person || second.PersonID != beta.person {
		t.Errorf("sessions %+v, %+v, %v", again, second, err)
	}
	if !strings.Contains(w.opened, "iss="+strings.ReplaceAll(strings.ReplaceAll(w.issuer(other), ":", "%3A"), "/", "%2F")) {
		t.Errorf("opened %q", w.opened)
	}
	b.open(w.issuer(acme) + "/a/notes")
	w.inApp(b.trail)
	// Signing out of one leaves the other.
	_, page = b.open(w.issuer(other) + "/")
	b.press(page, "sign-out")
	if _, err := b.session(other); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the other's session: %v", err)
	}
	b.open(w.issuer(acme) + "/a/notes")
	w.inApp(b.trail)
	// One's device is not the other's.
	_, page = b.open(w.issuer(acme) + "/devices")
	if strings.Contains(page, beta.session) {
		t.Errorf("the other's device is shown:\n%s", page)
	}
}

// A link that Mallory made for himself and slips to 张三: 张三's agent does not know it,
// without an agent he is asked, and saying no leaves nothing behind.
func TestLinkOfAnotherAccountInAUsedBrowser(t *testing.T) {
	w := newWorld(t)
	zhang, mallory := w.signedIn(acme, "张三"), w.signedIn(acme, "Mallory")
	b := w.browser()
	own := b.signIn(zhang)
	for range 2 {
		l := w.mint(mallory, 0, "")
		_, page := b.open(l.URL)
		if !strings.Contains(page, "signed in as 张三. Open Notes as Mallory?") || w.opened != "" {
			t.Fatalf("opened %q:\n%s", w.opened, page)
		}
		if s, err := b.session(acme); err != nil || s.ID != own.ID {
			t.Errorf("looking changed the session: %+v, %v", s, err)
		}
		// The page forged on Mallory's site answers nothing.
		b.press(page, "switch", "Sec-Fetch-Site", "cross-site", "Origin", "https://mallory.example")
		if s, err := b.session(acme); err != nil || s.ID != own.ID {
			t.Errorf("another site switched: %+v, %v", s, err)
		}
		b.press(page, "keep")
		w.inApp(b.trail)
		w.opened = ""
	}
}

// A thief who sees the link go by, at each step of its way.
func TestStolenLinks(t *testing.T) {
	for name, steal := range map[string]func(w *world, victim, thief *browser, a *agent) (victimIn bool){
		"before use": func(w *world, victim, thief *browser, a *agent) bool {
			nonce := a.nonce
			a.nonce = "not the thief's" // the thief's own computer has no such agent
			thief.open(a.link.URL)
			a.nonce = nonce
			victim.open(a.link.URL) // worthless by now, and nobody is in
			return false
		},
		"after use": func(w *world, victim, thief *browser, a *agent) bool {
			victim.open(a.link.URL)
			w.Advance(10 * time.Minute)
			thief.open(a.link.URL)
			return false // what the link gave has ended
		},
		"with the proof": func(w *world, victim, thief *browser, a *agent) bool {
			victim.open(a.link.URL)
			for _, address := range victim.trail {
				if strings.Contains(address, "/proof?") {
					thief.open(address)
				}
			}
			return true // he never held the link itself, and its proof is the victim's cookie's
		},
	} {
		w := newWorld(t)
		victim, thief := w.browser(), w.browser()
		victimIn := steal(w, victim, thief, w.agent(w.signedIn(acme, "张三")))
		if _, err := thief.session(acme); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: the thief has a session: %v", name, err)
		}
		if _, err := victim.session(acme); (err == nil) != victimIn {
			t.Errorf("%s: the victim's session: %v, want one: %v", name, err, victimIn)
		}
		w.oneOld(name)
	}
}
