//go:build linux

package cmd_test

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	pretend "lanyard/auth/server/demo"
)

// tapped is a company all of whose wires are tapped: server, sign-in and an app.
type tapped struct {
	*company
	*wiretap
}

// late is a handler that is set after its server has an address.
type late struct{ handler atomic.Pointer[http.Handler] }

func (l *late) set(h http.Handler) { l.handler.Store(&h) }

func (l *late) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*l.handler.Load()).ServeHTTP(w, r) }

func newTapped(t *testing.T) *tapped {
	t.Helper()
	c := &tapped{wiretap: newWiretap()}
	serve := func(h http.Handler) string {
		s := httptest.NewServer(c.tap(h))
		t.Cleanup(s.Close)
		return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	}
	var signIn, notes late
	ssoURL, notesURL := serve(&signIn), serve(&notes)

	listen := authtest.ClosedPort(t)
	front := httptest.NewServer(c.tap(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: listen})))
	t.Cleanup(front.Close)
	c.company = prepareAt(t, listen, front.URL, "", ssoURL)

	secret := auth.RandomToken()
	c.note("client_secret", secret)
	c.note("client_secret", pretend.ClientSecret)
	c.write(t, "notes.secret", secret)
	c.write(t, "sso.secret", pretend.ClientSecret)
	apply := c.apply(t, fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme}
help: {name: IT, phone: "4008"}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: %[2]s}
  secrets: {client_secret: "file:sso.secret"}
apps:
  - {id: notes, title: {en: Notes}, launch: {kind: oidc, url: "%[3]s/login"}}
clients:
  - {id: notes, secret: "file:notes.secret", redirect_uris: ["%[3]s/callback"]}
