//go:build linux

package cmd_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/auth/authtest"
)

// browser is a real headless Chromium with a profile of its own.
type browser struct {
	ctx context.Context
	t   testing.TB
}

// newBrowser starts a browser that has never seen anything.
func newBrowser(t testing.TB, flags ...string) *browser {
	t.Helper()
	b := &browser{ctx: authtest.Chromium(t, flags...), t: t}
	if err := chromedp.Do(b.ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start browser: %v", err)
	}
	return b
}

// do runs steps with a limit; a failure shows the page.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("browser: %v\nat %s the page says:\n%s", err, b.where(), b.text())
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// text returns what the page says.
func (b *browser) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
	if err != nil {
		return ""
	}
	return text
}

// where returns the address without query: it may be a one-time link.
func (b *browser) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return ""
	}
	u, err := url.Parse(at)
	if err != nil {
		return ""
	}
	u.RawQuery = ""
	return u.String()
}

// location returns the whole address.
func (b *browser) location() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		b.t.Fatalf("browser location: %v", err)
	}
	return at
}

// shows waits until the page says all the words.
func (b *browser) shows(words ...string) {
	b.t.Helper()
	eventually(b.t, patience, func() error {
		text := b.text()
		for _, w := range words {
			if !strings.Contains(text, w) {
				return fmt.Errorf("the page at %s does not say %q:\n%s", b.where(), w, text)
			}
		}
		return nil
	})
}

// signInAs types into the company's sign-in page and confirms the desktop.
func (b *browser) signInAs(username, password string) {
	b.t.Helper()
	b.do(
		chromedp.WaitVisible(chromedp.CSS(`input[name=username]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name=username]`), username),
		chromedp.SendKeys(chromedp.CSS(`input[name=password]`), password+"\n"),
	)
}

// confirm presses the button of the page that no cookie skips.
func (b *browser) confirm() {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("#confirm")), chromedp.Click(chromedp.CSS("#confirm")))
}

// confirmContinue presses the button of the page that stands in for an agent that
// cannot be reached.
func (b *browser) confirmContinue() {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("#continue")), chromedp.Click(chromedp.CSS("#continue")))
}

// picture saves a screenshot where LANYARD_SCREENSHOTS names a folder, for people to
// look at; tests judge the text.
func (b *browser) picture(name string) {
	dir := os.Getenv("LANYARD_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
	}
}
