//go:build linux

package cmd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/auth/authtest"
)

// TestLaunchLinks: a link is good once, in the browser that presented it first, for the
// person who made it; nobody is signed in by anything else.
func TestLaunchLinks(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	d.signInQuietly(t, directory, "zhangsan")
	open := func(d *desk) string {
		t.Helper()
		n := len(d.urls())
		d.must(t, "open", "notes")
		return d.nextURL(t, n)
	}
	const signInPage = "User name"
	// told presents a link that is worth nothing any more: the browser is told so, with a
	// number that the server's log knows, and the company's sign-in is a click away.
	told := func(b *browser) {
		t.Helper()
		b.shows("This link was used before", "in one browser", "Sign in and open", "Reference ")
		b.picture("link-used")
		b.do(chromedp.Click(chromedp.CSS("#again")))
		b.shows(signInPage)
	}
	// remote opens from a machine without a screen: the browser reaches no agent there.
	remote := func(d *desk) string {
		t.Helper()
		headless := d.in("en_US.UTF-8")
		headless.env = append(headless.env, "DISPLAY=", "BROWSER=")
		return strings.TrimSpace(headless.must(t, "open", "notes", "--print-url"))
	}

	t.Run("used twice", func(t *testing.T) {
		link, first, second := open(d), newBrowser(t), newBrowser(t)
		first.open(link)
		first.shows("Signed in as 张三")
		first.open(link) // the same browser: on to the app, as the app's own address would
		first.shows("Signed in as 张三")
		second.open(link)
		told(second)
		// It was in two hands: what it gave the first one has ended too.
		issuer := strings.Split(link, "/launch/")[0]
		first.open(issuer + "/a/notes")
		first.shows(signInPage)
		// And a new one works as ever, in both.
		for _, b := range []*browser{first, second} {
			b.open(open(d))
			b.shows("Signed in as 张三")
		}
	})

	t.Run("opened in another browser after it was bound", func(t *testing.T) {
		link := remote(d)
		first, second := newBrowser(t), newBrowser(t)
		first.open(link)
		first.shows("Continue as 张三")
		second.open(link)
		told(second)
		first.confirmContinue()
		told(first)
		third := newBrowser(t)
		third.open(remote(d))
		third.confirmContinue()
		third.shows("Signed in as 张三")
	})

	t.Run("made by another account", func(t *testing.T) {
		lisi := newDesk(t)
		lisi.signInQuietly(t, directory, "lisi")
		b := newBrowser(t)
		b.open(open(d))
		b.shows("Signed in as 张三")
		b.open(open(lisi))
		b.shows("signed in as 张三", "as 李四?")
		b.do(chromedp.Click(chromedp.CSS("#keep")))
		b.shows("Signed in as 张三")
		// Nor by the page for browsers that reach no agent.
		b.open(remote(lisi))
		b.shows("signed in as 张三", "as 李四?")
		b.do(chromedp.Click(chromedp.CSS("#keep")))
		b.shows("Signed in as 张三")

		// From another computer the agent cannot answer: nobody is signed in at all.
		link := open(lisi)
		lisi.must(t, "quit")
		w := newWalker()
		if _, err := w.client.Get(link); err == nil { //nolint:bodyclose,noctx // it must fail
			t.Error("somebody answered for an agent that has ended")
		}
		page, _ := w.get(t, strings.Split(link, "/launch/")[0]+"/a/notes")
		if !strings.Contains(page, signInPage) {
			t.Errorf("the browser was signed in:\n%s", page)
		}
	})
	open(d)
}

// recorder is an app that keeps what browsers send it.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
}

func newRecorder(t testing.TB) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, fmt.Sprintf("%s %s\n%v", req.Method, req.URL, req.Header))
		_, _ = fmt.Fprint(w, "<title>app</title>the app has opened")
	}))
	t.Cleanup(r.Close)
	// Our server is on 127.0.0.1; cookies know no ports, so an app is another host.
	r.URL = strings.Replace(r.URL, "127.0.0.1", "localhost", 1)
	return r
}

// TestAppGetsNoCookie opens an app in every way and looks at what reaches it: no cookie
// of ours, no link, no code, no token.
func TestAppGetsNoCookie(t *testing.T) {
	t.Parallel()
	authtest.Need(t, "chromium")
	app := newRecorder(t)
	c := newCompany(t, 1, "")
	c.apply(t, c.read(t, "enterprise.yaml")+fmt.Sprintf(
		"  - {id: shown, title: {en: Shown}, launch: {kind: link, url: %q}}\n  - {id: asked, title: {en: Asked}, launch: {kind: oidc, url: %q}}\n",
		app.URL+"/shown", app.URL+"/asked"))
	d, b := newDesk(t), newBrowser(t)
	c.signInAt(t, d)
	issuer := c.issuer(t, "acme")
	for i, id := range []string{"shown", "asked"} {
		d.must(t, "open", id)
		b.open(d.nextURL(t, i))
		b.shows("the app has opened")
		b.open(issuer + "/a/" + id)
		b.shows("the app has opened")
	}
	fresh := newBrowser(t)
	fresh.open(strings.TrimSpace(d.must(t, "open", "shown", "--print-url")))
	fresh.shows("the app has opened")

	app.mu.Lock()
	defer app.mu.Unlock()
	if len(app.requests) < 5 {
		t.Fatalf("the app saw %d requests", len(app.requests))
	}
	for _, r := range app.requests {
		for _, secret := range []string{"Cookie:", "launch", "proof", "code=", "token", "Referer:[" + c.origin + "/e/"} {
			if strings.Contains(r, secret) {
				t.Errorf("a request to the app has %q:\n%s", secret, r)
			}
		}
	}
}
