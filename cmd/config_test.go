//go:build linux

package cmd_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// serverCommand runs lanyard-server to its end.
func serverCommand(t testing.TB, args ...string) result {
	t.Helper()
	return start(t, os.Environ(), "lanyard-server", args...).ended(t)
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// says checks a program's exit code and that standard error has all the words.
func (r result) says(t testing.TB, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	for _, w := range words {
		if !strings.Contains(r.err, w) {
			t.Errorf("standard error does not say %q:\n%s", w, r.err)
		}
	}
}

// TestFirstConfiguration: without a configuration the server writes a commented one and
// says which lines to fill; filled, it is right and starts.
func TestFirstConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "server.yaml")
	r := serverCommand(t, "run", "--config", file)
	for _, w := range []string{file, "public_url", "data", "key_file"} {
		if !strings.Contains(r.out, w) {
			t.Errorf("it does not say %q:\n%s", w, r.out)
		}
	}
	r.says(t, 0)
	if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", fi, err)
	}
	sample, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(sample), "# (fill)"); n != 3 {
		t.Errorf("%d lines are marked, want 3", n)
	}
	listen := authtest.ClosedPort(t)
	filled := string(sample)
	for old, next := range map[string]string{
		"public_url: http://127.0.0.1:8200": "public_url: http://" + listen, "listen: 127.0.0.1:8200": "listen: " + listen,
		"data: ./data": "data: " + dir + "/data", "key_file: ./lanyard.key": "key_file: " + dir + "/lanyard.key",
	} {
		if strings.Count(filled, old) != 1 {
			t.Errorf("the sample has %q %d times", old, strings.Count(filled, old))
		}
		filled = strings.Replace(filled, old, next, 1)
	}
	write(t, dir, "server.yaml", filled)
	if r := serverCommand(t, "check", "--config", file); r.code != 0 || !strings.Contains(r.out, "is right") {
		t.Errorf("check ended with %d: %s%s", r.code, r.out, r.err)
	}
	server := start(t, os.Environ(), "lanyard-server", "run", "--config", file)
	server.line(t, "ready http://"+listen, patience)
	server.stop(t, syscall.SIGTERM)
	if r := serverCommand(t, "run", "--config", file, "--nonsense"); r.code != 2 {
		t.Errorf("a wrong flag: exit code %d: %s", r.code, r.err)
	}
}

