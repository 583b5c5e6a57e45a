//go:build linux

package cmd_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/app/local"
)

// TestForeignUpstream signs in at an independent provider through our server, which is a
// confidential client there: once by Basic and once with its secret in the form.
func TestForeignUpstream(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		t.Run(method, func(t *testing.T) {
			const secret = "s3cr3t of:the+server&"
			c := prepare(t)
			_, issuer := foreignProvider(t, "SERVER_REDIRECT="+c.origin+"/c/upstream/callback", "SERVER_LOGOUT="+c.origin+"/c/upstream/logout", "SERVER_SECRET="+secret, "SERVER_AUTH="+method)
			c.allow(t, issuer)
			c.write(t, "secret", secret)
			c.apply(t, fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  id: upstream
  preset: oidc-broker
  vars: {issuer: %q, client_id: lanyard-server, more_scopes: groups}
  secrets: {client_secret: "file:secret"}
`, issuer))
			c.run(t)

			d := newDesk(t)
			login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
			w := newWalker()
			page, at := w.get(t, login.address(t))
			if !strings.HasPrefix(at.String(), issuer+"/interaction/") {
				t.Fatalf("the browser is at %s:\n%s", at, page)
			}
			page, at = w.submit(t, page, at, url.Values{"login": {"wanglei"}, "password": {"any"}})
			page, at = w.submit(t, page, at, nil)                           // the provider's consent
			page, at = w.submit(t, page, at, url.Values{"answer": {"yes"}}) // ours
			w.submit(t, page, at, nil)
			login.succeeds(t)
			p := d.settled(t)
			if p.Phase != local.SignedIn || p.Identity.Name != "Account wanglei" || p.Identity.Subject == "wanglei" || !strings.HasPrefix(p.Identity.Issuer, c.origin+"/e/") {
				t.Errorf("profile %+v", p)
			}

			// Signing out there ends this browser's session here, behind its back; the desktop
			// stays, as what was granted for offline access does.
			home := p.Identity.Issuer + "/"
			if page, at := w.get(t, home); !strings.HasPrefix(at.String(), c.origin) {
				t.Fatalf("my apps led to %s:\n%s", at, page)
			}
			page, at = w.get(t, issuer+"/session/end")
			w.submit(t, page, at, url.Values{"logout": {"yes"}})
			eventually(t, patience, func() error {
				if page, at := w.get(t, home); !strings.HasPrefix(at.String(), issuer) {
					return fmt.Errorf("still signed in at %s:\n%s\n%s", at, page, c.server.err.String())
				}
				return nil
			})
			if p := d.settled(t); p.Phase != local.SignedIn {
				t.Errorf("the desktop is %s", p.Phase)
			}

			for name, text := range map[string]string{"the server's log": c.server.err.String(), "the desktop's": login.err.String()} {
				if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
					t.Errorf("%s holds the secret", name)
				}
			}
			if db, err := os.ReadFile(filepath.Join(c.dir, "data", "lanyard.db")); err != nil || strings.Contains(string(db), secret) {
				t.Errorf("the database holds the secret (%v)", err)
			}
		})
	}
}
