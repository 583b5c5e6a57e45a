//go:build linux

package cmd_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// company is a real lanyard-server with a configuration of its own and one enterprise,
// "acme", that was set up by apply; its people sign in at a vendor of three interfaces
// in the test's process, which lets everybody in.
type company struct {
	origin string
	server *process
	dir    string
}

// asPerson is the header by which a test tells the vendor who signs in.
const asPerson = "X-Test-Person"

// vendor speaks the three interfaces and never asks a person anything.
func vendor(t testing.TB) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		back, err := url.Parse(r.FormValue("redirect_uri"))
		if err != nil {
			http.Error(w, "redirect_uri", http.StatusBadRequest)
			return
		}
		q := back.Query()
		q.Set("code", "code-of-"+cmp.Or(r.Header.Get(asPerson), "ZhangSan"))
		q.Set("state", r.FormValue("state"))
		back.RawQuery = q.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	})
	answer := func(v func(r *http.Request) map[string]any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v(r))
		}
	}
	mux.HandleFunc("/accessToken", answer(func(r *http.Request) map[string]any {
		return map[string]any{"access_token": "token" + strings.TrimPrefix(r.FormValue("code"), "code"), "expires_in": 3600}
	}))
	mux.HandleFunc("GET /userInfo", answer(func(r *http.Request) map[string]any {
		id := strings.TrimPrefix(r.FormValue("access_token"), "token-of-")
		return map[string]any{"union_id": id, "user_name": "张三"}
	}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// newCompany starts the server with that many apps; database is an address, or empty
// for SQLite.
func newCompany(t testing.TB, apps int, database string) *company {
	t.Helper()
	listen, more := closedPort(t), "lookups_per_minute: 0\n"
	if database != "" {
		name := filepath.Join(t.TempDir(), "database")
		if err := os.WriteFile(name, []byte(database), 0o600); err != nil {
			t.Fatal(err)
		}
		more += "database_file: " + name + "\n"
	}
	return newCompanyAt(t, listen, "http://"+listen, more, apps)
}

// newCompanyAt starts the server at a listener's and a public address of its own, with
// more lines in its configuration.
func newCompanyAt(t testing.TB, listen, origin, more string, apps int) *company {
	t.Helper()
	return newCompanyWith(t, vendor(t), listen, origin, more, apps)
}

// newCompanyWith is [newCompanyAt] with a vendor of the caller's.
func newCompanyWith(t testing.TB, upstream, listen, origin, more string, apps int) *company {
	t.Helper()
	c := &company{dir: t.TempDir(), origin: origin}
	c.write(t, "server.yaml", fmt.Sprintf("listen: %s\npublic_url: %s\ndata: %s/data\nkey_file: %s/key\nallow: [%q]\nallow_http: [127.0.0.1]\n%s",
		listen, c.origin, c.dir, c.dir, strings.TrimPrefix(upstream, "http://"), more))
	var file strings.Builder
	fmt.Fprintf(&file, `schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
help: {name: IT, phone: "4008"}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: acme}
  secrets: {client_secret: "env:ACME_SECRET"}
apps:
`, upstream)
	for i := range apps {
		fmt.Fprintf(&file, "  - {id: app-%d, title: {en: App %d, zh: 应用 %d}, launch: {kind: link, url: \"%s/app/%d\"}}\n", i, i, i, upstream, i)
	}
	c.write(t, "enterprise.yaml", file.String())
	apply := c.command(t, "apply", "-f", filepath.Join(c.dir, "enterprise.yaml"))
	if code := apply.wait(t, 30*time.Second); code != 0 {
		t.Fatalf("apply ended with %d: %s", code, apply.err.String())
	}
	c.server = c.command(t, "run")
	c.server.line(t, "ready ", 30*time.Second)
	return c
}

func (c *company) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command starts lanyard-server with the company's configuration.
func (c *company) command(t testing.TB, args ...string) *process {
	t.Helper()
	env := append(os.Environ(), "ACME_SECRET=secret-of-acme")
	return start(t, env, "lanyard-server", append(args, "--config", filepath.Join(c.dir, "server.yaml"))...)
}

// walker is a browser without a window that says yes to the page of the desktop.
type walker struct {
	client *http.Client
}

func newWalker() *walker {
	jar, _ := cookiejar.New(nil) // never fails
	return &walker{client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

var (
	formAction = regexp.MustCompile(`<form[^>]*action="([^"]*)"`)
	formInput  = regexp.MustCompile(`<input[^>]*type="?hidden"?[^>]*name="?([^" >]+)"?[^>]*value="([^"]*)"`)
)

// walk opens address, presses the button that confirms on every page that has one, a
// page that posts itself included, and returns the last page.
func (w *walker) walk(t testing.TB, address string) string {
	t.Helper()
	page, at := w.get(t, address)
	for range 3 {
		form := formAction.FindStringSubmatch(page)
		if form == nil {
			break
		}
		action, err := at.Parse(html.UnescapeString(form[1]))
		if err != nil {
			t.Fatal(err)
		}
		values := url.Values{"answer": {"yes"}}
		for _, in := range formInput.FindAllStringSubmatch(page, -1) {
			values.Set(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action.String(), strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		page, at = w.read(t, req)
	}
	return page
}

func (w *walker) get(t testing.TB, address string) (string, *url.URL) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.read(t, req)
}

func (w *walker) read(t testing.TB, req *http.Request) (string, *url.URL) {
	t.Helper()
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatalf("browse: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("browse: %v", err)
	}
	return string(body), resp.Request.URL
}

// signInAt signs the desk in at the company without a window.
func (c *company) signInAt(t testing.TB, d *desk) {
	t.Helper()
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	newWalker().walk(t, "http"+login.line(t, "http", 20*time.Second))
	if code := login.wait(t, 20*time.Second); code != 0 {
		t.Fatalf("login ended with %d: %s", code, login.err.String())
	}
}