// TestDrain: told to stop, the server sends load balancers elsewhere and serves whoever
// still comes, for as long as is configured or until it is told again.
func TestDrain(t *testing.T) {
	t.Parallel()
	told := func(t *testing.T, drain string) (server *process, at time.Time, status func(path string) int) {
		t.Helper()
		dir, listen := t.TempDir(), authtest.ClosedPort(t)
		file := write(t, dir, "server.yaml", fmt.Sprintf("listen: %[1]s\npublic_url: http://%[1]s\ndata: %[2]s/data\nkey_file: %[2]s/key\nlifetimes: {drain: %[3]s}\n", listen, dir, drain))
		server = start(t, os.Environ(), "lanyard-server", "run", "--config", file)
		server.line(t, "ready http://"+listen, patience)
		fresh := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		status = func(path string) int {
			resp, err := fresh.Get("http://" + listen + path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		if got := status("/healthz"); got != http.StatusOK {
			t.Errorf("before: status %d", got)
		}
		at = time.Now()
		if err := server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		return server, at, status
	}
	t.Run("to its end", func(t *testing.T) {
		t.Parallel()
		server, at, _ := told(t, "3s")
		if code := server.wait(t, patience); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if took := time.Since(at); took < 3*time.Second {
			t.Errorf("it drained for %v at most", took)
		}
	})
	t.Run("told again", func(t *testing.T) {
		t.Parallel()
		server, _, status := told(t, "10m")
		eventually(t, patience, func() error { // the signal takes its time
			if got := status("/healthz"); got != http.StatusServiceUnavailable {
				return fmt.Errorf("status %d", got)
			}
			return nil
		})
		if got := status("/v1/keys.jws"); got != http.StatusOK {
			t.Errorf("whoever still comes: status %d", got)
		}
		server.stop(t, syscall.SIGTERM)
		if server.code != 0 {
			t.Errorf("exit code %d", server.code)
		}
	})
}

// TestMalformed shows the server files that are wrong in many places: it names every
// place at once, changes nothing, and ends with 1.
func TestMalformed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	base := fmt.Sprintf("data: %s/data\nkey_file: %s/key\n", dir, dir)
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{
			"many faults", "listen: nowhere\npublic_url: ftp://x\ndatas: ./data\nkey_file: 7\nlookups_per_minute: -1\nlifetimes:\n  code: soon\n  tea: 5m\nkey_file: again\n",
			[]string{"line 1,", "line 2,", "line 3,", "line 5,", "line 7,", "line 8,", "line 9,", "public_url", "lifetimes.code", "lifetimes.tea", "datas"},
		},
		{ // what the file's form forbids, and what only its meaning does
			"faults of both sorts", base + "tea: 1\npublic_url: http://login.acme.example\nbehind_proxy: [10.0.0.0/99]\nlifetimes:\n  flow: 1d2h\n  code: soon\n  audit: 0d\nlog_level: 5\n",
			[]string{"line 3,", "tea", "line 4,", "public_url", "line 5,", "behind_proxy.0", "line 7,", "lifetimes.flow", "line 8,", "line 9,", "line 10,", "log_level"},
		},
		{"nothing", "# to be filled\n~\n", []string{"line 1,", "empty"}},
		{"no YAML", "listen: [1, 2\npublic_url: x\n", []string{"line "}},
		{"http elsewhere", base + "public_url: http://login.acme.example\n", []string{"line 3,", "public_url", "https"}},
		{"https without certificate", base + "public_url: https://login.acme.example\n", []string{"line 3,", "certificate"}},
		{
			"no range, no time", base + "public_url: http://127.0.0.1:1\nbehind_proxy: [10.0.0.0/99]\nlifetimes:\n  flow: 0s\n",
			[]string{"line 4,", "behind_proxy.0", "line 6,", "lifetimes.flow"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := write(t, t.TempDir(), "server.yaml", row.text)
			for _, command := range []string{"check", "run"} {
				serverCommand(t, command, "--config", file).says(t, 1, row.want...)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("a wrong configuration made a data folder")
	}
	serverCommand(t, "check", "--config", filepath.Join(dir, "nothing.yaml")).says(t, 1, "nothing.yaml")
}

// TestApply: the same file again changes nothing, what export gives is such a file and
// has no secret, and a file that is wrong changes nothing and says where.
func TestApply(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 2, "")
	file := filepath.Join(c.dir, "enterprise.yaml")
	apply := func(file string) result { return c.command(t, "apply", "-f", file).ended(t) }
	nothing := func(what string, r result) {
		t.Helper()
		if r.code != 0 || !strings.Contains(r.out, "Nothing to change.") || !strings.Contains(r.out, "/join/acme") {
			t.Errorf("%s: exit code %d: %s%s", what, r.code, r.out, r.err)
		}
	}
	nothing("the same again", apply(file))
	exported := c.command(t, "export", "acme").ended(t)
	exported.says(t, 0)
	if strings.Contains(exported.out, "secret-of-acme") {
		t.Errorf("export has the secret:\n%s", exported.out)
	}
	nothing("what was exported", apply(write(t, c.dir, "exported.yaml", exported.out)))
	again := c.command(t, "export", "ACME").ended(t)
	if again.code != 0 || again.out != exported.out {
		t.Errorf("exported again:\n%s", again.out)
	}
	c.command(t, "export", "nobody").ended(t).says(t, 1, `no enterprise has the code "nobody"`)

	changed := strings.Replace(c.read(t, "enterprise.yaml"), "{en: Acme, zh: 顶点}", "{en: Acme Group, zh: 顶点}", 1)
	changed = strings.Replace(changed, "id: app-1,", "id: app-9,", 1)
	r := apply(write(t, c.dir, "changed.yaml", changed))
	for _, w := range []string{"name changed", "app app-9 added", "app app-1 removed"} {
		if r.code != 0 || !strings.Contains(r.out, w) {
			t.Errorf("exit code %d, and it does not say %q:\n%s%s", r.code, w, r.out, r.err)
		}
	}
	nothing("the changed one again", apply(filepath.Join(c.dir, "changed.yaml")))

	before := c.command(t, "export", "acme").ended(t).out
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{
			"many faults", "schema: setup/1\ncode: acme\nnames: {en: X}\nhelp: {name: 5}\nconnector:\n  preset: wps-style\n  vras: {}\napps:\n" +
				"  - {id: a, title: {en: A}, launch: {kind: tea, url: \"https://x.example\"}}\n  - {title: {en: B}}\n" +
				"clients:\n  - {id: lanyard, redirect_uris: [\"http://x.example/cb\"]}\n",
			[]string{"line 1,", "line 3,", "line 4,", "line 7,", "line 9,", "line 10,", "line 12,", "names", "vras", "clients.0.id", "clients.0.redirect_uris.0"},
		},
		{
			"blanks of the preset", "schema: setup/1\ncode: acme\nname: {en: X}\nconnector:\n  preset: wps-style\n  vars:\n    client_id: x\n    authorise_url: https://x.example\n",
			[]string{"line 8,", "authorise_url", "authorize_url", "token_url", "user_url"},
		},
		{
			"a secret that is not there",
			strings.Replace(c.read(t, "enterprise.yaml"), "env:ACME_SECRET", "env:NOBODY_SET_THIS", 1),
			[]string{"line 8,", "connector.secrets.client_secret", "NOBODY_SET_THIS"},
		},
		{
			"files that are not there",
			strings.NewReplacer("apps:\n", "logo: nothing.png\napps:\n  - {id: x, title: {en: X}, icon: nobody.png, launch: {kind: link, url: \"https://x.example/\"}}\n",
				"env:ACME_SECRET", "file:nowhere").Replace(c.read(t, "enterprise.yaml")) +
				"clients:\n  - {id: y, secret: \"env:NOBODY_SET_THIS\", redirect_uris: [\"https://y.example/cb\"]}\n",
			[]string{"line 8,", "nowhere", "line 9,", "nothing.png", "line 11,", "apps.0.icon", "nobody.png", "line 15,", "clients.0.secret", "NOBODY_SET_THIS"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			apply(write(t, c.dir, "wrong.yaml", row.text)).says(t, 1, append(row.want, "wrong.yaml")...)
			if after := c.command(t, "export", "acme").ended(t).out; after != before {
				t.Errorf("it changed something:\n%s", after)
			}
		})
	}
}

// visitor is a walker that trusts a certificate and goes through a proxy, as the desk does.
func visitor(t testing.TB, certFile string, proxy func(*http.Request) (*url.URL, error)) *walker {
	t.Helper()
	pem, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	w := newWalker()
	w.client.Transport = &http.Transport{Proxy: proxy, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	return w
}

// road walks the whole road at a company without a window: sign in, open an app in a
// browser that has never seen anything, restart, open once more.
func (c *company) road(t *testing.T, d *desk, browser func() *walker, typed ...string) {
	t.Helper()
	login := d.login(t, append(typed, "--yes", "--print-url")...)
	w := browser()
	page, at := w.get(t, login.address(t))
	page, at = w.submit(t, page, at, url.Values{"answer": {"yes"}})
	w.submit(t, page, at, nil)
	login.succeeds(t)
	for i := range 2 {
		n := len(d.urls())
		d.must(t, "open", "app-1")
		if _, at := browser().get(t, d.nextURL(t, n)); at.Path != "/app/1" {
			t.Errorf("opening %d led to %s", i, at)
		}
		d.must(t, "quit")
		if p := d.settled(t); p.Phase != local.SignedIn || p.Identity.Name != "张三" {
			t.Fatalf("after a restart: %+v", p)
		}
	}
}

// TestHTTPS is the road at a server with certificate files.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	certFile, keyFile := certificate(t, "127.0.0.1")
	listen := authtest.ClosedPort(t)
	c := newCompanyAt(t, listen, "https://"+listen, fmt.Sprintf("certificate: {file: %s, key_file: %s}\n", certFile, keyFile), 2)
	d := newDesk(t, append(authtest.KeyringSession(t).Env, "SSL_CERT_FILE="+certFile)...)
	w := visitor(t, certFile, nil)
	c.road(t, d, func() *walker { w = visitor(t, certFile, nil); return w }, "acme", "--directory", c.origin)
	here, err := url.Parse(c.origin)
	if err != nil {
		t.Fatal(err)
	}
	sso := 0
	for _, cookie := range w.client.Jar.Cookies(here) {
		if strings.HasPrefix(cookie.Name, "__Host-lanyard-") {
			sso++
		}
	}
	if sso != 1 {
		t.Errorf("%d cookies that only https can set, want the one: %v", sso, w.client.Jar.Cookies(here))
	}
	if status := send(t, http.MethodGet, "http://"+listen+"/healthz", nil, ""); status != http.StatusBadRequest && status != 0 {
		t.Errorf("plain http: status %d", status)
	}
	// Whoever does not trust the certificate is told, and asked for nothing.
	newDesk(t).run(t, "login", "acme", "--directory", c.origin, "--yes").
		refused(t, "en", 5, auth.ProxyInterferes, auth.Args{"host": listen})
}

// TestBehindProxy is the road at a server with a name of its own, whose https ends at a
// proxy in front of it.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	listen := authtest.ClosedPort(t)
	behind := &url.URL{Scheme: "http", Host: listen}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.SetXForwarded() }}
	forward := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Else the library closes the form as the answer begins, and a proxy that has yet
		// to see the form's end drops the answer half-way (golang.org/issue/40747).
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		proxy.ServeHTTP(w, r)
	})
	env := proxied(t, forward, "login.acme.example")
	way, err := url.Parse(strings.TrimPrefix(env[0], "HTTPS_PROXY="))
	if err != nil {
		t.Fatal(err)
	}
	c := newCompanyAt(t, listen, "https://login.acme.example", "behind_proxy: [127.0.0.1/32]\nlookups_per_minute: 20\n", 2)
	d := newDesk(t, append(authtest.KeyringSession(t).Env, env...)...)
	c.road(t, d, func() *walker {
		return visitor(t, strings.TrimPrefix(env[1], "SSL_CERT_FILE="), func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme == "https" {
				return way, nil
			}
			return nil, nil
		})
	}, "login.acme.example/acme")

	// The proxy's word on who asks is believed, as far as it can be: not what the asker
	// wrote before it.
	lookup := "http://" + listen + "/v1/enterprises/" + directory.Hash("nobody") + ".jws"
	for i := range 30 {
		if status := lookUp(t, lookup, fmt.Sprintf("198.51.100.%d", i)); status != http.StatusNotFound {
			t.Fatalf("asker %d: status %d", i, status)
		}
	}
	busy := 0
	for i := range 30 {
		if lookUp(t, lookup, fmt.Sprintf("198.51.100.%d, 203.0.113.7", i)) == http.StatusTooManyRequests {
			busy++
		}
	}
	if busy == 0 {
		t.Error("an asker that writes another address before its own is never too fast")
	}
}

