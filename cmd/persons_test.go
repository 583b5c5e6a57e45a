//go:build linux

package cmd_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lanyard/auth/authtest"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// TestTwoPeople: 李四 works in notes and docs in a browser, then somebody opens an app there
// as 张三. He is asked, Enter leaves everything as it is, and after a switch every app of
// the company opens as the one person who is signed in.
func TestTwoPeople(t *testing.T) {
	t.Parallel()
	authtest.Need(t, "chromium")
	data := t.TempDir()
	directory := demo(t, "--data", data)
	lisi, zhangsan := newDesk(t), newDesk(t)
	lisi.signInQuietly(t, directory, "lisi")
	zhangsan.signInQuietly(t, directory, "zhangsan")
	b := newBrowser(t)
	open := func(d *desk, app string) {
		t.Helper()
		n := len(d.urls())
		d.must(t, "open", app)
		b.open(d.nextURL(t, n))
	}
	for _, app := range []string{"notes", "docs"} {
		open(lisi, app)
		b.shows("Signed in as 李四")
	}
	open(zhangsan, "notes")
	b.shows("signed in as 李四", "as 张三?")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shows("Signed in as 李四")
	open(lisi, "docs")
	b.shows("Signed in as 李四")

	open(zhangsan, "notes")
	b.shows("signed in as 李四", "as 张三?")
	b.do(chromedp.Click(chromedp.CSS("#switch")))
	b.shows("Signed in as 张三")
	for _, app := range []string{"docs", "handbook", "notes"} {
		open(zhangsan, app)
		b.shows("Signed in as 张三")
	}
	// His own desktop has not noticed.
	fresh := newBrowser(t)
	fresh.open(strings.TrimSpace(lisi.must(t, "open", "notes", "--print-url")))
	fresh.shows("Signed in as 李四")

	// What the company reads of it: all apps came back for the person who opened them, but
	// for the one that stayed 李四's.
	count := map[string]int{}
	databases, err := filepath.Glob(filepath.Join(data, "*", "lanyard.db"))
	if err != nil || len(databases) == 0 {
		t.Fatalf("databases %q, %v", databases, err)
	}
	for _, database := range databases {
		for outcome, n := range openings(t, database) {
			count[outcome] += n
		}
	}
	if count[server.OpeningBack] != 8 || count[server.OpeningAnother] != 1 || len(count) != 2 {
		t.Errorf("openings came to %v, want 8 back and 1 another", count)
	}
}

// openings counts the openings that a server has written down, by outcome.
func openings(t *testing.T, database string) map[string]int {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	all, err := st.ListEnterprises(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range all {
		rates, err := st.OpeningRates(t.Context(), e.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rates {
			for outcome, n := range r.Count {
				count[outcome] += n
			}
		}
	}
	return count
}

// TestTwoEnterprises: one browser, two companies of one server, none of which knows of the
// other.
func TestTwoEnterprises(t *testing.T) {
	t.Parallel()
	authtest.Need(t, "chromium")
	app := newRecorder(t)
	c := newCompany(t, 1, "")
	acme := c.read(t, "enterprise.yaml") +
		"  - {id: app, title: {en: The app}, launch: {kind: oidc, url: \"" + app.URL + "/login\"}}\n"
	c.write(t, "enterprise.yaml", acme)
	c.write(t, "beta.yaml", strings.NewReplacer("code: acme", "code: beta", "{en: Acme, zh: 顶点}", "{en: Beta}").Replace(acme))
	for _, file := range []string{"enterprise.yaml", "beta.yaml"} {
		c.applyFile(t, file)
	}
	d, b := newDesk(t), newBrowser(t)
	for i, code := range []string{"acme", "beta"} {
		login := d.login(t, code, "--directory", c.origin, "--yes", "--print-url")
		newWalker().walk(t, login.address(t))
		login.succeeds(t)
		d.must(t, "open", "app")
		b.open(d.nextURL(t, i))
		b.shows("the app has opened")
		if at := b.location(); !strings.Contains(at, strings.TrimPrefix(c.issuer(t, code), c.origin+"/e/")) {
			t.Errorf("%s: the app was told of another company: %s", code, at)
		}
	}
	// Each one's pages are its own, and signing out of one leaves the other.
	b.open(c.issuer(t, "beta") + "/")
	b.shows("Beta", "Your apps", "The app")
	b.do(chromedp.Click(chromedp.CSS("#sign-out")))
	b.shows("You are signed out")
	b.open(c.issuer(t, "acme") + "/devices")
	b.shows("Acme", "Where you are signed in", "This browser")
	b.open(c.issuer(t, "acme") + "/a/app")
	b.shows("the app has opened")
}
