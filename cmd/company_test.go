//go:build linux

package cmd_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// company is a real lanyard-server with a configuration of its own. A test that needs
// nothing special takes [newCompany]; any other takes the steps one by one: [prepare],
// [company.apply], [company.run].
type company struct {
	origin string
	listen string
	server *process
	dir    string
}

// prepare makes a company's folder and its server's configuration. Its connectors may
// reach those addresses. Nothing runs yet.
func prepare(t testing.TB, reach ...string) *company {
	t.Helper()
	listen := authtest.ClosedPort(t)
	return prepareAt(t, listen, "http://"+listen, "", reach...)
}

// prepareAt is [prepare] with a listener's and a public address of its own, and more
// lines in the configuration.
func prepareAt(t testing.TB, listen, origin, more string, reach ...string) *company {
	t.Helper()
	c := &company{dir: t.TempDir(), origin: origin, listen: listen}
	var allow []string
	for _, address := range reach {
		allow = append(allow, strconv.Quote(strings.TrimPrefix(address, "http://")))
	}
	if !strings.Contains(more, "lookups_per_minute") {
		more += "lookups_per_minute: 0\n"
	}
	c.write(t, "server.yaml", fmt.Sprintf("listen: %s\npublic_url: %s\ndata: %s/data\nkey_file: %[3]s/key\nallow: [%s]\nallow_http: [127.0.0.1, localhost]\n%s",
		listen, origin, c.dir, strings.Join(allow, ", "), more))
	return c
}

// allow lets the server reach one more address. It does not run yet.
func (c *company) allow(t testing.TB, address string) {
	t.Helper()
	c.write(t, "server.yaml", strings.Replace(c.read(t, "server.yaml"), "allow: [", fmt.Sprintf("allow: [%q, ", strings.TrimPrefix(address, "http://")), 1))
}

// acmeFile is the enterprise "acme", whose people sign in at an upstream of three
// interfaces, with more of the file behind that.
func acmeFile(upstream, more string) string {
	return fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
help: {name: IT, phone: "4008"}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: acme}
  secrets: {client_secret: "env:ACME_SECRET"}
`, upstream) + more
}

// apply makes or changes the enterprise by that text, also beside the running server.
func (c *company) apply(t testing.TB, enterprise string) result {
	t.Helper()
	c.write(t, "enterprise.yaml", enterprise)
	return c.applyFile(t, "enterprise.yaml")
}

// applyFile applies a file of the company's folder.
func (c *company) applyFile(t testing.TB, name string) result {
	t.Helper()
	return c.command(t, "apply", "-f", filepath.Join(c.dir, name)).succeeds(t)
}

// run starts the server and waits until it is ready.
func (c *company) run(t testing.TB) {
	t.Helper()
	c.server = c.command(t, "run")
	c.server.line(t, "ready ", patience)
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

// newCompany starts the server of the enterprise "acme" with that many apps; its people
// sign in at a vendor in the test's process, which lets everybody in. database is an
// address, or empty for SQLite.
func newCompany(t testing.TB, apps int, database string) *company {
	t.Helper()
	more := ""
	if database != "" {
		more = "database_file: " + write(t, t.TempDir(), "database", database) + "\n"
	}
	listen := authtest.ClosedPort(t)
	return newCompanyAt(t, listen, "http://"+listen, more, apps)
}

// newCompanyAt is [newCompany] as [prepareAt] makes it.
func newCompanyAt(t testing.TB, listen, origin, more string, apps int) *company {
	t.Helper()
	return newCompanyWith(t, vendor(t), listen, origin, more, apps)
}

// newCompanyWith is [newCompanyAt] with a vendor of the caller's.
func newCompanyWith(t testing.TB, upstream, listen, origin, more string, apps int) *company {
	t.Helper()
	c := prepareAt(t, listen, origin, more, upstream)
	var list strings.Builder
	list.WriteString("apps:\n")
	for i := range apps {
		fmt.Fprintf(&list, "  - {id: app-%d, title: {en: App %d, zh: 应用 %d}, launch: {kind: link, url: \"%s/app/%d\"}}\n", i, i, i, upstream, i)
	}
	c.apply(t, acmeFile(upstream, list.String()))
	c.run(t)
	return c
}

func (c *company) write(t testing.TB, name, text string) {
	t.Helper()
	write(t, c.dir, name, text)
}

// read returns a file of the company's folder.
func (c *company) read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// issuer asks the directory for an enterprise's issuer.
func (c *company) issuer(t testing.TB, code string) string {
	t.Helper()
	resolver := directory.Resolver{Directories: []string{c.origin}}
	found, err := resolver.Resolve(t.Context(), directory.Query{Code: code})
	if err != nil {
		t.Fatal(err)
	}
	return found.Document.Connector.OIDC.Issuer
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
	return &walker{client: &http.Client{Jar: jar, Timeout: patience}}
}

var (
	formAction = regexp.MustCompile(`<form(?:[^>]*action="([^"]*)")?`) // without one: where the page is
	formInput  = regexp.MustCompile(`<input[^>]*type="?hidden"?[^>]*name="?([^" >]+)"?[^>]*value="([^"]*)"`)
)

// walk opens address, presses the button that confirms on every page that has one, a
// page that posts itself included, and returns the last page.
func (w *walker) walk(t testing.TB, address string) string {
	t.Helper()
	page, at := w.get(t, address)
	for range 3 {
		if !forms.MatchString(page) {
			break
		}
		page, at = w.submit(t, page, at, url.Values{"answer": {"yes"}})
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
	newWalker().walk(t, login.address(t))
	login.succeeds(t)
}
