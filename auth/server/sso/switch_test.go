package sso_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard/auth/connector"
)

var switchLink = regexp.MustCompile(`<a [^>]*id="switch" href="([^"]*)">Switch account</a>`)

// Whoever comes with an account of another company is offered to switch, and not to try
// the same again; and comes to where they wanted.
func TestSwitchAccount(t *testing.T) {
	w := newWorld(t)
	v := newVendor(t, "u-1", "张三")
	pinned := v.connector("")
	pinned.Steps[len(pinned.Steps)-1].Set["tenant"] = connector.Paths{"corp"}
	pinned.Expect = map[string]string{"tenant": "acme"}
	w.connect(acme, "conn1", "", pinned)
	b := w.browser()
	home := "/e/" + acme + "/home?q=%E7%AC%94&x=1"
	v.set(func() { v.user["corp"] = "other" })
	p := b.Get(b.callback(home))
	found := switchLink.FindStringSubmatch(p.Body)
	if p.Status != http.StatusForbidden || found == nil || strings.Contains(p.Body, "Try again") {
		t.Fatalf("another company's: %d %s", p.Status, p.Body)
	}
	to := html.UnescapeString(found[1])
	back := b.callback(to)
	if prompt := v.asked.Get("prompt"); prompt != "login" {
		t.Errorf("the provider was asked with prompt %q", prompt)
	}
	if p := b.Get(back); !switchLink.MatchString(p.Body) || b.signedIn(acme) {
		t.Errorf("the same account again: %d %s", p.Status, p.Body)
	}
	v.set(func() { v.user["corp"] = "acme" })
	if p := b.Get(b.callback(to)); p.Location() != home || !b.signedIn(acme) {
		t.Errorf("the right account: %d to %q", p.Status, p.Location())
	}

	v.set(func() { v.deny = "access_denied" })
	if p := b.Get(b.callback(to)); !switchLink.MatchString(p.Body) || !strings.Contains(p.Body, "Try again") {
		t.Errorf("not let in: %s", p.Body)
	}

	for _, to := range []string{"", "https://evil.example/", "//evil.example/", "home"} {
		p := w.browser().Get("/e/" + acme + "/switch?" + url.Values{"to": {to}}.Encode())
		wantRefused(t, p, "to "+to, "That cannot be used")
	}
}
