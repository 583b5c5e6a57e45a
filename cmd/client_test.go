//go:build linux

package cmd_test

import (
	"fmt"
	"strings"
	"testing"

	"lanyard/auth/authtest"
)

// relyingParty starts an app that signs in by openid-client, which no one here wrote, and
// returns its origin. It trusts the server at origin and knows the secret.
func relyingParty(t testing.TB, origin, secret string) string {
	t.Helper()
	needFile(t, "testdata/client/node_modules/openid-client")
	_, address := nodeProgram(t, "testdata/client/client.mjs", "SERVER="+origin, "SECRET="+secret)
	return address
}

// TestIndependentRelyingParty: an app built on openid-client is opened signed in from the
// workbench, in a browser that has never seen anything; it refreshes, signs out by the
// browser, and is told behind its back whenever a session of its people ends.
func TestIndependentRelyingParty(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t of:the+app&"
	session := authtest.KeyringSession(t)
	upstream := vendor(t)
	c := prepare(t, upstream)
	app := relyingParty(t, c.origin, secret)
	c.allow(t, app)
	c.write(t, "secret", secret)
	c.apply(t, acmeFile(upstream, fmt.Sprintf(`apps:
  - {id: wiki, title: {en: Wiki, zh: 知识库}, client: relying-party, launch: {kind: oidc, url: %[1]s/login}}
clients:
  - id: relying-party
    secret: "file:secret"
    redirect_uris: [%[1]s/callback]
    logout_uris: [%[1]s/bye]
    farewell: %[1]s/farewell
`, app)))
	c.run(t)
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
		eventually(t, patience, func() error {
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
