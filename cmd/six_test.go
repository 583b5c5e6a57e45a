//go:build linux

package cmd_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// sixApps are the pretend company's, one for each way of opening signed in, and what
// their pages say of it.
var sixApps = []struct{ id, title, how string }{
	{"notes", "Notes", "with the library go-oidc"},
	{"handbook", "Handbook", "written by hand"},
	{"docs", "Documents", "AK20211008GIMUUL"},
	{"cloud", "Cloud console", "administrator"},
	{"ops", "Operations", "then a one-time sign-in"},
	{"intranet", "Intranet", "without a secret"},
}

// pretendCompany is the demo at a port and with data that it keeps when it is restarted.
type pretendCompany struct {
	t          *testing.T
	origin     string // of its server
	sso        string // of its own sign-in, where the switches are
	data, port string
	process    *process
}

// newPretendCompany starts the demo.
func newPretendCompany(t *testing.T) *pretendCompany {
	t.Helper()
	c := &pretendCompany{t: t, data: t.TempDir(), port: "0"}
	c.start()
	return c
}

// start starts the demo, the second time at the same port; the ports that follow are the
// next free ones, and nobody here takes any meanwhile.
func (c *pretendCompany) start() {
	c.t.Helper()
	if c.port == "0" {
		_, c.port, _ = net.SplitHostPort(authtest.ClosedPorts(c.t, 9))
	}
	c.process = start(c.t, append(os.Environ(), "LANYARD_LOG=debug"), "lanyard-server",
		"demo", "--listen", "127.0.0.1:"+c.port, "--data", c.data)
	c.origin = c.process.line(c.t, "ready ", patience)
	if c.origin != "http://127.0.0.1:"+c.port {
		c.t.Fatalf("the demo is at %s, want port %s", c.origin, c.port)
	}
	page, err := os.ReadFile(filepath.Join(c.data, "company-page"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.sso = strings.TrimSuffix(strings.TrimSpace(string(page)), "/")
}

func (c *pretendCompany) restart() {
	c.t.Helper()
	c.process.stop(c.t, syscall.SIGTERM)
	c.start()
}

// TestSixApps opens each of the six apps from the menu of the tray, in a browser that has
// never seen anything: signed in; once more in the same browser; and after the server was
// started anew, again in an empty one.
func TestSixApps(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	screen := newDisplay(t)
	panel := newPanel(t, session, screen)
	company := newPretendCompany(t)
	d := newDesk(t, append(session.Env, "DISPLAY="+screen.name)...)
	start(t, d.env, "lanyard", "agent")
	icon := panel.icon()
	icon.Shows(signedOutMenu)
	d.signInQuietly(t, company.origin, "zhangsan")
	icon.Shows(signedInMenu)

	click := func(t *testing.T, b *browser, app string) {
		t.Helper()
		tabs := len(d.urls())
		icon.Click(icon.Menu(), app)
		b.open(d.nextURL(t, tabs))
	}
	for _, app := range sixApps {
		t.Run(app.id, func(t *testing.T) {
			b := newBrowser(t)
			click(t, b, app.title)
			b.shows("Signed in as 张三", app.title, app.how, "here for the first time", "Opened in", "after the click")
			b.picture("six-" + app.id)
			if at := b.location(); strings.ContainsAny(at, "?#") {
				t.Errorf("the address keeps something: %s", at)
			}
			click(t, b, app.title)
			b.shows("Signed in as 张三", app.how, "been here before", "Opened in", "after the click")
		})
	}
	company.restart()
	for _, app := range sixApps {
		t.Run(app.id+" after a restart", func(t *testing.T) {
			b := newBrowser(t)
			click(t, b, app.title)
			b.shows("Signed in as 张三", app.how, "here for the first time", "Opened in", "after the click")
		})
	}
	if n := len(d.urls()); n != 3*len(sixApps) {
		t.Errorf("the browser was started %d times, want %d", n, 3*len(sixApps))
	}
}

// TestFaults switches each fault of the company's sign-in on, as whoever runs the demo
// does, and looks at what an employee and an admin see of it.
func TestFaults(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	company := newPretendCompany(t)
	d := newDesk(t, session.Env...)
	d.signInQuietly(t, company.origin, "zhangsan")
	b := newBrowser(t) // whoever runs the demo, and the admin
	company.enterConsole(b)

	t.Run("password changed", func(t *testing.T) {
		company.turn(b, "password")
		d.opens(t, "notes")
		page := company.signInPage(t, "lisi", password)
		if !strings.Contains(page, "User name or password is wrong") || !strings.Contains(page, "lanyard-2") {
			t.Errorf("the old password: %s", page)
		}
		if page := company.signInPage(t, "lisi", "lanyard-2"); !strings.Contains(page, "Signed in as 李四") {
			t.Errorf("the new password: %s", page)
		}
		company.home(b, "All is well.")
		company.turn(b, "password")
	})
	for _, row := range []struct{ fault, page, cause, detail string }{
		{"renamed", "The answer has no “union_id”; it has: avatar, user_id, user_name.", "The company's answer is incomplete", "union_id"},
		{"secret", "does not accept the secret set up for it", "The company's sign-in refused this server", "invalid_client"},
	} {
		t.Run(row.fault, func(t *testing.T) {
			company.turn(b, row.fault)
			d.opens(t, "docs") // who is signed in stays so
			page := company.signInPage(t, "lisi", password)
			if !strings.Contains(page, row.page) || !strings.Contains(page, "Reference") || !strings.Contains(page, "4008") {
				t.Errorf("somebody new reads: %s", page)
			}
			company.home(b, row.cause)
			b.open(company.origin + "/admin/sign-ins?failed=1")
			b.shows(row.cause)
			b.whole("fault-" + row.fault)
			b.press("details summary", "\r") // the newest
			b.shows(row.detail)
			company.turn(b, row.fault)
			if page := company.signInPage(t, "lisi", password); !strings.Contains(page, "Signed in as 李四") {
				t.Errorf("when it is over: %s", page)
			}
		})
	}
	t.Run("slow", func(t *testing.T) {
		company.turn(b, "slow")
		empty := newBrowser(t) // which itself takes its time
		began := time.Now()
		d.opensIn(t, empty, "handbook")
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("an app opened after %v", took)
		}
		began = time.Now()
		page := company.signInPage(t, "lisi", password)
		if took := time.Since(began); took < 4*time.Second || !strings.Contains(page, "Signed in as 李四") {
			t.Errorf("somebody new, after %v: %s", took, page)
		}
		company.turn(b, "slow")
	})
	t.Run("down", func(t *testing.T) {
		company.turn(b, "down")
		d.opens(t, "cloud")
		if p := d.settled(t); p.Phase != local.SignedIn {
			t.Errorf("while the sign-in is down: %+v", p)
		}
		company.turn(b, "down")
	})
	t.Run("left", func(t *testing.T) {
		company.turn(b, "left")
		page := company.signInPage(t, "zhangsan", password)
		if !strings.Contains(page, "This account is closed") {
			t.Errorf("at the sign-in: %s", page)
		}
		// The agent asks whether they still belong when it starts, as when it refreshes.
		d.must(t, "quit")
		eventually(t, 2*patience, func() error {
			if r := d.run(t, "status"); !strings.Contains(r.out+r.err, "Your access to Cloudberry has ended") {
				return fmt.Errorf("status ended with %d: %s%s", r.code, r.out, r.err)
			}
			return nil
		})
		company.home(b, "Access was ended before")
		b.whole("fault-left")
		company.turn(b, "left")
	})
}

// enterConsole uses the console's first link.
func (c *pretendCompany) enterConsole(b *browser) {
	c.t.Helper()
	link, err := os.ReadFile(filepath.Join(c.data, "server", "console-link"))
	if err != nil {
		c.t.Fatal(err)
	}
	b.open(strings.TrimSpace(string(link)))
	b.press("#open", "\r")
	b.shows("Choose a password for this server")
	b.fill("password", "correct horse battery", "again", "correct horse battery\r")
	b.shows("Your password is set")
	id := accessLink.FindStringSubmatch(c.page())
	if id == nil {
		c.t.Fatalf("no access link on the company's page:\n%s", c.page())
	}
	b.open(c.origin + "/admin/companies")
	b.press("form:has(input[value='"+id[2]+"']) button", "\r")
	b.shows("Home", "Cloudberry")
}

// page is the company's own.
func (c *pretendCompany) page() string {
	c.t.Helper()
	page, _ := newWalker().get(c.t, c.sso+"/")
	return page
}

// home opens the console's first page, which says that.
func (c *pretendCompany) home(b *browser, words ...string) {
	c.t.Helper()
	b.open(c.origin + "/admin/")
	b.shows(words...)
}

// turn switches a fault on, or off.
func (c *pretendCompany) turn(b *browser, fault string) {
	c.t.Helper()
	b.open(c.sso + "/")
	button := "button[value=" + fault + "]"
	after := ".on " + button
	if b.read(button) == "On" {
		after = "li:not(.on) " + button
	}
	b.do(chromedp.Click(chromedp.CSS(button)), chromedp.WaitVisible(chromedp.CSS(after)))
	b.whole("switch-" + fault)
}

// opens opens an app of the desk in an empty browser, signed in.
func (d *desk) opens(t *testing.T, app string) {
	t.Helper()
	d.opensIn(t, newBrowser(t), app)
}

func (d *desk) opensIn(t *testing.T, b *browser, app string) {
	t.Helper()
	tabs := len(d.urls())
	d.must(t, "open", app)
	b.open(d.nextURL(t, tabs))
	b.shows("Signed in as 张三", "Opened in")
}

var accessLink = regexp.MustCompile(`href="(http://[^"]+/e/([0-9a-f]+)/a/notes)"`)

// signInPage is where somebody in another browser ends who opens the notes by its access
// link and types these.
func (c *pretendCompany) signInPage(t *testing.T, username, password string) string {
	t.Helper()
	link := accessLink.FindStringSubmatch(c.page())
	if link == nil {
		t.Fatalf("no access link on the company's page:\n%s", c.page())
	}
	w := newWalker()
	page, at := w.get(t, link[1])
	if !strings.Contains(page, `name="username"`) {
		t.Fatalf("no sign-in page at %s:\n%s", at.Path, page)
	}
	page, _ = w.submit(t, page, at, url.Values{"username": {username}, "password": {password}})
	return page
}
