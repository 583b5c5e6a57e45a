package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// signInShared signs in at the computer that others use too, by the tick on the card.
func (d *desk) signInShared(c *company) authtest.Page {
	d.t.Helper()
	id, err := d.SignIn(d.t.Context(), local.SignInRequest{Code: c.code, Directory: c.origin})
	if err != nil {
		d.t.Fatal(err)
	}
	host := d.step(local.StepConfirm).Host
	if err := d.Confirm(d.t.Context(), id, local.Confirmation{Host: host, Shared: true}); err != nil {
		d.t.Fatal(err)
	}
	page := authtest.NewVisitor(d.t).Visit(d.t, d.step(local.StepWaiting).URL)
	d.step(local.StepDone)
	return page
}

// kept is everything that lies in the agent's folder but the signed documents.
func (d *desk) kept() string {
	d.t.Helper()
	var all strings.Builder
	files, err := filepath.Glob(filepath.Join(d.dir, "*"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			all.Write(data)
		}
	}
	return all.String()
}

// TestShared signs in without keeping anything: not in files, not in the password store,
// and not after the sign-out or the agent's end, at which the company's tokens end too.
func TestShared(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	page := d.signInShared(c)
	contains(t, page.Body, "nothing of it is kept on this computer")
	p := d.phase(local.SignedIn)
	if !p.Shared {
		t.Error("State does not say so")
	}
	if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"}); err != nil {
		t.Errorf("open an app: %v", err)
	}
	if err := d.Pin(t.Context(), "notes", true); err != nil { // writes what is remembered
		t.Fatal(err)
	}
	if kept := d.kept(); strings.Contains(kept, "张三") || strings.Contains(kept, p.ID) || strings.Contains(kept, "lanyard-vault") {
		t.Errorf("kept on disk: %s", kept)
	}
	if !d.keyring.value.IsZero() {
		t.Error("the password store holds a key")
	}
	isFault(t, d.Quit(t.Context(), true), auth.KeyringMissing) // a restart would lose it

	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	if s, _ := d.State(t.Context()); len(s.Profiles) != 0 || s.Current != "" {
		t.Errorf("after the sign-out: %+v", s)
	}
	if n := c.Count("/revoke"); n != 1 {
		t.Errorf("%d tokens were given back", n)
	}

	d.signInShared(c) // asked again: nobody is known here
	d.restart()
	if s, _ := d.State(t.Context()); len(s.Profiles) != 0 {
		t.Errorf("after a restart: %+v", s.Profiles)
	}
	if n := c.Count("/revoke"); n != 2 {
		t.Errorf("%d tokens were given back when the agent ended", n)
	}
}

// TestSharedBesideKept leaves a colleague's account, who is kept here, alone.
func TestSharedBesideKept(t *testing.T) {
	c, other := newCompany(t, "acme"), newCompany(t, "beta")
	d := newDesk(t)
	d.signIn(other, local.SignInRequest{})
	d.signInShared(c)
	d.restart()
	if p := d.phase(local.SignedIn); p.Enterprise.Code != "beta" || p.Shared {
		t.Errorf("after a restart: %+v", p)
	}
	if s, _ := d.State(t.Context()); len(s.Profiles) != 1 {
		t.Errorf("after a restart: %+v", s.Profiles)
	}
}
