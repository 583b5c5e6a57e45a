//go:build linux

package cmd_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
	pretend "lanyard/auth/server/demo"
)

// glewlwyd is a provider of its own family: written in C, with its own JOSE library and
// a sign-in page that is a program in the browser. Make unpacks Debian's packages beside
// the tests; nothing of it is installed as a service.
type glewlwyd struct {
	origin string // of its pages and of its administration
	issuer string
	root   string // where the packages are unpacked
	dir    string
	admin  *http.Client
}

// newGlewlwyd starts the provider with nobody in it.
func newGlewlwyd(t testing.TB) *glewlwyd {
	t.Helper()
	needFile(t, "testdata/glewlwyd/usr/bin/glewlwyd")
	root, err := filepath.Abs("testdata/glewlwyd")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(authtest.ClosedPort(t))
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // never fails
	g := &glewlwyd{
		origin: "http://localhost:" + port, root: root, dir: t.TempDir(),
		admin: &http.Client{Jar: jar, Timeout: patience},
	}
	g.issuer = g.origin + "/api/oidc"
	g.fill(t)
	g.pages(t)
	modules := root + "/usr/lib/glewlwyd"
	conf := write(t, g.dir, "glewlwyd.conf", fmt.Sprintf(`port = %s
bind_address = "127.0.0.1"
external_url = %q
login_url = "login.html"
api_prefix = "api"
static_files_path = "%s/webapp/"
log_mode = "console"
log_level = "WARNING"
cookie_domain = "localhost"
cookie_secure = 0
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "%[4]s/user"
user_middleware_module_path = "%[3]s/none"
client_module_path = "%[4]s/client"
user_auth_scheme_module_path = "%[4]s/scheme"
plugin_module_path = "%[4]s/plugin"
hash_algorithm = "SHA512"
database = { type = "sqlite3"; path = "%[3]s/glewlwyd.db"; };
static_files_mime_types = (
  { extension = ".html"; mime_type = "text/html"; }, { extension = ".css"; mime_type = "text/css"; },
  { extension = ".js"; mime_type = "application/javascript"; }, { extension = ".json"; mime_type = "application/json"; }
);
`, port, g.origin, g.dir, modules))
	libraries, err := filepath.Glob(root + "/usr/lib/*-linux-*")
	if err != nil {
		t.Fatal(err)
	}
	provider := startCommand(t, append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(libraries, ":")),
		exec.Command(root+"/usr/bin/glewlwyd", "-c", conf))
	provider.tells(t)
	eventually(t, patience, func() error {
		resp, err := g.admin.Get(g.origin + "/login.html") //nolint:noctx // the client has a limit
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	return g
}

// fill makes its database, by its own script.
func (g *glewlwyd) fill(t testing.TB) {
	t.Helper()
	f, err := os.Open(g.root + "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	script, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", g.dir+"/glewlwyd.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), string(script)); err != nil {
		t.Fatalf("glewlwyd's script: %v", err)
	}
}

// pages copies its pages: the packages' links point to where Debian would install, and
// the pages' own settings are a file there.
func (g *glewlwyd) pages(t testing.TB) {
	t.Helper()
	from, to := g.root+"/usr/share/glewlwyd/webapp", g.dir+"/webapp"
	err := filepath.WalkDir(from, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		if name == "config.json" {
			return nil // its settings, which follow
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			data, err = os.ReadFile(g.installed(path))
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := os.ReadFile(g.root + "/usr/share/glewlwyd/templates/config.json")
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, "config.json", string(settings))
}

// installed returns what a link of the packages means where this machine has the library
// it leads to and so did not unpack it.
func (g *glewlwyd) installed(path string) string {
	to, err := os.Readlink(path)
	if err != nil || filepath.IsAbs(to) {
		return path
	}
	return strings.TrimPrefix(filepath.Join(filepath.Dir(path), to), g.root)
}

// post sends JSON to its administration.
func (g *glewlwyd) post(t testing.TB, path string, v any) {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.origin+"/api"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.admin.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("glewlwyd answers %s to %s: %s", resp.Status, path, answer)
	}
}

// company opens the OpenID provider with one person and one confidential client, as its
// manual says.
func (g *glewlwyd) company(t testing.TB, clientID, secret, redirect string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	asPEM := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	type object = map[string]any
	g.post(t, "/auth/", object{"username": "admin", "password": "password"}) // its own first one
	for name, shown := range map[string]string{"profile": "Your name", "email": "Your address"} {
		g.post(t, "/scope/", object{"name": name, "display_name": shown, "password_required": true, "password_max_age": 0, "scheme": object{}})
	}
	g.post(t, "/mod/plugin/", object{"module": "oidc", "name": "oidc", "display_name": "OpenID", "parameters": object{
		"iss": g.issuer, "jwt-type": "rsa", "jwt-key-size": "256",
		"key": asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), "cert": asPEM("PUBLIC KEY", public),
		"access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 60, "refresh-token-rolling": true,
		"auth-type-code-enabled": true, "auth-type-code-revoke-replayed": true, "auth-type-refresh-enabled": true,
		"allow-non-oidc": false, "jwks-show": true, "oauth-as-iss-id": true,
		"pkce-allowed": true, "pkce-required": true, "pkce-method-plain-allowed": false,
		"name-claim": "on-demand", "name-claim-scope": []string{"profile"},
		"email-claim": "on-demand", "email-claim-scope": []string{"email"},
		"allowed-scope": []string{"openid", "profile", "email"},
		"subject-type":  "public", "restrict-scope-client-property": "",
	}})
	g.post(t, "/user/", object{
		"username": "wanglei", "name": "王磊", "email": "wanglei@acme.example", "password": "glewlwyd's own",
		"scope": []string{"openid", "profile", "email"}, "enabled": true,
	})
	g.post(t, "/client/", object{
		"client_id": clientID, "name": "Lanyard", "confidential": true, "client_secret": secret, "enabled": true,
		"redirect_uri": []string{redirect}, "authorization_type": []string{"code"}, "scope": []string{},
		"token_endpoint_auth_method": []string{"client_secret_basic"},
	})
}

