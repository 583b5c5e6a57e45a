//go:build linux

package cmd_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/app/local"
)

// TestForeignUpstream signs in at an independent provider through our server, which is a
// confidential client there: once by Basic and once with its secret in the form.
func TestForeignUpstream(t *testing.T) {
	if testing.Short() {
		t.Skip("needs oidc-provider: skipped under -short")
	}
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		t.Run(method, func(t *testing.T) {
			const secret = "s3cr3t of:the+server&"
			listen := closedPort(t)
			c := &company{dir: t.TempDir(), origin: "http://" + listen}
			issuer := foreignProvider(t, "SERVER_REDIRECT="+c.origin+"/c/upstream/callback", "SERVER_LOGOUT="+c.origin+"/c/upstream/logout", "SERVER_SECRET="+secret, "SERVER_AUTH="+method)
			c.write(t, "server.yaml", fmt.Sprintf("listen: %s\npublic_url: %s\ndata: %s/data\nkey_file: %s/key\nallow: [%q]\nallow_http: [127.0.0.1]\n",
				listen, c.origin, c.dir, c.dir, strings.TrimPrefix(issuer, "http://")))
			c.write(t, "secret", secret)
			c.write(t, "enterprise.yaml", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  id: upstream
  preset: oidc-broker
  vars: {issuer: %q, client_id: lanyard-server, more_scopes: groups}
  secrets: {client_secret: "file:secret"}
`, issuer))
			if apply := c.command(t, "apply", "-f", filepath.Join(c.dir, "enterprise.yaml")); apply.wait(t, 30*time.Second) != 0 {
				t.Fatalf("apply: %s", apply.err.String())
			}
			c.server = c.command(t, "run")
			c.server.line(t, "ready ", 30*time.Second)

			d := newDesk(t)
			login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
			w := newWalker()
			page, at := w.get(t, "http"+login.line(t, "http", 20*time.Second))
			if !strings.HasPrefix(at.String(), issuer+"/interaction/") {
				t.Fatalf("the browser is at %s:\n%s", at, page)
			}
			page, at = w.submit(t, page, at, url.Values{"login": {"wanglei"}, "password": {"any"}})
			page, at = w.submit(t, page, at, nil)                           // the provider's consent
			page, at = w.submit(t, page, at, url.Values{"answer": {"yes"}}) // ours
			w.submit(t, page, at, nil)
			if code := login.wait(t, 20*time.Second); code != 0 {
				t.Fatalf("login ended with %d: %s\n%s", code, login.err.String(), c.server.err.String())
			}
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
			eventually(t, 20*time.Second, func() error {
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