`, ssoURL, pretend.ClientID, notesURL))
	c.search(t, "apply", apply.out+apply.err)
	callback := ""
	for line := range strings.Lines(apply.out) {
		if at := strings.TrimSpace(line); strings.Contains(at, "/oauth/v1/code") {
			callback = at
		}
	}
	signIn.set(pretend.NewSSO(pretend.SSOConfig{BaseURL: ssoURL, RedirectURIs: []string{callback}}))
	c.run(t)
	notes.set(pretend.NewNotes(pretend.AppConfig{BaseURL: notesURL, Issuer: c.issuer(t, "acme"), ClientID: "notes", ClientSecret: secret}))
	c.note("key file", strings.TrimSpace(c.read(t, "key")))
	return c
}

// TestCanary walks the whole road at debug level, with the accidents on its way, notes
// every code, verifier, token, cookie, password and client secret as it passes, and then
// looks for them in all that the programs wrote anywhere.
//
// Exempt are the authorize URL's state, nonce and challenge, the name of an [opening], and
// one-time links where they are handed over: in a browser's arguments and as --print-url's
// answer.
func TestCanary(t *testing.T) {
	session := authtest.KeyringSession(t)
	t.Setenv("LANYARD_LOG", "debug") // the desk has it of its own
	c := newTapped(t)
	d := newDesk(t, session.Env...)
	lists := argumentLists(t)
	var said, links strings.Builder
	run := func(args ...string) result {
		t.Helper()
		r := d.run(t, args...)
		fmt.Fprintf(&said, "lanyard %s\n%s%s", strings.Join(args, " "), r.out, r.err)
		return r
	}
	login := func(b *browser, typed ...string) result {
		t.Helper()
		n := len(d.urls())
		p := d.login(t, "acme", "--directory", c.origin, "--yes")
		b.open(d.nextURL(t, n))
		for i, password := range typed {
			if i == 0 {
				b.signInAs("zhangsan", password)
				continue
			}
			b.shows("wrong")
			b.do(chromedp.SendKeys(chromedp.CSS("input[name=password]"), password+"\n"))
		}
		if len(typed) == 0 {
			b.do(chromedp.WaitVisible(chromedp.CSS("#cancel")), chromedp.Click(chromedp.CSS("#cancel")))
		} else {
			b.confirm()
		}
		r := p.ended(t)
		said.WriteString(r.out + r.err)
		return r
	}

	b := newBrowser(t)
	if r := login(b); r.code != 4 {
		t.Fatalf("a denied login ended with %d: %s", r.code, r.err)
	}
	if r := login(b, "Wr0ng-and-l0nger-than-eight", password); r.code != 0 {
		t.Fatalf("login ended with %d: %s", r.code, r.err)
	}
	for _, args := range [][]string{
		{"status"}, {"status", "--json"}, {"apps"}, {"apps", "--json"}, {"accounts"}, {"doctor", "--json"}, {"open", "nothing"},
	} {
		run(args...)
	}
	n := len(d.urls())
	run("open", "notes")
	link := d.nextURL(t, n)
	b.open(link)
	b.shows("Signed in as 张三")
	other := newBrowser(t)
	other.open(link)
	other.shows("This link was used before")
	other.do(chromedp.Click(chromedp.CSS("#again")))
	other.shows("User name")
	printed := d.run(t, "open", "notes", "--print-url")
	links.WriteString(printed.out)
	said.WriteString(printed.err)
	other.open(strings.TrimSpace(printed.out))
	other.shows("Signed in as 张三")

	// Restarts refresh; a token of yesterday, a code used before, junk at the server.
	for _, end := range []func(){
		func() { run("quit") },
		func() { d.signalAgent(t, syscall.SIGKILL) },
	} {
		end()
		if p := d.settled(t); p.Phase != local.SignedIn {
			t.Fatalf("after a restart: %+v", p)
		}
	}
	c.replay(t)
	run("quit")
	if p := d.settled(t); p.Phase != local.NeedsYou {
		t.Errorf("after the code was replayed: %+v", p)
	}
	run("open", "notes", "--profile", "nobody")
	run("apps")
	if r := login(newBrowser(t), password); r.code != 0 {
		t.Fatalf("login ended with %d: %s", r.code, r.err)
	}
	bundle := filepath.Join(t.TempDir(), "diagnostics.zip")
	run("diagnostics", bundle)
	run("logout")
	run("status", "--json")
	run("quit")
	c.server.stop(t, syscall.SIGTERM)

	kinds := c.kinds()
	for _, kind := range []string{
		"code", "code_verifier", "access_token", "refresh_token", "id_token", "client_secret", "password",
		"proof", "key", "token", "key file", launchLink,
	} {
		if kinds[kind] == 0 {
			t.Errorf("the wire saw nothing of kind %q: %v", kind, kinds)
		}
	}
	for _, cookie := range ourCookies {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(kinds)), cookie.MatchString) {
			t.Errorf("the wire saw no cookie as %s: %v", cookie, kinds)
		}
	}
	c.search(t, "a command's output", said.String())
	c.search(t, "the address of --print-url", links.String(), launchLink)
	c.search(t, "an argument list", lists(), launchLink)
	c.search(t, "a browser's address", strings.Join(d.urls(), "\n"), launchLink)
	c.search(t, "the server's log", c.server.out.String()+c.server.err.String())
	c.search(t, "the agent's folder", readAll(t, d.home)) // logs, profiles, the vault's file
	c.search(t, "the diagnostics", unzip(t, bundle))
	// The server's database keeps hashes, and what it must have again only sealed.
	c.search(t, "the server's data", readAll(t, filepath.Join(c.dir, "data")))
	for _, want := range []string{"DEBUG", `"code used again"`} {
		if !strings.Contains(c.server.err.String(), want) {
			t.Errorf("the server's log has no %s", want)
		}
	}
	if !strings.Contains(readAll(t, d.home), "DEBUG") {
		t.Error("the agent's log is not at debug level")
	}
}

// ourCookies are the server's: of a session, of a sign-in under way, of a launch.
var ourCookies = []*regexp.Regexp{
	regexp.MustCompile(`^cookie lanyard-[0-9a-f]{12}$`), regexp.MustCompile(`^cookie lanyard-flow-`), regexp.MustCompile(`^cookie lanyard-launch`),
}

// replay sends the server what it has seen before and what nobody gave out.
func (c *tapped) replay(t testing.TB) {
	t.Helper()
	issuer := c.issuer(t, "acme")
	desktop := party{issuer, "lanyard", "http://127.0.0.1:1/callback"}
	c.mu.Lock()
	var codes, tokens []string
	trades := slices.Clone(c.trades)
	for value, kind := range c.secrets {
		switch kind {
		case "code":
			codes = append(codes, value)
		case "access_token", "refresh_token":
			tokens = append(tokens, value)
		}
	}
	c.mu.Unlock()
	for _, code := range codes {
		desktop.redeem(t, code, auth.RandomToken())
	}
	for _, form := range trades {
		desktop.token(t, form)
	}
	for _, token := range tokens {
		desktop.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"not-" + token}})
		bearer(t, issuer+"/v1/apps", "not-"+token)
		bearer(t, issuer+"/v1/apps", token)
	}
	w := newWalker()
	w.get(t, c.origin+"/oauth/v1/code?code=junk&state="+auth.RandomState())
	w.get(t, issuer+"/launch/"+auth.RandomToken())
}

// unzip returns everything in a zip file.
func unzip(t testing.TB, name string) string {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all strings.Builder
	for _, f := range r.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "\n== %s\n", f.Name)
		if _, err := io.Copy(&all, part); err != nil { //nolint:gosec // our own file
			t.Fatal(err)
		}
		part.Close()
	}
	return all.String()
}
