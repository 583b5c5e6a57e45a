package agent_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// patience is what a test has for what takes a moment elsewhere.
const patience = time.Minute

func TestMain(m *testing.M) {
	agent.Wait(patience)
	goleak.VerifyTestMain(m)
}

// TestSignIn walks through every step: the host is shown and confirmed before the
// browser opens, once; the page says the final outcome; profile, apps and vault hold.
func TestSignIn(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	id, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Open: true, Lang: "zh"})
	if err != nil {
		t.Fatal(err)
	}
	att := d.step(local.StepConfirm)
	host := strings.TrimPrefix(c.Issuer, "http://")
	if att.ID != id || att.Host != host || att.Enterprise.ID != "id-acme" || !auth.ValidTrace(att.Reference) || len(att.Hash) != 64 {
		t.Errorf("attempt = %+v", att)
	}
	if len(d.tabs()) != 0 {
		t.Error("a browser was opened before the host was confirmed")
	}
	isFault(t, d.Confirm(t.Context(), id, local.Confirmation{Host: "login.example.com"}), auth.ConfirmationMismatch)
	isFault(t, d.Confirm(t.Context(), "another", local.Confirmation{Host: host}), auth.SignInStale)
	if err := d.Confirm(t.Context(), id, local.Confirmation{Host: host}); err != nil {
		t.Fatal(err)
	}
	att = d.step(local.StepWaiting)
	d.until("an open browser", func(s local.State) bool { return s.Attempt.Opened })
	if tabs := d.tabs(); len(tabs) != 1 || tabs[0] != att.URL {
		t.Fatalf("tabs = %v, want the attempt's address", tabs)
	}
	page := authtest.NewVisitor(t).Visit(t, att.URL)
	if !strings.Contains(page.Body, "张三") || !strings.Contains(page.Body, "笔记") || strings.Contains(page.URL.String(), "code=") {
		t.Errorf("page at %s: %s", page.URL, page.Body)
	}
	att = d.step(local.StepDone)
	p := d.phase(local.SignedIn)
	if att.Profile != p.ID || att.URL != "" || att.Problem != nil {
		t.Errorf("attempt = %+v", att)
	}
	if p.Identity.Name != "张三" || p.Enterprise.Code != "acme" || p.AppsAll != 2 || p.ExpiresAt.IsZero() {
		t.Errorf("profile = %+v", p)
	}
	if got := c.Last("/authorize").Get("ui_locales"); got != "zh" {
		t.Errorf("ui_locales = %q", got)
	}
	s, err := d.State(t.Context())
	if err != nil || s.MemoryOnly || s.Offline || s.Current != p.ID {
		t.Errorf("state = %+v, %v", s, err)
	}
	for _, name := range []string{"profiles.json"} {
		fi, err := os.Stat(filepath.Join(d.dir, name))
		if err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, fi, err)
		}
	}
	isFault(t, d.Confirm(t.Context(), id, local.Confirmation{Host: host}), auth.SignInStale)
}

// TestSlowBrowser has one that takes its time to start: State does not say that it is open
// before it is, and a second click meanwhile is no second tab.
func TestSlowBrowser(t *testing.T) {
	c := newCompany(t, "acme")
	asked, start := make(chan struct{}, 2), make(chan struct{})
	d := newDesk(t, func(cfg *agent.Config) {
		open := cfg.Open
		cfg.Open = func(ctx context.Context, address string, env map[string]string, browser string) error {
			asked <- struct{}{}
			<-start
			return open(ctx, address, env, browser)
		}
	})
	req := local.SignInRequest{Code: "acme", Directory: c.origin, Open: true, Yes: true}
	if _, err := d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	<-asked
	if _, err := d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if att := d.step(local.StepWaiting); att.Opened {
		t.Error("the browser is said to be open before it is")
	}
	close(start)
	d.until("an open browser", func(s local.State) bool { return s.Attempt.Opened })
	if tabs := d.tabs(); len(tabs) != 1 {
		t.Errorf("tabs = %v, want one", tabs)
	}
}

// TestConfirmation says when a person is asked: the first time, and again when the
// issuer changes; not by policy, not for what was accepted before.
func TestConfirmation(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin}); err != nil {
		t.Fatal(err)
	}
	authtest.NewVisitor(t).Visit(t, d.step(local.StepWaiting).URL) // was not asked
	d.step(local.StepDone)

	other := authtest.NewProvider(t, authtest.Faults{})
	c.change(func(doc *directory.Document) { doc.Connector.OIDC.Issuer = other.Issuer })
	id, err := d.SignIn(t.Context(), local.SignInRequest{Profile: d.phase(local.SignedIn).ID})
	if err != nil {
		t.Fatal(err)
	}
	d.step(local.StepConfirm)
	if err := d.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	managed := newDesk(t, func(cfg *agent.Config) {
		cfg.Code, cfg.Directories, cfg.ManagedBy = "acme", []string{c.origin}, "Acme IT"
	})
	if _, err := managed.SignIn(t.Context(), local.SignInRequest{}); err != nil {
		t.Fatal(err)
	}
	managed.step(local.StepWaiting)
	if s, _ := managed.State(t.Context()); s.ManagedBy != "Acme IT" {
		t.Errorf("managed by %q", s.ManagedBy)
	}
}

