package agent_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// TestRestart signs in again from the vault: no browser, one refresh.
func TestRestart(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	tokens := c.Count("/token")
	for range 3 {
		d.restart()
		if p := d.phase(local.SignedIn); p.Identity.Name != "张三" {
			t.Errorf("profile = %+v", p)
		}
		d.until("fresh tokens", func(local.State) bool { return c.Count("/token") > tokens })
		if got := c.Count("/token"); got != tokens+1 {
			t.Errorf("%d token requests at start, want 1", got-tokens)
		}
		tokens = c.Count("/token")
	}
	if len(d.tabs()) != 0 {
		t.Errorf("tabs = %v", d.tabs())
	}
}

// TestRestoring does not say that the tokens are fresh before anybody was asked for new
// ones: who left another account behind a locked keyring keeps the agent busy before that.
func TestRestoring(t *testing.T) {
	acme, beta := newCompany(t, "acme"), newCompany(t, "beta")
	d := newDesk(t)
	d.signIn(acme, local.SignInRequest{})
	id := d.phase(local.SignedIn).ID
	d.signIn(beta, local.SignInRequest{})
	d.stop()
	d.keyring.set(true, false)
	d.start()
	d.phase(local.WaitingForKeyring)
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Select(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	asked, answer := make(chan struct{}), make(chan struct{})
	beta.fault(func(f *authtest.Faults) {
		f.Answer["/v1/sign-out"] = func(w http.ResponseWriter, _ *http.Request) {
			close(asked)
			<-answer
			w.WriteHeader(http.StatusNoContent)
		}
	})
	tokens := acme.Count("/token")
	d.keyring.set(false, false)
	d.restart()
	<-asked
	if s, err := d.State(t.Context()); err != nil || !s.Profile("").Refreshing {
		t.Errorf("before anybody was asked: %+v, %v", s.Profile(""), err)
	}
	close(answer)
	if d.phase(local.SignedIn); acme.Count("/token") != tokens+1 {
		t.Errorf("%d token requests, want 1", acme.Count("/token")-tokens)
	}
}

// lockedOut is somebody who was signed in, and whose keyring is locked after a restart.
func lockedOut(t *testing.T) (*company, *desk, local.Profile) {
	t.Helper()
	c, d := newCompany(t, "acme"), newDesk(t)
	d.signIn(c, local.SignInRequest{})
	d.stop()
	d.keyring.set(true, false)
	d.start()
	return c, d, d.phase(local.WaitingForKeyring)
}

// TestLockedKeyring waits and loses nothing; whoever looks after unlocking is signed in.
func TestLockedKeyring(t *testing.T) {
	c, d, p := lockedOut(t)
	if p.Problem == nil || p.Problem.Code != auth.KeyringLocked || p.AppsAll != 2 {
		t.Errorf("profile = %+v", p)
	}
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
	if err != nil || answer.Via != "access-link" || answer.URL != c.Issuer+"/a/notes" {
		t.Errorf("launch = %+v, %v", answer, err)
	}
	list, err := d.Apps(t.Context(), local.AppsQuery{})
	if err != nil || !list.Stale || len(list.Apps) != 2 {
		t.Errorf("apps = %+v, %v", list, err)
	}
	d.keyring.set(false, false)
	s, err := d.State(t.Context())
	if err != nil || s.Profile("").Phase != local.SignedIn {
		t.Errorf("after unlocking: %+v, %v", s.Profile(""), err)
	}
	d.phase(local.SignedIn)
}

// TestLateUnlock resumes by itself when the person answers the keyring long after the
// click that made it ask has gone another way.
func TestLateUnlock(t *testing.T) {
	agent.Hurry(t)
	_, d, _ := lockedOut(t)
	answer := d.keyring.ask()
	defer answer()
	launched, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
	if err != nil || launched.Via != "access-link" {
		t.Errorf("launch = %+v, %v", launched, err)
	}
	answer()
	d.phase(local.SignedIn)
}

// TestSignOutWhileLocked keeps the promise once the keyring opens, also for an agent that
// starts only then.
func TestSignOutWhileLocked(t *testing.T) {
	for name, open := range map[string]func(*desk){
		"a look":  func(d *desk) { _, _ = d.State(t.Context()) },
		"a start": func(d *desk) { d.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			c, d, _ := lockedOut(t)
			if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
				t.Fatal(err)
			}
			d.phase(local.SignedOut)
			revoked := c.Count("/revoke")
			d.keyring.set(false, false)
			open(d)
			eventually(t, "revoked tokens", func() bool { return c.Count("/revoke") == revoked+1 })
			d.phase(local.SignedOut)
		})
	}
}

