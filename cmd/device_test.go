//go:build linux

package cmd_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// said waits for the line after one that a process wrote on standard error.
func (p *process) said(t testing.TB, before string) string {
	t.Helper()
	var next string
	eventually(t, patience, func() error {
		_, after, found := strings.Cut(p.err.String(), before+"\n")
		line, _, whole := strings.Cut(after, "\n")
		if !found || !whole {
			return fmt.Errorf("nothing after %q:\n%s", before, p.err.String())
		}
		next = strings.TrimSpace(line)
		return nil
	})
	return next
}

// TestDeviceRoad signs in with a browser on another computer: the command line shows an
// address, a code and a number, which a person types in a real Chromium that has never
// seen the desktop. Their other computer is told.
func TestDeviceRoad(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1, "")
	session := authtest.KeyringSession(t)
	first := newDesk(t, session.Env...)
	r := first.run(t, "login", "acme", "--directory", c.origin, "--yes", "--device")
	if r.code != 1 || !strings.Contains(r.err, "This company does not offer signing in on another device.") {
		t.Errorf("not offered: exit code %d\n%s", r.code, r.err)
	}
	c.apply(t, strings.Replace(c.read(t, "enterprise.yaml"), "apps:\n", "device: true\napps:\n", 1))
	c.signInAt(t, first)
	issuer := c.issuer(t, "acme")
	eventually(t, patience, func() error { // the server remembers for two seconds how it was
		res, err := http.Get(issuer + "/.well-known/openid-configuration") //nolint:noctx // on this machine
		if err != nil {
			return err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && !strings.Contains(string(body), "device_authorization_endpoint") {
			err = errors.New("not offered yet")
		}
		return err
	})

	second := newDesk(t, "SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 22", "BROWSER=", "DISPLAY=")
	hinted := second.login(t, "acme", "--directory", c.origin, "--yes")
	eventually(t, patience, saying(hinted, "lanyard login acme --directory "+c.origin+" --device"))

	// In the same attempt, from another terminal.
	login := second.login(t, "acme", "--directory", c.origin, "--yes", "--device")
	address := login.said(t, "On your phone or another computer, open this address:")
	code := login.said(t, "and enter this code:")
	number := login.said(t, "Then type this number there. Only this screen shows it:")
	if out := login.out.String(); out != "" {
		t.Errorf("standard output: %q", out)
	}
	device := second.state(t).Attempt.Device
	if device == nil || device.URL != address || device.UserCode != code || device.Number != number {
		t.Errorf("State has %+v", device)
	}

	if address != c.origin+"/device" || device.Complete != issuer+"/device?user_code="+code {
		t.Errorf("to be typed: %s, to be scanned: %s", address, device.Complete)
	}

	b := newBrowser(t)
	b.do(chromedp.EmulateViewport(390, 844)) // a phone's
	b.open(device.Complete)                  // who scans is asked for the number too
	b.do(chromedp.WaitVisible(chromedp.CSS("#number")))
	b.open(address)
	b.picture("device-code")
	b.do(chromedp.SendKeys(chromedp.CSS("#user_code"), strings.ToLower(code)+"\n"), chromedp.WaitVisible(chromedp.CSS("#number")))
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	b.shows(name, "127.0.0.1", "Go on only if you started this yourself")
	b.picture("device-number")
	if text := b.text(); strings.Contains(text, " "+number+" ") {
		t.Errorf("the page tells the number: %s", text)
	}
	b.do(chromedp.SendKeys(chromedp.CSS("#number"), number), chromedp.Click(chromedp.CSS("#confirm")))
	b.shows("Done. Go back to the device.")
	for _, p := range []*process{login, hinted} { // one attempt, both see its end
		if code := p.wait(t, patience); code != 0 || !strings.Contains(p.out.String(), "Signed in as 张三") {
			t.Errorf("login ended with %d: %s%s", code, p.out.String(), p.err.String())
		}
	}
	if p := second.settled(t); p.Phase != local.SignedIn || p.Identity.Name != "张三" {
		t.Errorf("signed in as %+v", p)
	}
	if urls := second.urls(); len(urls) != 0 {
		t.Errorf("a browser was started here: %v", urls)
	}
	if strings.Contains(readAll(t, second.home), code) {
		t.Errorf("%q was written down", code)
	}

	// The other computer hears of it at its next refresh.
	first.must(t, "quit")
	eventually(t, patience, func() error {
		if out := first.must(t, "status"); !strings.Contains(out, "New sign-in on "+name) {
			return fmt.Errorf("status does not tell of the new device:\n%s", out)
		}
		return nil
	})
}
