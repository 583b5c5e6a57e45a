//go:build linux

package cmd_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/auth/authtest"
)

// relyingParty starts an app that signs in by openid-client, which no one here wrote, and
// returns its origin. It trusts the server at origin and knows the secret.
func relyingParty(t testing.TB, origin, secret string) string {
	t.Helper()
	for _, name := range []string{"testdata/provider/node_modules/node/bin/node", "testdata/client/node_modules/openid-client"} {
		if _, err := os.Stat(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("needs openid-client (make test installs it); CI=true does not skip")
			}
			t.Skip("needs openid-client (make test installs it)")
		}
	}
	cmd := exec.Command("../provider/node_modules/node/bin/node", "client.mjs")
	cmd.Dir = "testdata/client"
	cmd.Env = append(os.Environ(), "SERVER="+origin, "SECRET="+secret)
	said := &lockedBuffer{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the relying party said:\n%s", said.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if ready, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			return ready
		}
	}
	t.Fatalf("the relying party ended before it was ready: %s", said.String())
	return ""
}

// TestIndependentRelyingParty: an app built on openid-client is opened signed in from the
// workbench, in a browser that has never seen anything; it refreshes, signs out by the
// browser, and is told behind its back whenever a session of its people ends.
func TestIndependentRelyingParty(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs openid-client: skipped under -short")
	}
	const secret = "s3cr3t of:the+app&"
	session := authtest.KeyringSession(t)
	listen := closedPort(t)
	c := &company{dir: t.TempDir(), origin: "http://" + listen}
	app := relyingParty(t, c.origin, secret)
	upstream := vendor(t)
	c.write(t, "server.yaml", fmt.Sprintf("listen: %s\npublic_url: %s\ndata: %s/data\nkey_file: %s/key\nallow: [%q, %q]\nallow_http: [127.0.0.1, localhost]\nlookups_per_minute: 0\n",
		listen, c.origin, c.dir, c.dir, strings.TrimPrefix(upstream, "http://"), strings.TrimPrefix(app, "http://")))
	c.write(t, "secret", secret)
	c.write(t, "enterprise.yaml", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: acme}
  secrets: {client_secret: "env:ACME_SECRET"}
apps:
  - {id: wiki, title: {en: Wiki, zh: 知识库}, client: relying-party, launch: {kind: oidc, url: %[2]s/login}}
clients:
  - id: relying-party
    secret: "file:secret"
    redirect_uris: [%[2]s/callback]
    logout_uris: [%[2]s/bye]
    farewell: %[2]s/farewell
`, upstream, app))
	if apply := c.command(t, "apply", "-f", filepath.Join(c.dir, "enterprise.yaml")); apply.wait(t, 30*time.Second) != 0 {
		t.Fatalf("apply: %s", apply.err.String())
	}
	c.server = c.command(t, "run")
	c.server.line(t, "ready ", 30*time.Second)
	d := newDesk(t, session.Env...)
	c.signInAt(t, d)
	b := newBrowser(t)
	launch := func() {
		t.Helper()
		n := len(d.urls())
		d.must(t, "open", "wiki")
		b.open(d.nextURL(t, n))
		b.shows("Signed in as 张三", "sid ")
	}
	told := func(times int) {
		t.Helper()
		eventually(t, 20*time.Second, func() error {
			page, _ := newWalker().get(t, app+"/farewells")
			if !strings.HasPrefix(page, fmt.Sprintf("Told %d times", times)) {
				return fmt.Errorf("the app says: %s\n%s", page, c.server.err.String())
			}
			return nil
		})
		b.open(app + "/")
		b.shows("Nobody is signed in")
	}

	launch()
	b.open(app + "/refresh")
	b.shows("Refreshed as 张三", "rotated: true")

	// Signing out in the app signs out here and comes back, with the state.
	b.open(app + "/logout")
	b.shows("Goodbye, state after all")
	told(1)
	// Silently, there is nobody any more.
	issuer := strings.Split(d.urls()[len(d.urls())-1], "/launch/")[0]
	b.open(app + "/login?prompt=none&iss=" + issuer)
	b.shows("Failed", "login_required")

	// The next click opens it again; signing out at the desk tells the app, whose page is
	// still open.
	launch()
	d.must(t, "logout")
	told(2)

	if log := c.server.err.String(); strings.Contains(log, secret) || strings.Contains(log, "logout_token") {
		t.Error("the server's log holds a secret")
	}
}