// TestNoKeyring signs in in memory, says so, and needs the person after a restart.
func TestNoKeyring(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.keyring.set(false, true)
	page := d.signIn(c, local.SignInRequest{Lang: "en"})
	s, _ := d.State(t.Context())
	if !s.MemoryOnly || s.Profile("").Phase != local.SignedIn {
		t.Errorf("state = %+v", s)
	}
	contains(t, page.Body, "until you restart")
	isFault(t, d.Quit(t.Context(), true), auth.KeyringMissing)
	d.restart()
	d.phase(local.NeedsYou)
}

// TestNeedsYou asks for the person only where the provider itself says no.
func TestNeedsYou(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	d.stop()
	c.fault(func(f *authtest.Faults) { f.Answer["/token"] = authtest.OAuthError(400, "invalid_grant", "gone") })
	d.start()
	p := d.phase(local.NeedsYou)
	if p.Problem == nil || p.Problem.Code != auth.SignInRequired || p.Problem.Args["company"] != "Acme acme" || p.AppsAll != 2 {
		t.Errorf("profile = %+v", p)
	}
	c.fault(func(*authtest.Faults) {})
	d.signIn(c, local.SignInRequest{Profile: p.ID})
	d.phase(local.SignedIn)
}

// TestAccessEnded removes what is kept of a person whose access the company ended.
func TestAccessEnded(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	d.stop()
	c.fault(func(f *authtest.Faults) {
		f.Answer["/token"] = authtest.OAuthError(400, "invalid_grant", string(auth.AccessEnded))
	})
	d.start()
	p := d.phase(local.NeedsYou)
	if p.Problem.Code != auth.AccessEnded || p.AppsAll != 0 || len(p.Apps) != 0 {
		t.Errorf("profile = %+v", p)
	}
	c.fault(func(*authtest.Faults) {})
	tokens := c.Count("/token")
	d.restart()
	if p := d.phase(local.NeedsYou); p.Problem.Code != auth.AccessEnded || c.Count("/token") != tokens {
		t.Errorf("after restart: %+v, %d token requests", p, c.Count("/token")-tokens)
	}
}

// watching is a desk whose person is signed in, and that hears the news of its system.
func watching(t *testing.T) (*company, *desk, chan<- desktop.Event) {
	t.Helper()
	news := make(chan desktop.Event)
	c, d := newCompany(t, "acme"), newDesk(t, func(cfg *agent.Config) {
		cfg.Watch = func(context.Context) <-chan desktop.Event { return news }
	})
	d.signIn(c, local.SignInRequest{})
	return c, d, news
}

// TestOffline stays signed in without a network and says so; news of the network
// ends it.
func TestOffline(t *testing.T) {
	c, d, news := watching(t)
	d.stop()
	c.fault(func(f *authtest.Faults) { f.Answer["/token"] = authtest.Status(502) })
	d.start()
	d.phase(local.SignedIn)
	d.until("offline", func(s local.State) bool { return s.Offline })
	if len(d.tabs()) != 0 {
		t.Errorf("tabs = %v", d.tabs())
	}
	c.fault(func(*authtest.Faults) {})
	news <- desktop.NetworkChanged
	d.until("online", func(s local.State) bool { return !s.Offline })
	d.phase(local.SignedIn)

	d.stop()
	c.fault(func(f *authtest.Faults) { f.Answer["/token"] = authtest.Status(502) })
	d.start()
	d.until("offline", func(s local.State) bool { return s.Offline })
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	if s, _ := d.State(t.Context()); s.Offline {
		t.Error("offline, for somebody who is signed out")
	}
}

// transport counts how often its connections were to be given up.
type transport struct {
	http.RoundTripper
	given atomic.Int32
}

func (t *transport) CloseIdleConnections() { t.given.Add(1) }

