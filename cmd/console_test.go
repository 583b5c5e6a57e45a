//go:build linux

package cmd_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	pretend "lanyard/auth/server/demo"
)

// newServer starts a server that knows no company and returns it with the first link
// into its console. Its connectors may reach vendor.
func newServer(t testing.TB, vendor string) (c *company, link string) {
	t.Helper()
	c = prepare(t, vendor)
	c.run(t)
	file := filepath.Join(c.dir, "data", "console-link")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the link's file has mode %v, %v", info.Mode(), err)
	}
	link = strings.TrimSpace(string(data))
	if all := c.server.out.String() + c.server.err.String(); strings.Contains(all, link[strings.LastIndex(link, "/")+1:]) {
		t.Error("the link is in what the server prints or logs")
	}
	return c, link
}

// ownSignIn is the pretend company's sign-in of three interfaces; addresses to come back
// to are registered while it runs.
type ownSignIn struct {
	url string
	mu  sync.Mutex
	now http.Handler
}

func newOwnSignIn(t testing.TB) *ownSignIn {
	s := &ownSignIn{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		now := s.now
		s.mu.Unlock()
		now.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) // another host than ours, as in real life
	s.register()
	return s
}

func (s *ownSignIn) register(callbacks ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = pretend.NewSSO(pretend.SSOConfig{BaseURL: s.url, RedirectURIs: callbacks})
}

// fill types into a field, as somebody does who uses no mouse. Not by chromedp.SendKeys,
// which reads without a lock what Clear has the browser report.
func (b *browser) fill(values ...string) {
	b.t.Helper()
	for i := 0; i+1 < len(values); i += 2 {
		field := chromedp.CSS(fmt.Sprintf("[name=%q]", values[i]))
		b.do(chromedp.WaitVisible(field), chromedp.Clear(field), chromedp.Focus(field), chromedp.KeyEvent(values[i+1]))
	}
}

// press goes to something and presses a key: Enter, or " " to choose.
func (b *browser) press(selector string, key string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(key))
}

// read returns what a part of the page says.
func (b *browser) read(selector string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatalf("read %s: %v\n%s", selector, err, b.text())
	}
	return strings.TrimSpace(text)
}

