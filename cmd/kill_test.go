//go:build linux

package cmd_test

import (
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth/directory"
)

// versions is a company's sign-in at which edition n of a connector is client-n with
// secret-n: whoever mixes two editions is refused.
type versions struct {
	*httptest.Server
	mu   sync.Mutex
	last string // edition that last signed somebody in
}

func newVersions(t testing.TB) *versions {
	t.Helper()
	v := &versions{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		back, err := url.Parse(r.FormValue("redirect_uri"))
		if err != nil {
			http.Error(w, "redirect_uri", http.StatusBadRequest)
			return
		}
		q := back.Query()
		q.Set("code", strings.TrimPrefix(r.FormValue("client_id"), "client-"))
		q.Set("state", r.FormValue("state"))
		back.RawQuery = q.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		n := r.FormValue("code")
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("client_id") != "client-"+n || r.FormValue("client_secret") != "secret-"+n {
			_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_client"})
			return
		}
		v.mu.Lock()
		v.last = n
		v.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "token", "expires_in": 3600})
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"union_id": "ZhangSan", "user_name": "张三"}`)
	})
	mux.HandleFunc("GET /done", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "the app has opened") })
	v.Server = httptest.NewServer(mux)
	t.Cleanup(v.Close)
	return v
}

// page is the address of edition n's page: even and odd ones are on different hosts, so
// that the signed document tells them apart.
func (v *versions) page(n int) string {
	if n%2 == 1 {
		return strings.Replace(v.URL, "127.0.0.1", "localhost", 1) + "/authorize"
	}
	return v.URL + "/authorize"
}

// file writes edition n of the company.
func (v *versions) file(t testing.TB, c *company, n int) string {
	t.Helper()
	c.write(t, "secret", fmt.Sprintf("secret-%d", n))
	c.write(t, "acme.yaml", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: wps-style
  vars: {authorize_url: %q, token_url: %s/token, user_url: %[2]s/user, client_id: client-%d}
  secrets: {client_secret: "file:secret"}
  targets: ["%[2]s/done"]
apps:
  - {id: wiki, title: {en: Wiki %[3]d}, launch: {kind: link, url: %[2]s/done}}
`, v.page(n), v.URL, n))
	return filepath.Join(c.dir, "acme.yaml")
}

// post sends a form with names and values.
func (w *walker) post(t testing.TB, address string, values ...string) (string, *url.URL) {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.read(t, req)
}

// try presses a button; it fails when the server does.
func (w *walker) try(address string) error {
	resp, err := w.client.PostForm(address, nil) //nolint:noctx // the client has a limit
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, resp.Status)
	}
	return nil
}

