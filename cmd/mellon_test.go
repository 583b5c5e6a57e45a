//go:build linux

package cmd_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/auth/authtest"
	"lanyard/auth/server"
	"lanyard/auth/server/saml"
)

// mellon is Apache with mod_auth_mellon, a SAML service provider that nobody here wrote
// (Lasso and libxmlsec, in C), as a plain process with a folder of its own.
type mellon struct {
	origin string
	dir    string
}

// newMellon starts the service provider, which knows its identity provider by the
// metadata alone. Everything below /private/ asks for a sign-in and shows who it is.
func newMellon(t testing.TB, idp string) *mellon {
	t.Helper()
	apache, module := authtest.Need(t, "apache"), authtest.Need(t, "mellon")
	listen := authtest.ClosedPort(t)
	m := &mellon{origin: "http://" + listen, dir: t.TempDir()}
	// Started by root, Apache answers as a user of its own, who has to reach the folder.
	for at := m.dir; len(at) > len(os.TempDir()); at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	key, cert := selfSigned(t)
	m.write(t, "sp.key", key)
	m.write(t, "sp.cert", cert)
	m.write(t, "idp.xml", string(fetched(t, idp)))
	for _, sub := range []string{"/www", "/www/private"} {
		if err := errors.Join(os.Mkdir(m.dir+sub, 0o700), os.Chmod(m.dir+sub, 0o755)); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	m.write(t, "www/private/index.shtml", `<!doctype html><meta charset="utf-8"><title>private</title>
<p>user: <!--#echo encoding="entity" var="REMOTE_USER" -->
<p>name: <!--#echo encoding="none" var="MELLON_name" -->`)
	m.write(t, "www/bye.shtml", "<!doctype html><title>bye</title><p>signed out")
	conf := m.write(t, "apache.conf", fmt.Sprintf(`ServerRoot %[1]s
ServerName %[2]s
Listen %[2]s
PidFile %[1]s/pid
DefaultRuntimeDir %[1]s
Mutex file:%[1]s default
ErrorLog /dev/stderr
LogLevel warn auth_mellon:info
LoadModule mpm_event_module %[3]s/mod_mpm_event.so
LoadModule authn_core_module %[3]s/mod_authn_core.so
LoadModule authz_core_module %[3]s/mod_authz_core.so
LoadModule authz_user_module %[3]s/mod_authz_user.so
LoadModule dir_module %[3]s/mod_dir.so
LoadModule mime_module %[3]s/mod_mime.so
LoadModule include_module %[3]s/mod_include.so
LoadModule setenvif_module %[3]s/mod_setenvif.so
LoadModule auth_mellon_module %[3]s/mod_auth_mellon.so
%[4]s
TypesConfig /dev/null
DocumentRoot %[1]s/www
DirectoryIndex index.shtml
MellonLockFile %[1]s/mellon.lock
# SameSite=None, its habit, is for https.
SetEnvIf Host . MELLON_DISABLE_SAMESITE=1
<Location />
	Options +Includes
	AddType "text/html; charset=utf-8" .shtml
	AddOutputFilter INCLUDES .shtml
	MellonEnable info
	MellonEndpointPath /mellon
	MellonSPPrivateKeyFile %[1]s/sp.key
	MellonSPCertFile %[1]s/sp.cert
	MellonIdPMetadataFile %[1]s/idp.xml
	MellonDefaultLoginPath /private/
	MellonUser account
</Location>
<Location /private>
	AuthType Mellon
	MellonEnable auth
	Require valid-user
</Location>
`, m.dir, listen, filepath.Dir(module), apacheUser()))
	provider := startCommand(t, os.Environ(), exec.Command(apache, "-X", "-f", conf))
	provider.tells(t)
	eventually(t, patience, func() error {
		resp, err := http.Get(m.origin + "/mellon/metadata") //nolint:noctx // a few milliseconds
		if err != nil {
			return fmt.Errorf("%w: %s", err, provider.err.String())
		}
		return resp.Body.Close()
	})
	return m
}

// write writes a file that Apache can read, whoever it answers as.
func (m *mellon) write(t testing.TB, name, text string) string {
	t.Helper()
	path := write(t, m.dir, name, text)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// apacheUser is whom Apache answers as: it refuses to do so as root.
func apacheUser() string {
	if os.Getuid() != 0 {
		return ""
	}
	return "User www-data\nGroup www-data"
}

// selfSigned makes the service provider's key and certificate.
func selfSigned(t testing.TB) (key, cert string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mellon"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})),
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// fetched returns what is at an address.
func fetched(t testing.TB, address string) []byte {
	t.Helper()
	resp, err := http.Get(address) //nolint:noctx // a few milliseconds
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d %v: %s", address, resp.StatusCode, err, data)
	}
	return data
}

// askingVendor is [vendor] behind a page that asks who signs in.
func askingVendor(t testing.TB) string {
	t.Helper()
	behind, err := url.Parse(vendor(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := r.URL.Query().Get("username")
		if r.URL.Path != "/authorize" || who != "" {
			r.Header.Set(asPerson, who)
			proxy.ServeHTTP(w, r)
			return
		}
		fields := ""
		for name, values := range r.URL.Query() {
			fields += fmt.Sprintf("<input type=hidden name=%q value=%q>", name, values[0])
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<title>Sign in</title><form><input name=username><input name=password type=password><button>Sign in</button>%s</form>", fields)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestMellon opens a page of a real SAML service provider: from there, by an access
// link, and from the workbench; and signs out there. Each side knows the other by its
// metadata.
func TestMellon(t *testing.T) {
	t.Parallel()
	authtest.Need(t, "mellon")
	session := authtest.KeyringSession(t)
	upstream, listen := askingVendor(t), authtest.ClosedPort(t)
	c := newCompanyWith(t, upstream, listen, "http://"+listen, "lookups_per_minute: 0\n", 1)
	issuer := c.issuer(t, "acme")
	m := newMellon(t, issuer+"/saml/metadata")

	sp, err := saml.ReadMetadata(fetched(t, m.origin+"/mellon/metadata"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sp.Certificates) != 1 || !strings.HasPrefix(sp.ACS[0], m.origin+"/mellon/") {
		t.Fatalf("its metadata says %+v", sp)
	}
	sp.Attributes = []server.SAMLAttribute{{Name: "account", Values: []string{"{sub}"}}, {Name: "name", Values: []string{"{name}"}}}
	launch, err := json.Marshal(server.LaunchSpec{Kind: server.LaunchSAML, SAML: &sp})
	if err != nil {
		t.Fatal(err)
	}
	c.apply(t, c.read(t, "enterprise.yaml")+"  - {id: wiki, title: {en: Wiki}, launch: "+string(launch)+"}\n")

	// shows returns whom the page is about.
	shows := func(b *browser) string {
		t.Helper()
		b.shows("user: ", "name: 张三")
		_, after, _ := strings.Cut(b.text(), "user: ")
		user, _, _ := strings.Cut(after, "\n")
		if user == "" || !strings.HasPrefix(b.where(), m.origin+"/private/") {
			t.Fatalf("at %s: %s", b.where(), b.text())
		}
		return user
	}
	first := newBrowser(t)
	first.open(m.origin + "/private/?page=1")
	first.signInAs("ZhangSan", "any")
	zhangsan := shows(first)
	if !strings.HasSuffix(first.location(), "/private/?page=1") {
		t.Errorf("it ended at %s", first.location())
	}

	// It signs out there and here.
	first.open(m.origin + "/mellon/logout?ReturnTo=" + url.QueryEscape(m.origin+"/bye.shtml"))
	first.shows("signed out")
	first.open(m.origin + "/private/")
	first.signInAs("ZhangSan", "any")
	shows(first)

	t.Run("access link", func(t *testing.T) {
		b := newBrowser(t)
		b.open(issuer + "/a/wiki")
		b.signInAs("LiSi", "any")
		if lisi := shows(b); lisi == zhangsan {
			t.Error("two people have one name")
		}
		b.open(issuer + "/a/wiki") // the second click too
		shows(b)
	})
	t.Run("workbench", func(t *testing.T) {
		d := newDesk(t, session.Env...)
		login := d.login(t, "acme", "--directory", c.origin, "--yes")
		at := newBrowser(t)
		at.open(d.nextURL(t, 0))
		at.signInAs("ZhangSan", "any")
		at.confirm()
		login.succeeds(t)
		d.must(t, "open", "wiki")
		b := newBrowser(t) // has never seen anything
		b.open(d.nextURL(t, 1))
		if user := shows(b); user != zhangsan {
			t.Errorf("signed in as %s, want %s", user, zhangsan)
		}
	})
}