// TestFailures names what goes wrong, in the attempt's language, with whom to ask.
func TestFailures(t *testing.T) {
	for _, row := range []struct {
		name   string
		code   string
		change func(*company, *desk)
		visit  bool
		want   auth.Fault
	}{
		{"unknown code", "acne", func(c *company, d *desk) { d.signIn(c, local.SignInRequest{}) }, false, auth.CodeUnknown},
		{"directory down", "acme", func(c *company, _ *desk) { c.setDown(true) }, false, auth.DirectoryUnreachable},
		{"provider down", "acme", func(c *company, _ *desk) {
			c.fault(func(f *authtest.Faults) {
				f.Answer["/.well-known/openid-configuration"] = authtest.Status(503)
			})
		}, false, auth.ProviderUnreachable},
		{"steps connector", "acme", func(c *company, _ *desk) {
			c.change(func(doc *directory.Document) { doc.Connector.Kind = "steps" })
		}, false, auth.EnterpriseMisconfig},
		{"keyring locked", "acme", func(_ *company, d *desk) { d.keyring.set(true, false) }, false, auth.KeyringLocked},
		{"port taken", "acme", func(c *company, d *desk) {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				d.t.Fatal(err)
			}
			d.t.Cleanup(func() { taken.Close() })
			c.change(func(doc *directory.Document) { doc.Connector.Redirect.Port = taken.Addr().(*net.TCPAddr).Port })
		}, false, auth.PortUnavailable},
		{"clock wrong", "acme", func(c *company, _ *desk) {
			c.fault(func(f *authtest.Faults) {
				f.Answer["/"] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
				}
			})
		}, false, auth.ClockWrong},
		{"denied", "acme", func(c *company, _ *desk) {
			c.fault(func(f *authtest.Faults) { f.Deny = "access_denied" })
		}, true, auth.SignInDenied},
		{"bad signature", "acme", func(c *company, _ *desk) {
			c.fault(func(f *authtest.Faults) { f.BadSignature = true })
		}, true, auth.TokenInvalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCompany(t, "acme")
			d := newDesk(t)
			row.change(c, d)
			before := len(d.tabs())
			_, err := d.SignIn(t.Context(), local.SignInRequest{
				Code: row.code, Directory: c.origin, Yes: true, Open: row.visit, Lang: "en",
			})
			if err != nil {
				t.Fatal(err)
			}
			if row.visit {
				page := authtest.NewVisitor(t).Visit(t, d.step(local.StepWaiting).URL)
				if !strings.Contains(page.Body, "Reference") {
					t.Errorf("page without reference: %s", page.Body)
				}
			}
			att := d.step(local.StepFailed)
			p := att.Problem
			if p == nil || p.Code != row.want || p.Title == "" || p.Hint == "" || p.Reference != att.Reference {
				t.Errorf("problem = %+v, want %s", p, row.want)
			}
			if row.want == auth.CodeUnknown && att.Suggestion != "acme" {
				t.Errorf("suggestion = %q", att.Suggestion)
			}
			if !row.visit && len(d.tabs()) != before {
				t.Error("a browser was opened")
			}
		})
	}
}

func TestCancelAndTimeout(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	req := local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true}
	id, err := d.SignIn(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	address := d.step(local.StepWaiting).URL
	if err := d.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if p := d.step(local.StepFailed).Problem; p.Code != auth.SignInCanceled {
		t.Errorf("problem = %+v", p)
	}
	isFault(t, d.Cancel(t.Context(), id), auth.SignInStale)
	isFault(t, d.Reopen(t.Context(), id, nil), auth.SignInStale)

	if id, err = d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if again := d.step(local.StepWaiting); again.URL == address || again.Deadline.IsZero() {
		t.Errorf("second attempt = %+v", again)
	}
	if err := d.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	d.step(local.StepFailed)

	req.Timeout = 1 // wherever a slow computer has come to by then
	if _, err := d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if p := d.step(local.StepFailed).Problem; p.Code != auth.SignInTimeout {
		t.Errorf("problem = %+v", p)
	}
}

