//go:build linux

package cmd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// switchAccount presses the button that leads from a refused account to another.
func (b *browser) switchAccount() {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("#switch")), chromedp.Click(chromedp.CSS("#switch")))
}

// TestSwitchAccount: a real browser comes with an account of another company, and goes on
// with the right one from the page that says so; by an access link, where no program of
// ours is installed, and for the desktop, in the same tab.
func TestSwitchAccount(t *testing.T) {
	t.Parallel()
	authtest.Need(t, "chromium")
	listen := authtest.ClosedPort(t)
	c := newCompanyWith(t, askingVendor(t), listen, "http://"+listen, "", 1)
	c.apply(t, strings.Replace(c.read(t, "enterprise.yaml"), "client_id: acme}", "client_id: acme, tenant_field: union_id, tenant_expected: ZhangSan}", 1))

	b := newBrowser(t)
	b.open(c.issuer(t, "acme") + "/a/app-0")
	b.signInAs("LiSi", "any")
	b.shows("Wrong company")
	b.picture("switch-server")
	b.switchAccount()
	b.signInAs("ZhangSan", "any")
	eventually(t, patience, func() error {
		if at := b.where(); !strings.HasSuffix(at, "/app/0") {
			return fmt.Errorf("the browser is at %s", at)
		}
		return nil
	})

	b = newBrowser(t)
	d := newDesk(t, authtest.KeyringSession(t).Env...)
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	b.open(login.address(t))
	b.signInAs("LiSi", "any")
	b.shows("Wrong company")
	b.picture("switch-desktop")
	if code := login.wait(t, patience); code != 4 {
		t.Errorf("login ended with %d: %s", code, login.err.String())
	}
	b.switchAccount()
	b.signInAs("ZhangSan", "any")
	b.confirm()
	b.shows("You're signed in, 张三.")
	if p := d.settled(t); p.Phase != local.SignedIn || p.Identity.Name != "张三" {
		t.Errorf("in the end: %+v", p)
	}
}