// TestResume gives up the connections of before the sleep, which nobody answers any more.
func TestResume(t *testing.T) {
	news := make(chan desktop.Event)
	old := &transport{RoundTripper: http.DefaultTransport}
	d := newDesk(t, func(cfg *agent.Config) {
		cfg.HTTP = &http.Client{Transport: old}
		cfg.Watch = func(context.Context) <-chan desktop.Event { return news }
	})
	for i, event := range []desktop.Event{desktop.Resumed, desktop.NetworkChanged} {
		news <- event
		eventually(t, "fresh start", func() bool { return old.given.Load() == int32(i+1) })
	}
	news <- desktop.KeyringChanged
	d.stop()
	if n := old.given.Load(); n != 2 {
		t.Errorf("given up %d times, want 2", n)
	}
}

// TestCaptivePortal tries again as soon as there is news of the network where something on
// the way had answered in the provider's place.
func TestCaptivePortal(t *testing.T) {
	c, d, news := watching(t)
	d.stop()
	tokens := c.Count("/token")
	c.fault(func(f *authtest.Faults) { f.Answer["/token"] = authtest.HTML })
	d.start()
	eventually(t, "first try", func() bool { return c.Count("/token") == tokens+1 })
	d.phase(local.SignedIn)
	c.fault(func(*authtest.Faults) {})
	news <- desktop.NetworkChanged
	eventually(t, "second try", func() bool { return c.Count("/token") == tokens+2 })
	d.phase(local.SignedIn)
}

// TestLateKeyring waits for a keyring that comes after the agent, as one does that is a
// program of its own, and goes on by itself.
func TestLateKeyring(t *testing.T) {
	_, d, news := watching(t)
	for _, row := range []struct{ locked, absent bool }{{false, true}, {true, false}} {
		d.stop()
		d.keyring.set(row.locked, row.absent)
		d.start()
		d.phase(local.WaitingForKeyring)
		news <- desktop.KeyringChanged // not yet
		d.phase(local.WaitingForKeyring)
		d.keyring.set(false, false)
		news <- desktop.KeyringChanged
		d.phase(local.SignedIn)
		if s, err := d.State(t.Context()); err != nil || s.MemoryOnly {
			t.Errorf("%+v: %+v, %v", row, s, err)
		}
	}
}

// TestForgetWhileLocked leaves no tokens behind that nobody remembers.
func TestForgetWhileLocked(t *testing.T) {
	_, d, p := lockedOut(t)
	isFault(t, d.Forget(t.Context(), p.ID), auth.KeyringLocked)
	d.phase(local.WaitingForKeyring)
	d.keyring.set(false, false)
	if err := d.Forget(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(d.dir, "vault*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestMovedProvider never gives a refresh token to another issuer than its own.
func TestMovedProvider(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	other := authtest.NewProvider(t, authtest.Faults{})
	d.stop()
	c.change(func(doc *directory.Document) { doc.Connector.OIDC.Issuer = other.Issuer })
	d.start()
	d.phase(local.SignedIn) // the kept document still names the old one
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Profile: d.phase(local.SignedIn).ID}); err != nil {
		t.Fatal(err)
	}
	d.step(local.StepConfirm) // and now the new one is kept
	d.restart()
	if p := d.phase(local.NeedsYou); p.Problem.Code != auth.SignInRequired {
		t.Errorf("problem = %+v", p.Problem)
	}
	if n := other.Count("/token"); n != 0 {
		t.Errorf("the new issuer was sent %d token requests", n)
	}
}

// TestExpiredDocument goes on for whoever is enrolled.
func TestExpiredDocument(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	p := d.phase(local.SignedIn)
	c.change(func(doc *directory.Document) { doc.IssuedAt -= 40 * 86400; doc.ExpiresAt -= 40 * 86400 })
	d.signIn(c, local.SignInRequest{Profile: p.ID})
	c.setDown(true)
	d.signIn(c, local.SignInRequest{Profile: p.ID})
	d.restart()
	d.phase(local.SignedIn)
}

// TestDamagedFiles starts without what cannot be read, and keeps it aside.
func TestDamagedFiles(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	d.stop()
	name := filepath.Join(d.dir, "profiles.json")
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start()
	if s, err := d.State(t.Context()); err != nil || len(s.Profiles) != 0 {
		t.Errorf("state = %+v, %v", s, err)
	}
	if _, err := os.Stat(name + ".damaged"); err != nil {
		t.Error(err)
	}
	contains(t, string(d.ring.Lines()), "profiles damaged")
}