// TestGlewlwydUpstream goes the whole road of a company whose people sign in at Glewlwyd:
// from the code through our server to its own page in a real browser, back, and on into
// an app that signs in by us.
func TestGlewlwydUpstream(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-the-server"
	g := newGlewlwyd(t)
	c := prepare(t, g.origin)
	b := newBrowser(t)
	g.company(t, "lanyard-server", secret, c.origin+"/c/upstream/callback")
	var notes http.Handler
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { notes.ServeHTTP(w, r) }))
	t.Cleanup(app.Close)
	at := strings.Replace(app.URL, "127.0.0.1", "localhost", 1) // another host than ours, as in real life
	c.write(t, "secret", secret)
	c.apply(t, fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  id: upstream
  preset: oidc-broker
  vars: {issuer: %q, client_id: lanyard-server}
  secrets: {client_secret: "file:secret"}
clients:
  - {id: notes, secret: "file:secret", redirect_uris: [%[2]q]}
apps:
  - {id: notes, title: {en: Notes}, launch: {kind: oidc, url: %[3]q}}
`, g.issuer, at+"/callback", at+"/login"))
	c.run(t)
	notes = pretend.NewNotes(pretend.AppConfig{BaseURL: at, Issuer: c.issuer(t, "acme"), ClientID: "notes", ClientSecret: secret})

	d := newDesk(t)
	login := d.login(t, "acme", "--directory", c.origin, "--yes")
	b.open(d.nextURL(t, 0))
	if !strings.HasPrefix(b.where(), g.origin+"/login.html") {
		t.Fatalf("the browser is at %s", b.where())
	}
	b.signInAs("wanglei", "not his")
	b.do(chromedp.WaitVisible(chromedp.CSS(".toast")))
	b.open(b.location())
	b.signInAs("wanglei", "glewlwyd's own")
	b.shows("Hello 王磊", "Lanyard requires access")
	b.whole("glewlwyd-grant")
	b.do(
		chromedp.Click(chromedp.CSS("#grant-profile")), chromedp.Click(chromedp.CSS("#grant-email")),
		chromedp.Click(chromedp.CSS(".carousel-item.active .btn-primary")),
	)
	b.shows("Connection to Lanyard")
	b.do(chromedp.Click(chromedp.CSS(".btn-success")))
	b.shows("Sign in Lanyard on this computer as 王磊?")
	b.confirm()
	b.shows("signed in", "王磊")
	login.succeeds(t)
	p := d.settled(t)
	if p.Phase != local.SignedIn || p.Identity.Name != "王磊" || p.Identity.Subject == "wanglei" || p.Identity.Issuer != c.issuer(t, "acme") {
		t.Errorf("profile %+v", p)
	}

	d.must(t, "open", "notes")
	b.open(d.nextURL(t, 1))
	b.shows("Signed in as 王磊")
	if all := c.server.err.String() + login.err.String(); strings.Contains(all, secret) {
		t.Error("a log holds the secret")
	}
}
