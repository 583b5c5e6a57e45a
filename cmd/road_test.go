//go:build linux

package cmd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

const password = "lanyard" // of the pretend company's accounts

// TestRoad walks the whole road with real parts: the built programs, a private D-Bus
// with a real gnome-keyring, real Chromium. From the code to an app that shows who is
// signed in, and once more in a browser that has never seen anything.
func TestRoad(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	b := newBrowser(t)

	// The code, the card, the company's own page, the outcome.
	login := d.login(t, "demo", "--directory", directory, "--yes")
	b.open(d.nextURL(t, 0))
	b.picture("sso")
	b.signInAs("zhangsan", password)
	b.picture("consent")
	b.confirm()
	b.shows("signed in", "张三")
	b.picture("signed-in")
	if at := b.location(); strings.Contains(at, "code=") || strings.Contains(at, "state=") {
		t.Errorf("the browser's address keeps the answer: %s", at)
	}
	login.succeeds(t)
	if !strings.Contains(login.err.String()+login.out.String(), "张三") {
		t.Errorf("login does not say who is signed in:\n%s%s", login.out.String(), login.err.String())
	}

	s := d.state(t)
	p := s.Profile("")
	if p == nil || p.Phase != local.SignedIn || p.Identity.Name != "张三" || p.Enterprise.Code != "demo" || s.MemoryOnly {
		t.Fatalf("status = %+v", s)
	}
	var list local.AppList
	if err := json.Unmarshal([]byte(d.must(t, "apps", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range list.Apps {
		ids = append(ids, a.ID)
	}
	if slices.Sort(ids); !slices.Equal(ids, []string{"cloud", "docs", "handbook", "intranet", "notes", "ops"}) {
		t.Fatalf("apps = %v", ids)
	}

	// One click: in, in this browser and in one that has never seen anything.
	d.must(t, "open", "notes")
	b.open(d.nextURL(t, 1))
	b.shows("Signed in as 张三")
	b.picture("notes")

	fresh := newBrowser(t)
	d.must(t, "open", "notes")
	fresh.open(d.nextURL(t, 2))
	fresh.shows("Signed in as 张三")
	d.must(t, "open", "handbook")
	fresh.open(d.nextURL(t, 3))
	fresh.shows("Signed in as 张三")
	fresh.picture("handbook")
	if n := len(d.urls()); n != 4 {
		t.Errorf("the browser was started %d times, want 4", n)
	}
}

// TestOpenSignedOut follows a click of somebody who is signed out, or needed in person: it
// ends in the app, with one tab.
func TestOpenSignedOut(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	b := newBrowser(t)
	signIn(t, d, b, directory)

	other := newDesk(t)
	for _, row := range []struct {
		name  string
		ends  func()
		phase local.Phase
	}{
		{"signed out", func() { d.must(t, "logout") }, local.SignedOut},
		{"needs you", func() { // what ended elsewhere is noticed at the next refresh
			other.signInQuietly(t, directory, "zhangsan")
			other.must(t, "logout", "--everywhere")
			d.must(t, "quit")
		}, local.NeedsYou},
	} {
		row.ends()
		if p := d.settled(t); p.Phase != row.phase {
			t.Fatalf("%s: %+v", row.name, p)
		}
		tabs := len(d.urls())
		open := start(t, d.env, "lanyard", "open", "notes")
		fresh := newBrowser(t)
		fresh.open(d.nextURL(t, tabs))
		fresh.signInAs("zhangsan", password)
		fresh.confirm()
		fresh.shows("Signed in as 张三")
		open.succeeds(t)
		if got := len(d.urls()); got != tabs+1 {
			t.Errorf("%s: the click opened %d tabs, want 1", row.name, got-tabs)
		}
		if p := d.settled(t); p.Phase != local.SignedIn {
			t.Errorf("%s: after the click: %s", row.name, p.Phase)
		}
	}
}

// TestPrintURL is the road on a machine without browser or display: the addresses are
// printed and opened elsewhere. That nothing is started where there is a browser,
// [TestWrongInput] holds.
func TestPrintURL(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	d.env = slices.DeleteFunc(d.env, func(v string) bool {
		return strings.HasPrefix(v, "BROWSER=") || strings.HasPrefix(v, "DISPLAY=")
	})
	d.env = append(d.env, "PATH="+t.TempDir()) // no program at all
	b := newBrowser(t)

	login := d.login(t, "demo", "--directory", directory, "--yes", "--print-url")
	b.open(login.address(t))
	b.signInAs("zhangsan", password)
	b.confirm()
	b.shows("signed in", "张三")
	login.succeeds(t)
	if lines := strings.Count(login.out.String(), "\n"); lines != 1 {
		t.Errorf("standard output has %d lines, want the address alone:\n%s", lines, login.out.String())
	}

	link := strings.TrimSpace(d.must(t, "open", "notes", "--print-url"))
	fresh := newBrowser(t)
	fresh.open(link)
	fresh.shows("张三") // where no agent can be reached a page asks, by POST
	fresh.confirmContinue()
	fresh.shows("Signed in as 张三")
	d.run(t, "open", "notes").refused(t, "en", 1, auth.BrowserNotOpened, auth.Args{"command": "lanyard open notes --print-url"})
}

// TestStaysSignedIn ends the agent in every way and finds it signed in again, without
// a browser.
func TestStaysSignedIn(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	d.signInQuietly(t, directory, "zhangsan")

	for _, row := range []struct {
		name string
		end  func()
	}{
		{"quit", func() { d.must(t, "quit") }},
		{"terminated", func() { d.signalAgent(t, syscall.SIGTERM) }},
		{"killed", func() { d.signalAgent(t, syscall.SIGKILL) }},
		{"killed again", func() { d.signalAgent(t, syscall.SIGKILL) }},
	} {
		row.end()
		if p := d.settled(t); p.Phase != local.SignedIn || p.Identity.Name != "张三" {
			t.Fatalf("%s: %+v", row.name, p)
		}
	}
	d.must(t, "open", "notes")
	b := newBrowser(t) // that has never signed in: only the agent can have
	b.open(d.nextURL(t, 0))
	b.shows("Signed in as 张三")
	if got := len(d.urls()); got != 1 {
		t.Errorf("restarts opened %d tabs", got-1)
	}

	// A locked keyring is waited for; nothing is lost.
	d.must(t, "quit")
	session.Lock(t)
	if p := d.settled(t); p.Phase != local.WaitingForKeyring {
		t.Errorf("with a locked keyring: %s", p.Phase)
	}
	agent := d.agentPID(t)
	session.Unlock(t)
	eventually(t, patience, func() error {
		if p := d.settled(t); p.Phase != local.SignedIn {
			return fmt.Errorf("after the keyring was unlocked: %s", p.Phase)
		}
		return nil
	})
	if now := d.agentPID(t); now != agent {
		t.Errorf("it was agent %d that waited, and %d goes on", agent, now)
	}
}

// TestLargeTokens: a provider whose tokens are larger than what a password store takes
// (2,560 bytes on Windows). They outlive the agent's violent end.
func TestLargeTokens(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	f := newForeign(t)
	pad := strings.Repeat("group-", 1024)
	f.provider.Set(authtest.Faults{Claims: func(claims map[string]any) { claims["groups"] = pad }})
	f.files.serve(t, "acme", f.document("acme"))
	d := newDesk(t, session.Env...)
	if r := f.signIn(t, d, "acme", "--directory", f.files.URL); r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	for range 2 { // what was sealed at the sign-in, then what a refresh brought
		tokens, size := f.provider.Count("/token"), 0
		files, err := filepath.Glob(filepath.Join(d.stateDir(), "vault*"))
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				size = max(size, int(info.Size()))
			}
		}
		if size < len(pad) {
			t.Fatalf("the vault has %d bytes in %v, %v", size, files, err)
		}
		d.signalAgent(t, syscall.SIGKILL)
		if p := d.settled(t); p.Phase != local.SignedIn || f.provider.Count("/token") == tokens {
			t.Errorf("after a restart: %+v, %d token requests", p, f.provider.Count("/token")-tokens)
		}
	}
	if n := f.provider.Count("/authorize"); n != 1 {
		t.Errorf("the browser was at the provider %d times, want once", n)
	}
}

// TestDirect is the demo's second code: the desktop signs in at the company's provider by
// itself, and opens what the company lists without a server of ours.
func TestDirect(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	b := newBrowser(t)
	login := d.login(t, "demo-oidc", "--directory", directory, "--yes")
	address := d.nextURL(t, 0)
	if strings.HasPrefix(address, directory) {
		t.Errorf("the browser is sent to the server that has the code: %s", address)
	}
	b.open(address)
	b.signInAs("zhangsan", password)
	b.confirm()
	b.shows("signed in", "张三", "Cloudberry (direct)")
	login.succeeds(t)
	d.signalAgent(t, syscall.SIGKILL)
	if p := d.settled(t); p.Phase != local.SignedIn || !strings.HasPrefix(address, p.Identity.Issuer+"/") {
		t.Errorf("after a restart: %+v", p)
	}
	d.must(t, "open", "handbook")
	b.open(d.nextURL(t, 1))
	b.shows("Signed in as 张三")
	d.must(t, "logout")
	if p := d.state(t).Profile(""); p.Phase != local.SignedOut {
		t.Errorf("after signing out: %+v", p)
	}
}

// TestNoKeyring signs in where no password store is: it works, and says that it is gone
// at the restart.
func TestNoKeyring(t *testing.T) {
	t.Parallel()
	directory := demo(t)
	d := newDesk(t)
	b := newBrowser(t)
	signIn(t, d, b, directory)
	b.shows("until you restart")
	if s := d.state(t); !s.MemoryOnly || s.Profile("").Phase != local.SignedIn {
		t.Errorf("status = %+v", s)
	}
	if out := d.must(t, "status"); !strings.Contains(out, "restart") {
		t.Errorf("status does not say that the sign-in is not kept:\n%s", out)
	}
	d.must(t, "quit")
	if p := d.settled(t); p.Phase == local.SignedIn {
		t.Error("signed in again from nowhere")
	}
}

// signIn signs zhangsan in at the pretend company.
func signIn(t testing.TB, d *desk, b *browser, directory string) {
	t.Helper()
	tabs := len(d.urls())
	login := d.login(t, "demo", "--directory", directory, "--yes")
	b.open(d.nextURL(t, tabs))
	b.signInAs("zhangsan", password)
	b.confirm()
	b.shows("signed in", "张三")
	login.succeeds(t)
}
