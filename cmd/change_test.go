//go:build linux

package cmd_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// as is a browser's network at the vendor of a company: it says who signs in.
type as string

func (who as) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(asPerson, string(who))
	return http.DefaultTransport.RoundTrip(r)
}

// TestWrongCompanyIsToldAtOnce: three interfaces say that a person is of another company.
// The desktop hears of it when the browser comes back, and not when its time is up.
func TestWrongCompanyIsToldAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1, "")
	c.apply(t, strings.Replace(c.read(t, "enterprise.yaml"), "client_id: acme}", "client_id: acme, tenant_field: union_id, tenant_expected: ZhangSan}", 1))
	d := newDesk(t)
	w := newWalker()
	w.client.Transport = as("LiSi")
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	w.walk(t, login.address(t))
	if code := login.wait(t, patience); code != 4 || !strings.Contains(login.err.String(), "Wrong company") {
		t.Errorf("login ended with %d: %s", code, login.err.String())
	}
	if s := d.state(t); s.Attempt == nil || s.Attempt.Problem == nil || s.Attempt.Problem.Code != auth.SignInWrongCompany {
		t.Errorf("state %+v", s)
	}
	c.signInAt(t, d) // and the right person is let in
}

// TestChangeSignsNobodyOut: somebody is signed in, and the company's connector changes:
// its secret and addresses, then to another provider altogether, at an address where
// nobody answers. Staying signed in, launching and the apps go on as before.
func TestChangeSignsNobodyOut(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	c := newCompany(t, 2, "")
	d := newDesk(t, session.Env...)
	c.signInAt(t, d)
	first := d.settled(t)
	original := c.read(t, "enterprise.yaml")
	apps := original[strings.Index(original, "apps:"):]
	last := first.ExpiresAt
	for _, row := range []struct{ name, file string }{
		{"another secret", strings.Replace(original, "env:ACME_SECRET", "file:other", 1)},
		{"another provider", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: oidc-broker
  vars: {issuer: "https://login.acme.example", client_id: lanyard}
  secrets: {client_secret: "file:other"}
%s`, apps)},
		{"another vendor's steps", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: wecom
  vars: {corp_id: ww0123456789abcdef, agent_id: "1000002"}
  secrets: {client_secret: "file:other"}
%s`, apps)},
	} {
		t.Run(row.name, func(t *testing.T) {
			c.write(t, "other", "another secret")
			c.apply(t, row.file)
			d.must(t, "quit") // the next start refreshes, with the rotated token
			eventually(t, patience, func() error {
				p := d.settled(t)
				if p.Phase != local.SignedIn || p.Identity.Subject != first.Identity.Subject || !p.ExpiresAt.After(last) {
					return fmt.Errorf("after the change: %+v, before %+v", p, first)
				}
				last = p.ExpiresAt
				return nil
			})
			if out := d.must(t, "apps"); !strings.Contains(out, "App 1") {
				t.Errorf("apps: %s", out)
			}
			link := strings.TrimSpace(d.must(t, "open", "app-0", "--print-url"))
			if !strings.Contains(link, "/launch/") {
				t.Errorf("opening gives %s", link)
			}
		})
	}
}