// TestConsole sets a company up as its IT would: from the first link to a working code,
// by keyboard alone, with each stage's failure on the way; then an employee signs in.
func TestConsole(t *testing.T) {
	t.Parallel()
	sso := newOwnSignIn(t)
	c, link := newServer(t, sso.url)
	b := newBrowser(t)
	b.do(chromedp.EmulateViewport(1280, 900))

	b.open(link)
	b.shows("This link works once")
	b.press("#open", "\r")
	b.shows("Choose a password for this server")
	b.fill("password", "correct horse battery", "again", "correct horse battery\r")
	b.shows("Your password is set")
	b.whole("console-first")
	b.press("#new", "\r")
	b.shows("Where do your people sign in today?")
	b.whole("console-presets")
	b.press("button[value=wps-style]", "\r")
	b.fill("authorize_url", sso.url+"/authorize", "token_url", sso.url+"/accessToken", "user_url", sso.url,
		"client_id", pretend.ClientID, "client_secret", "not the secret")
	b.whole("console-fields")
	b.press("#next", "\r")

	// Stage 1: the address is not registered yet, so nobody comes back.
	b.shows("Register this address", "sign in with a test account")
	b.whole("console-register")
	callback := b.read("#callback-0")
	b.press("#test", "\r")
	eventually(t, patience, func() error {
		if at := b.where(); !strings.HasPrefix(at, sso.url) {
			return fmt.Errorf("the test opened %s", at)
		}
		return nil
	})
	b.open(c.origin + "/admin/connector/test")
	b.shows("is the address above registered?")
	b.whole("console-stage-1")

	// Stage 2: a wrong secret.
	sso.register(callback)
	b.press("#test", "\r")
	b.signInAs("zhangsan", password)
	b.shows("It came back with a code", "Wrong secret (Company SSO: invalid_client).")
	b.whole("console-stage-2")

	// Stage 3: a web page where data was expected; then the ID is elsewhere, and is
	// picked in the answer.
	b.open(c.origin + "/admin/connector/details")
	b.fill("client_secret", pretend.ClientSecret+"\r")
	b.press("#test", "\r")
	b.shows("Token received, valid 60 min", "is this the sign-in page's address?")
	b.whole("console-stage-3-page")
	b.open(c.origin + "/admin/connector/details")
	b.fill("user_url", sso.url+"/userInfo")
	b.press("form details summary", "\r")
	b.fill("user_id_field", "uid\r")
	b.press("#test", "\r")
	b.shows("Token received, valid 60 min", "No uid in the answer; it has: avatar, union_id, user_name.")
	b.whole("console-stage-3")
	b.press(`input[name=sub][value=user_name]`, " ")
	b.press("#use", "\r")
	b.shows("This looks like a name")
	b.whole("console-doubt")
	b.press(`input[name=sub][value=union_id]`, " ")
	b.press("#use", "\r")
	b.shows("张三 · ZhangSan", "Colleagues will appear like this")
	b.whole("console-mapped")
	b.fill("name_en", "Cloudberry", "name_zh", "云莓科技", "code", "Berry\r")
	b.shows("It works", "Copy")
	b.whole("console-done")
	code := b.read("#code")
	if want := strings.TrimPrefix(c.origin, "http://") + "/berry"; code != want {
		t.Fatalf("the code is %q, want %q", code, want)
	}

	// An employee, who knows nothing but the code.
	d := newDesk(t)
	login := d.login(t, c.origin+"/berry", "--yes")
	staff := newBrowser(t)
	staff.open(d.nextURL(t, 0))
	staff.signInAs("zhangsan", password)
	staff.confirm()
	staff.shows("signed in", "张三")
	login.succeeds(t)
	if p := d.state(t).Profile(""); p == nil || p.Phase != local.SignedIn || p.Identity.Name != "张三" || p.Enterprise.Code != "berry" {
		t.Fatalf("status = %+v", p)
	}

	// An app by the console opens on the desk; the person is there, with the device.
	b.open(c.origin + "/admin/apps/new")
	b.whole("console-app-kinds")
	b.press("button[value=link]", "\r")
	b.fill("name_en", "Handbook", "name_zh", "员工手册", "url", "https://handbook.example/\r")
	b.shows("Saved.", "Access link", "Opens as it is")
	b.whole("console-app")
	if out := d.must(t, "apps"); !strings.Contains(out, "Handbook") {
		t.Errorf("apps on the desk:\n%s", out)
	}

	// WPS: its form first, with our three interfaces; then what WPS gives.
	b.open(c.origin + "/admin/apps/new")
	b.press("button[value=wps]", "\r")
	b.fill("name_en", "WPS", "name_zh", "WPS\r")
	b.shows("Not finished", "/three/authorize?client_id=wps", "It is not shown again", "WPS APPID")
	b.whole("console-app-wps")
	b.fill("wps_app_id", "AK20211008GIMUUL\r")
	b.shows("Saved.", "in any browser (this server signs in)")

	// Who may open it: a list of one, which is not the employee; then everyone.
	b.press("#people summary", "\r")
	b.press("#people input[value=list]", " ")
	b.do(chromedp.SendKeys(chromedp.CSS("#people-list"), "lisi")) // Clear knows no empty textarea
	b.press("#save-people", "\r")
	b.shows("1 on the list")
	b.whole("console-app-people")
	if out := d.must(t, "apps"); strings.Contains(out, "WPS") {
		t.Errorf("apps of one who is not on the list:\n%s", out)
	}
	b.press("#open-all", "\r")
	b.do(chromedp.WaitNotPresent(chromedp.CSS("#open-all"))) // "Everyone" is a choice of the page before, too
	if out := d.must(t, "apps"); !strings.Contains(out, "WPS") {
		t.Errorf("apps on the desk:\n%s", out)
	}
	b.open(c.origin + "/admin/people")
	b.press(".people a", "\r")
	b.shows("Lanyard on the desktop")
	b.press("#end", "\r")
	b.press("#end-now", "\r")
	b.shows("Access has ended", "Not signed in anywhere")
	tabs := len(d.urls())
	start(t, d.env, "lanyard", "open", "handbook") // asks to sign in again, which does not help
	staff.open(d.nextURL(t, tabs))
	staff.shows("Not let in")
	b.press("#restore", "\r")
	b.shows("Access is given back")
	pictures(t, c)
}

// whole saves a picture of the whole page.
func (b *browser) whole(name string) {
	dir := os.Getenv("LANYARD_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
	}
}

// pictures saves the pages in both languages, by day and by night and on a phone, where
// LANYARD_SCREENSHOTS asks for it.
func pictures(t *testing.T, c *company) {
	if os.Getenv("LANYARD_SCREENSHOTS") == "" {
		return
	}
	for _, look := range []struct {
		name  string
		width int64
		flags []string
	}{
		{"en-light", 1280, nil},
		{"zh-dark", 1280, []string{"lang=zh-CN", "accept-lang=zh-CN", "blink-settings=preferredColorScheme=0"}},
		{"zh-phone", 390, []string{"lang=zh-CN", "accept-lang=zh-CN"}},
	} {
		b := newBrowser(t, look.flags...)
		b.do(chromedp.EmulateViewport(look.width, 900))
		b.open(c.origin + "/admin/sign-in")
		b.whole("console-" + look.name + "-signin")
		b.fill("password", "correct horse battery\r")
		b.do(chromedp.WaitVisible(chromedp.CSS("nav")))
		for _, page := range []string{
			"", "sign-ins", "people", "apps", "apps/new", "apps/new?preset=saml", "apps/handbook", "apps/wps", "apps/wps/openings", "connector", "connector/new", "settings", "audit", "companies",
		} {
			b.open(c.origin + "/admin/" + page)
			b.whole("console-" + look.name + "-" + strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(page))
		}
		b.open(c.origin + "/admin/people")
		b.press(".people a", "\r")
		b.do(chromedp.WaitVisible(chromedp.CSS("dl")))
		b.whole("console-" + look.name + "-person")
	}
}
