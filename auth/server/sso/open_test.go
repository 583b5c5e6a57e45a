package sso_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
)

// pilot lets the listed accounts alone sign in at Acme.
func (w *world) pilot(everyone bool, accounts ...string) {
	w.T.Helper()
	a := server.Audience{EnterpriseID: acme, Everyone: everyone}
	for _, account := range accounts {
		a.Members = append(a.Members, server.Member{Account: account})
	}
	must(w.T, w.Store.SaveAudience(context.Background(), a))
}

func TestPilotOfSigningIn(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	w.pilot(false, "u-2", "U-1") // an account is exactly what the company calls it
	w.opts = server.BeginOptions{Reference: "4829-1375"}
	b := w.browser()
	p := b.Get(b.callback("/e/" + acme + "/home"))
	wantRefused(t, p, "not on the list", "Not open to you yet")
	for _, want := range []string{"u-1", "You were not signed in", "ask IT: IT desk · 1234"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the page lacks %q:\n%s", want, p.Body)
		}
	}
	if strings.Contains(p.Body, `id="again"`) {
		t.Error("the page offers to try again, which cannot help")
	}
	if b.signedIn(acme) {
		t.Error("somebody is signed in")
	}
	if n, err := w.Store.CountPeople(context.Background(), acme); err != nil || n != 0 {
		t.Errorf("%d people are kept, %v", n, err)
	}
	lines := w.logged("4829-1375")
	if len(lines) != 1 || lines[0].Fault != auth.SignInNotOpen || lines[0].Stage != "person" || !strings.Contains(lines[0].Detail, `account "u-1"`) {
		t.Errorf("log %+v", lines)
	}

	// The desktop that asked for the sign-in is told in the person's words.
	w.opts = server.BeginOptions{TellAsker: true}
	p = b.Get(b.callback(asker))
	got, reason, refused := w.Base.CutRefused(p.Location())
	if p.Status != http.StatusSeeOther || !refused || got != asker || !strings.Contains(reason, "your account u-1 is not among them yet") {
		t.Errorf("status %d, asker %q, reason %q", p.Status, got, reason)
	}
	w.opts = server.BeginOptions{}

	for _, list := range []struct {
		everyone bool
		accounts []string
	}{{false, []string{"u-1"}}, {true, nil}} {
		w.pilot(list.everyone, list.accounts...)
		if b = w.browser(); b.signInAt(acme).Status != http.StatusOK || !b.signedIn(acme) {
			t.Errorf("%+v: not signed in", list)
		}
	}
	// Who is taken off the list stays signed in until that ends by itself.
	w.pilot(false)
	if !b.signedIn(acme) {
		t.Error("taken off the list, the person was signed out")
	}
	wantRefused(t, b.Get(b.callback("/start?ret=/")), "taken off", "Not open to you yet")
}

// Where somebody else signs in, those who measure hear of it, once.
func TestReplaced(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	b := w.browser()
	for range 2 {
		b.Get(b.callback("/start?ret=/"))
	}
	if len(w.replaced) != 0 {
		t.Errorf("the same person counts as another: %v", w.replaced)
	}
	v.set(func() { v.user["union_id"] = "u-2" })
	b.Get(b.callback("/start?ret=/"))
	if len(w.replaced) != 1 || w.replaced[0][0] == w.replaced[0][1] {
		t.Errorf("replaced %v, want one", w.replaced)
	}
}
