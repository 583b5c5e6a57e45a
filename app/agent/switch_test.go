package agent_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
	"lanyard/auth/words"
)

// of lets the provider say whose people sign in.
func (c *company) of(domain string) {
	c.fault(func(f *authtest.Faults) { f.Claims = func(claims map[string]any) { claims["hd"] = domain } })
}

// wrongCompany signs in with an account of another company and returns the page about it.
func wrongCompany(t *testing.T, visitor *authtest.Visitor, c *company, d *desk) authtest.Page {
	t.Helper()
	c.change(func(doc *directory.Document) { doc.Connector.Expect = map[string]string{"hd": "acme.example"} })
	c.of("beta.example")
	id, err := d.SignIn(t.Context(), local.SignInRequest{Code: c.code, Directory: c.origin, Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Confirm(t.Context(), id, local.Confirmation{Host: d.step(local.StepConfirm).Host, Shared: true}); err != nil {
		t.Fatal(err)
	}
	page := visitor.Visit(t, d.step(local.StepWaiting).URL)
	isFault(t, d.step(local.StepFailed).Problem, auth.SignInWrongCompany)
	return page
}

const offer = `href="?switch">Switch account</a>`

// TestSwitchOnThePage signs in with another account from the page that refuses the first:
// in the same tab, as agreed to before, and asking the provider for it.
func TestSwitchOnThePage(t *testing.T) {
	c, d, visitor := newCompany(t, "acme"), newDesk(t), authtest.NewVisitor(t)
	page := wrongCompany(t, visitor, c, d)
	contains(t, page.Body, offer)
	first := d.step(local.StepFailed)
	c.of("acme.example")
	contains(t, visitor.Visit(t, page.URL.String()+"?switch").Body, "You&#39;re signed in, 张三.")
	s := d.until("a second attempt's end", func(s local.State) bool { return s.Attempt.ID != first.ID && s.Attempt.Over() })
	if s.Attempt.Step != local.StepDone || s.Attempt.Reference == first.Reference || s.Attempt.Host != first.Host {
		t.Errorf("attempt = %+v", s.Attempt)
	}
	if p := d.phase(local.SignedIn); !p.Shared {
		t.Error("that others use this computer was forgotten")
	}
	if prompt := c.Last("/authorize").Get("prompt"); prompt != "login" || len(d.tabs()) != 0 {
		t.Errorf("asked with prompt %q, beside the tabs %v", prompt, d.tabs())
	}
}

// TestSwitchOnThePageAgain offers it for as long as the account is the wrong one.
func TestSwitchOnThePageAgain(t *testing.T) {
	c, d, visitor := newCompany(t, "acme"), newDesk(t), authtest.NewVisitor(t)
	page := wrongCompany(t, visitor, c, d)
	for range 2 {
		page = visitor.Visit(t, page.URL.String()+"?switch")
		contains(t, page.Body, offer)
	}
}

// TestSwitchOnThePageNotOffered leaves a port of the connector's own to the next attempt.
func TestSwitchOnThePageNotOffered(t *testing.T) {
	c, d := newCompany(t, "acme"), newDesk(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	c.change(func(doc *directory.Document) { doc.Connector.Redirect.Port = port })
	page := wrongCompany(t, authtest.NewVisitor(t), c, d)
	if strings.Contains(page.Body, offer) {
		t.Errorf("offered: %s", page.Body)
	}
	c.of("acme.example")
	d.signIn(c, local.SignInRequest{Switch: true})
}

// TestSwitchOnThePageTwice leads who clicks twice, as many do, to the same place.
func TestSwitchOnThePageTwice(t *testing.T) {
	c, d, visitor := newCompany(t, "acme"), newDesk(t), authtest.NewVisitor(t)
	page := wrongCompany(t, visitor, c, d)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	first := ""
	for i := range 20 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page.URL.String()+"?switch", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := browser.Do(req)
		if err != nil {
			t.Fatalf("click %d: %v", i+1, err)
		}
		res.Body.Close()
		to := res.Header.Get("Location")
		if first == "" {
			first = to
		}
		if to == "" || to != first {
			t.Fatalf("click %d: %s to %q, the first to %q", i+1, res.Status, to, first)
		}
	}
}

// stale fails the test unless the page says that its time is over.
func stale(t *testing.T, p authtest.Page) {
	t.Helper()
	contains(t, p.Body, "<h1>"+words.Explain(auth.Fail(auth.SignInStale, nil, nil), "en").Title+"</h1>")
}

// TestSwitchOnThePageAfterwards signs nobody in any more who has signed out, or was
// removed from this computer, since that page was shown.
func TestSwitchOnThePageAfterwards(t *testing.T) {
	for what, leave := range map[string]func(d *desk, profile string) error{
		"signed out": func(d *desk, profile string) error {
			return d.SignOut(t.Context(), local.SignOutRequest{Profile: profile})
		},
		"removed": func(d *desk, profile string) error { return d.Forget(t.Context(), profile) },
	} {
		t.Run(what, func(t *testing.T) {
			c, d, visitor := newCompany(t, "acme"), newDesk(t), authtest.NewVisitor(t)
			page := wrongCompany(t, visitor, c, d)
			c.of("acme.example")
			d.signIn(c, local.SignInRequest{Code: c.code, Directory: c.origin})
			last := d.phase(local.SignedIn)
			if err := leave(d, last.ID); err != nil {
				t.Fatal(err)
			}
			stale(t, visitor.Visit(t, page.URL.String()+"?switch"))
			s := d.until("no attempt", func(s local.State) bool { return s.Attempt == nil || s.Attempt.Over() })
			for _, p := range s.Profiles {
				if p.Phase == local.SignedIn {
					t.Errorf("signed in again: %+v", p)
				}
			}
		})
	}
}

// TestSwitchOnThePageLate leaves a sign-in alone that somebody began meanwhile.
func TestSwitchOnThePageLate(t *testing.T) {
	c, d, visitor := newCompany(t, "acme"), newDesk(t), authtest.NewVisitor(t)
	page := wrongCompany(t, visitor, c, d)
	other := newCompany(t, "other")
	id, err := d.SignIn(t.Context(), local.SignInRequest{Code: "other", Directory: other.origin, Yes: true})
	if err != nil {
		t.Fatal(err)
	}
	d.step(local.StepWaiting)
	late := visitor.Visit(t, page.URL.String()+"?switch")
	stale(t, late)
	if att := d.step(local.StepWaiting); att.ID != id || late.URL.Host != page.URL.Host {
		t.Errorf("it became %+v, and led to %s", att, late.URL)
	}
}
