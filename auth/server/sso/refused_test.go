package sso_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

const asker = "/e/" + acme + "/home?state=x"

// Whoever asked for a sign-in is told when the company lets nobody in, and the log says
// so too.
func TestRefusalGoesToTheAsker(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	w.opts = server.BeginOptions{Reference: "4829-1375", TellAsker: true}
	b := w.browser()
	v.set(func() { v.deny = "access_denied" })
	p := b.Get(b.callback(asker))
	got, reason, refused := w.Base.CutRefused(p.Location())
	if p.Status != http.StatusSeeOther || !refused || got != asker || reason != "Not <b>you" {
		t.Errorf("status %d, location %q, asker %q, reason %q", p.Status, p.Location(), got, reason)
	}
	if lines := w.logged("4829-1375"); len(lines) != 1 || lines[0].Fault != auth.SignInDenied {
		t.Errorf("log %+v", lines)
	}

	// Everything else that fails stays here, where a second try is worth something.
	v.set(func() { v.deny = "server_error" })
	wantRefused(t, b.Get(b.callback("/e/"+acme+"/home")), "server error", "The company&#39;s sign-in did not work")

	// Somebody of another company is, and whoever asked can say so in words of its own.
	v.set(func() { v.deny, v.user["corp"] = "", "other" })
	pinned := v.connector("")
	pinned.Steps[len(pinned.Steps)-1].Set["tenant"] = connector.Paths{"corp"}
	pinned.Expect = map[string]string{"tenant": "acme"}
	w.connect(acme, "conn1", "", pinned)
	p = b.Get(b.callback(asker))
	if got, reason, refused := w.Base.CutRefused(p.Location()); !refused || got != asker || reason != string(auth.SignInWrongCompany) {
		t.Errorf("another company: status %d, location %q, asker %q, reason %q", p.Status, p.Location(), got, reason)
	}
	w.connect(acme, "conn1", "", v.connector(""))

	// Who has left is refused as well.
	v.set(func() { v.deny = "" })
	if p := b.Get(b.callback(asker)); p.Location() != asker {
		t.Fatalf("let in: status %d, location %q", p.Status, p.Location())
	}
	person := strings.TrimPrefix(b.Get(asker).Body, "home of ")
	must(t, w.Store.EndPerson(context.Background(), acme, person, w.Now()))
	p = b.Get(b.callback(asker))
	if got, reason, refused := w.Base.CutRefused(p.Location()); !refused || got != asker || reason != "" {
		t.Errorf("left: status %d, location %q, asker %q, reason %q", p.Status, p.Location(), got, reason)
	}
}

// A refusal that is not this browser's own trip tells nobody but this browser.
func TestForgedRefusal(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	w.connect(acme, "conn1", "", v.connector(""))
	w.opts = server.BeginOptions{TellAsker: true}
	callback := w.browser().callback("/e/" + acme + "/home")
	forged := strings.Replace(callback, "code=", "error=access_denied&x=", 1)
	wantRefused(t, w.browser().Get(forged), "another browser", stalePage)

	p := w.browser().Get("/start?ret=" + url.QueryEscape("https://evil.example/"))
	wantRefused(t, p, "asker elsewhere", "That cannot be used")
}