// over reports whether a process has ended.
func (p *process) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends a process as a power cut does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// TestKilledWhileSaving cuts the power, again and again, while a connector with secrets
// is being saved: by the console, which switches back and forth as fast as it can, and
// by apply. What serves afterwards is one edition, whole: client and secret that belong
// together, the document that says so, the APPID and the apps.
func TestKilledWhileSaving(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times: skipped under -short")
	}
	v := newVersions(t)
	c, link := newServer(t, v.URL)
	begun := time.Now()
	applied := c.command(t, "apply", "-f", v.file(t, c, 0)).ended(t)
	took := time.Since(begun)
	appID := appIDForm.FindString(applied.out)
	if applied.code != 0 || appID == "" {
		t.Fatalf("apply: %s%s", applied.out, applied.err)
	}

	// The console's own edition, tested and saved as an admin does: 1, and 0 before it.
	w := newWalker()
	post := func(address string, values ...string) (string, *url.URL) {
		t.Helper()
		return w.post(t, address, values...)
	}
	page, _ := post(link)
	if !strings.Contains(page, `name="again"`) {
		t.Fatalf("no password asked:\n%s", page)
	}
	post(c.origin+"/admin/password", "password", "correct horse battery", "again", "correct horse battery")
	post(c.origin+"/admin/companies", "id", filepath.Base(c.issuer(t, "acme")))
	post(c.origin+"/admin/connector/new", "preset", "")
	post(c.origin+"/admin/connector/details", "authorize_url", v.page(1), "client_id", "client-1", "client_secret", "secret-1")
	page, _ = post(c.origin + "/admin/connector/test")
	open := goLink.FindStringSubmatch(page)
	if open == nil {
		t.Fatalf("no way to the test:\n%s", page)
	}
	page, at := w.get(t, html.UnescapeString(open[1]))
	if at.Path != "/admin/connector/test" || !strings.Contains(page, "张三") {
		t.Fatalf("tested at %s:\n%s", at, page)
	}
	if page, at = post(c.origin + "/admin/connector/save"); at.Path != "/admin/connector/done" || !strings.Contains(page, appID) {
		t.Fatalf("saved at %s:\n%s", at, page)
	}

	random := rand.New(rand.NewPCG(4, 2026)) //nolint:gosec // a seed, so that a failure comes again
	log := filepath.Join(c.dir, "data", "lanyard.db-wal")
	editions := []int{0, 1} // what served before, and what serves
	seen := map[string]int{}
	for round := range 24 {
		may, by := editions, "console"
		if round%3 == 2 {
			may, by = []int{editions[1], 10 + round}, "apply"
			before := size(log)
			apply := c.command(t, "apply", "-f", v.file(t, c, may[1]))
			if round%2 == 0 { // as it writes
				for size(log) == before && !apply.over() {
				}
				time.Sleep(time.Duration(random.IntN(3_000)) * time.Microsecond)
			} else {
				time.Sleep(time.Duration(random.Int64N(int64(took))))
			}
			apply.kill()
		} else {
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				for w.try(c.origin+"/admin/connector/back") == nil {
				}
			}()
			time.Sleep(time.Duration(random.IntN(60_000)) * time.Microsecond)
			c.server.kill()
			<-stopped
		}
		c.server.kill()
		c.server = c.command(t, "run")
		c.server.line(t, "ready ", patience)
		n := v.whole(t, c, appID)
		if !slices.Contains(may, n) {
			t.Fatalf("round %d, %s: edition %d serves, want one of %v", round, by, n, may)
		}
		seen[fmt.Sprint(by, ": new ", n == may[1])]++

		if by == "apply" { // again, unharmed: it completes what was cut off
			c.applyFile(t, "acme.yaml")
			eventually(t, patience, func() error { // the server looks again every two seconds
				if n = v.serves(t, c, appID); n != may[1] {
					return fmt.Errorf("round %d: edition %d serves after apply, want %d", round, n, may[1])
				}
				return nil
			})
			v.whole(t, c, appID)
			editions[1] = n
			continue
		}
		// What does not serve is still there to switch to.
		if err := w.try(c.origin + "/admin/connector/back"); err != nil {
			t.Fatal(err)
		}
		other := c.edition(t)
		if other == n || !slices.Contains(may, other) {
			t.Fatalf("round %d: edition %d serves after switching back from %d, want the other of %v", round, other, n, may)
		}
		editions = []int{n, other}
	}
	t.Logf("after the cuts: %v", seen)
}

// size is a file's, or -1.
func size(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return -1
	}
	return info.Size()
}

// goLink is the address of a test sign-in.
var goLink = regexp.MustCompile(`id="go" href="([^"]+)"`)

var clientVar = regexp.MustCompile(`client_id: "?client-(\d+)"?`)

// edition returns the edition that is stored to serve.
func (c *company) edition(t testing.TB) (n int) {
	t.Helper()
	r := c.command(t, "export", "acme").ended(t)
	found := clientVar.FindStringSubmatch(r.out)
	if found == nil {
		t.Fatalf("export: %s%s", r.out, r.err)
	}
	_, _ = fmt.Sscan(found[1], &n)
	return n
}

// serves signs somebody in by the APPID and returns the edition that did.
func (v *versions) serves(t testing.TB, c *company, appID string) (n int) {
	t.Helper()
	link := c.origin + "/oauth/v1/auth?" + url.Values{"app_id": {appID}, "cb": {v.URL + "/done"}}.Encode()
	if page, at := newWalker().get(t, link); at.String() != v.URL+"/done" {
		t.Fatalf("signing in ended at %s:\n%s\n%s", at, page, c.server.err.String())
	}
	v.mu.Lock()
	last := v.last
	v.mu.Unlock()
	if _, err := fmt.Sscan(last, &n); err != nil {
		t.Fatalf("edition %q signed in", last)
	}
	return n
}

// whole is serves, after it made sure that everything else says the same.
func (v *versions) whole(t testing.TB, c *company, appID string) int {
	t.Helper()
	n := v.serves(t, c, appID)
	if r := c.command(t, "check").ended(t); r.code != 0 {
		t.Fatalf("check: %s%s", r.out, r.err)
	}
	if stored := c.edition(t); stored != n {
		t.Fatalf("edition %d serves, %d is stored", n, stored)
	}
	resolver := directory.Resolver{Directories: []string{c.origin}}
	found, err := resolver.Resolve(t.Context(), directory.Query{Code: "acme"})
	if err != nil {
		t.Fatalf("directory: %v", err)
	}
	if host := strings.TrimSuffix(strings.TrimPrefix(v.page(n), "http://"), "/authorize"); found.Document.Via != host {
		t.Fatalf("edition %d serves, the document says %s", n, found.Document.Via)
	}
	return n
}
