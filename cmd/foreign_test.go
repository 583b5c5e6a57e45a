//go:build linux

package cmd_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// foreignProvider starts oidc-provider, which no one here wrote, and returns its issuer.
func foreignProvider(t testing.TB, env ...string) string {
	t.Helper()
	node := "testdata/provider/node_modules/node/bin/node"
	if _, err := os.Stat(node); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs oidc-provider (make test installs it); CI=true does not skip")
		}
		t.Skip("needs oidc-provider (make test installs it)")
	}
	cmd := exec.Command("node_modules/node/bin/node", "provider.mjs")
	cmd.Dir = "testdata/provider"
	cmd.Env = append(os.Environ(), env...)
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
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if issuer, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			go func() { // it may print more
				for lines.Scan() {
				}
			}()
			return issuer
		}
	}
	t.Fatal("the provider ended before it was ready")
	return ""
}

// TestForeignProvider signs in, stays signed in by a refresh, and signs out at an
// independent provider, straight from the desktop: the directory is a plain file and no
// server of ours has a part in it.
func TestForeignProvider(t *testing.T) {
	if testing.Short() {
		t.Skip("needs oidc-provider: skipped under -short")
	}
	session := authtest.KeyringSession(t)
	issuer := foreignProvider(t, "ACCESS_TTL=20")
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
	b.do(chromedp.WaitVisible(chromedp.CSS("button[type=submit]")), chromedp.Click(chromedp.CSS("button[type=submit]")))
	b.shows("signed in", "wanglei")
	if code := login.wait(t, 20*time.Second); code != 0 {
		t.Fatalf("login ended with %d: %s%s", code, login.out.String(), login.err.String())
	}
	first := d.settled(t)
	if first.Phase != local.SignedIn || first.Identity.Issuer != issuer || first.Identity.Subject != "wanglei" {
		t.Fatalf("profile = %+v", first)
	}

	// The agent refreshes by itself before the access token ends.
	eventually(t, 30*time.Second, func() error {
		if p := d.settled(t); !p.ExpiresAt.After(first.ExpiresAt) {
			return errNotYet("refresh")
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

	d.must(t, "logout")
	d.must(t, "quit")
	if p := d.settled(t); p.Phase != local.SignedOut {
		t.Errorf("after signing out: %s", p.Phase)
	}
}

type errNotYet string

func (e errNotYet) Error() string { return "no " + string(e) + " yet" }
