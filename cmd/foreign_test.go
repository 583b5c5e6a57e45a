//go:build linux

package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// foreignProvider starts oidc-provider, which no one here wrote, and returns it and its
// issuer.
func foreignProvider(t testing.TB, env ...string) (*process, string) {
	t.Helper()
	needFile(t, "testdata/provider/node_modules/oidc-provider")
	return nodeProgram(t, "testdata/provider/provider.mjs", env...)
}

// nodeProgram starts a program of Node.js, which prints "ready" and its address, and
// returns both.
func nodeProgram(t testing.TB, program string, env ...string) (*process, string) {
	t.Helper()
	const node = "testdata/provider/node_modules/node/bin/node"
	needFile(t, node)
	p := startCommand(t, append(os.Environ(), env...), exec.Command(node, program))
	p.tells(t)
	return p, p.line(t, "ready ", patience)
}

// needFile is [authtest.Need] for what make test puts beside the tests.
func needFile(t testing.TB, name string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("needs %s: skipped under -short", name)
	}
	if _, err := os.Stat(name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("needs %s, which make test puts there; CI=true does not skip", name)
	}
	t.Skipf("needs %s, which make test puts there", name)
}

// TestForeignProvider signs in, stays signed in by a refresh, and signs out at an
// independent provider, straight from the desktop: the directory is a plain file and no
// server of ours has a part in it.
func TestForeignProvider(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	provider, issuer := foreignProvider(t, "ACCESS_TTL=20")
	files := newStaticDirectory(t)
	files.serve(t, "foreign", files.document("foreign", issuer))
	d := newDesk(t, session.Env...)
	b := newBrowser(t)

	login := d.login(t, "foreign", "--directory", files.URL, "--yes")
	b.open(d.nextURL(t, 0))
	b.do(
		chromedp.WaitVisible(chromedp.CSS("input[name=login]")),
		chromedp.SendKeys(chromedp.CSS("input[name=login]"), "wanglei"),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), "any\n"),
	)
	// The page before has such a button too.
	consent := chromedp.CSS("form:has(input[name=prompt][value=consent]) button[type=submit]")
	b.do(chromedp.WaitVisible(consent), chromedp.Click(consent))
	b.shows("signed in", "wanglei")
	login.succeeds(t)
	first := d.settled(t)
	if first.Phase != local.SignedIn || first.Identity.Issuer != issuer || first.Identity.Subject != "wanglei" {
		t.Fatalf("profile = %+v", first)
	}

	// The agent refreshes by itself before the access token ends.
	eventually(t, patience, func() error {
		if p := d.settled(t); !p.ExpiresAt.After(first.ExpiresAt) {
			return errors.New("no refresh yet")
		}
		return nil
	})
	// And at a restart, with the rotated refresh token.
	d.must(t, "quit")
	if p := d.settled(t); p.Phase != local.SignedIn {
		t.Fatalf("after a restart: %+v", p)
	}
	var list local.AppList
	if err := json.Unmarshal([]byte(d.must(t, "apps", "--json")), &list); err != nil || len(list.Apps) != 1 {
		t.Fatalf("apps = %+v, %v", list, err)
	}
	d.must(t, "open", "wiki")
	b.open(d.nextURL(t, 1))
	b.shows("authorization_endpoint")

	// So far it has taken each refresh token once, and ends the grant when we sign out.
	const used, ended = "refresh_token.consumed", "grant.revoked"
	eventually(t, patience, func() error { // it answers before we have read what it says
		if said := provider.out.String(); strings.Count(said, used) < 2 {
			return fmt.Errorf("before signing out the provider says:\n%s", said)
		}
		return nil
	})
	if said := provider.out.String(); strings.Contains(said, ended) {
		t.Errorf("before signing out the provider says:\n%s", said)
	}
	d.must(t, "logout")
	provider.line(t, ended, patience)
	d.must(t, "quit")
	if p := d.settled(t); p.Phase != local.SignedOut {
		t.Errorf("after signing out: %s", p.Phase)
	}
}