// TestNotBehindProxy: from whoever is not the proxy there is no plain http and no word on
// who asks.
func TestNotBehindProxy(t *testing.T) {
	t.Parallel()
	secure := newCompanyAt(t, authtest.ClosedPort(t), "https://login.acme.example", "behind_proxy: [192.0.2.0/24]\n", 1)
	for _, path := range []string{"/healthz", "/v1/keys.jws", "/join/acme"} {
		if status := send(t, http.MethodGet, "http://"+secure.listen+path, nil, ""); status != http.StatusForbidden {
			t.Errorf("%s by plain http: status %d", path, status)
		}
	}
	listen := authtest.ClosedPort(t)
	// One a minute: what a slow machine takes until the desk asks too earns nobody another.
	open := newCompanyAt(t, listen, "http://"+listen, "lookups_per_minute: 1\n", 1)
	busy := 0
	for i := range 60 {
		if lookUp(t, open.origin+"/v1/enterprises/"+directory.Hash("nobody")+".jws", fmt.Sprintf("198.51.100.%d", i)) == http.StatusTooManyRequests {
			busy++
		}
	}
	if busy == 0 {
		t.Error("who writes X-Forwarded-For is never too fast")
	}
	newDesk(t).run(t, "login", "nobody", "--directory", open.origin, "--yes").
		refused(t, "en", 5, auth.DirectoryBusy, auth.Args{"host": listen})
}

// lookUp asks for a code in another's name.
func lookUp(t testing.TB, address, forwarded string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", forwarded)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestPostgres is the road on PostgreSQL.
func TestPostgres(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 2, authtest.Postgres(t))
	d := newDesk(t, authtest.KeyringSession(t).Env...)
	c.road(t, d, newWalker, "acme", "--directory", c.origin)
	if _, err := os.Stat(filepath.Join(c.dir, "data", "lanyard.db")); err == nil {
		t.Error("there is an SQLite database too")
	}
}