// TestOneAttempt joins the same code and refuses another; whoever joins may bring the
// wish for a browser, and there is one tab however often that is wished for.
func TestOneAttempt(t *testing.T) {
	c, other := newCompany(t, "acme"), newCompany(t, "beta")
	d := newDesk(t)
	req := local.SignInRequest{Code: "acme", Directory: c.origin}
	id, err := d.SignIn(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.SignIn(t.Context(), local.SignInRequest{Code: "beta", Directory: other.origin})
	isFault(t, err, auth.SignInBusy)
	isFault(t, d.Quit(t.Context(), true), auth.SignInBusy)
	d.step(local.StepConfirm)
	req.Yes, req.Open = true, true
	for range 3 {
		req.Code = " ＡＣＭＥ "
		if joined, err := d.SignIn(t.Context(), req); err != nil || joined != id {
			t.Fatalf("joined %q, %v; want %q", joined, err, id)
		}
	}
	att := d.step(local.StepWaiting)
	d.until("an open browser", func(s local.State) bool { return s.Attempt.Opened })
	if _, err := d.SignIn(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if tabs := d.tabs(); len(tabs) != 1 {
		t.Errorf("tabs = %v, want one", tabs)
	}
	if err := d.Reopen(t.Context(), id, nil); err != nil || len(d.tabs()) != 2 {
		t.Errorf("reopen: %v, tabs %d", err, len(d.tabs()))
	}
	authtest.NewVisitor(t).Visit(t, att.URL)
	d.step(local.StepDone)

	for _, typed := range []struct {
		code string
		want auth.Fault
	}{{"§§", auth.CodeInvalid}, {"  ", auth.CodeEmpty}} {
		_, err := d.SignIn(t.Context(), local.SignInRequest{Code: typed.code})
		isFault(t, err, typed.want)
	}
	_, err = d.SignIn(t.Context(), local.SignInRequest{Profile: "nobody"})
	isFault(t, err, auth.ProfileUnknown)
}

// TestPersons keeps two persons of one company apart: who signs in again must be who
// it was, a switch may bring another.
func TestPersons(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	first := d.phase(local.SignedIn)

	c.User = clone(c.User)
	c.User["sub"], c.User["name"] = "u-2002", "李四"
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Profile: first.ID, Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	revoked := c.Count("/revoke")
	page := authtest.NewVisitor(t).Visit(t, d.step(local.StepWaiting).URL)
	if !strings.Contains(page.Body, "李四") {
		t.Errorf("page does not name who signed in: %s", page.Body)
	}
	att := d.step(local.StepFailed)
	if att.Problem.Code != auth.SignInOtherPerson || att.Problem.Args["expected"] != "张三" {
		t.Errorf("problem = %+v", att.Problem)
	}
	if c.Count("/revoke") != revoked+1 {
		t.Error("the other person's tokens were kept")
	}
	if p := d.phase(local.SignedIn); p.ID != first.ID || p.Identity.Name != "张三" {
		t.Errorf("profile = %+v", p)
	}

	d.signIn(c, local.SignInRequest{Profile: first.ID, Switch: true})
	s, _ := d.State(t.Context())
	if len(s.Profiles) != 2 || s.Profile("").Identity.Name != "李四" {
		t.Fatalf("profiles = %+v", s.Profiles)
	}
	if got := c.Last("/authorize").Get("prompt"); got != "login" {
		t.Errorf("prompt = %q", got)
	}
	if err := d.Select(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	d.restart()
	d.until("both signed in", func(s local.State) bool {
		return s.Current == first.ID && len(s.Profiles) == 2 && s.Profiles[0].Phase == local.SignedIn &&
			s.Profiles[1].Phase == local.SignedIn && !s.Profiles[0].Refreshing && !s.Profiles[1].Refreshing
	})
	isFault(t, d.Select(t.Context(), "nobody"), auth.ProfileUnknown)
}

// TestLateApps signs in at a company that is slow to say which apps there are: the sign-in
// does not wait for them, and they come when they come.
func TestLateApps(t *testing.T) {
	agent.Hurry(t)
	c := newCompany(t, "acme")
	held := make(chan struct{})
	answer := sync.OnceFunc(func() { close(held) })
	defer answer()
	c.fault(func(f *authtest.Faults) {
		f.Answer["/v1/apps"] = func(w http.ResponseWriter, r *http.Request) {
			<-held
			c.apps(w, r)
		}
	})
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if p := d.phase(local.SignedIn); p.AppsAll != 0 {
		t.Errorf("%d apps from nowhere", p.AppsAll)
	}
	answer()
	d.until("apps", func(s local.State) bool { return s.Profile("").AppsAll == 2 })
}
