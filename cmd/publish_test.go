//go:build linux

package cmd_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lanyard/app/local"
)

// TestPublish: the directory as plain files on a host of their own; a desk that knows
// nothing but that host signs in by it, before and after the directory's keys change.
func TestPublish(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1, "")
	dir := t.TempDir()
	static := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer static.Close()
	publish := func() {
		t.Helper()
		r := c.command(t, "publish", dir, "--origin", static.URL).ended(t)
		if r.code != 0 || !strings.Contains(r.out, "1 codes for "+static.URL) {
			t.Fatalf("publish ended with %d: %s%s", r.code, r.out, r.err)
		}
	}
	signIn := func(d *desk) {
		t.Helper()
		login := d.login(t, "acme", "--directory", static.URL, "--yes", "--print-url")
		newWalker().walk(t, login.address(t))
		login.succeeds(t)
		if p := d.state(t).Profile(""); p == nil || p.Phase != local.SignedIn {
			t.Fatalf("signed in: %+v", p)
		}
	}
	publish()
	d := newDesk(t)
	signIn(d)

	r := c.command(t, "keys", "rotate").ended(t)
	if r.code != 0 || !strings.Contains(r.out, "new root key") {
		t.Fatalf("keys rotate ended with %d: %s%s", r.code, r.out, r.err)
	}
	publish()
	d.must(t, "logout")
	signIn(d) // who knows the old root believes the new one by its word

	c.command(t, "publish").ended(t).says(t, 2, "name the folder")
	c.command(t, "publish", dir, "--origin", "codes.acme.com").ended(t).says(t, 1, "origin")
	c.command(t, "publish", filepath.Join(c.dir, "server.yaml")).ended(t).says(t, 1, "publish directory")
}

// TestRotateOpenID: a running server publishes the new keys beside the old ones, which
// sign until everybody knows of it.
func TestRotateOpenID(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1, "")
	keys := c.issuer(t, "acme") + "/keys"
	rotate := func(args ...string) result {
		return c.command(t, append([]string{"keys", "rotate", "--openid"}, args...)...).ended(t)
	}
	if r := rotate("acme"); r.code != 0 || !strings.Contains(r.out, "no key yet") {
		t.Fatalf("before there is a key: %d: %s%s", r.code, r.out, r.err)
	}
	old := fetched(t, keys) // makes it
	r := rotate("acme")
	if r.code != 0 || !strings.Contains(r.out, "They sign from") {
		t.Fatalf("rotate ended with %d: %s%s", r.code, r.out, r.err)
	}
	if strings.Contains(r.out+r.err, "PRIVATE") {
		t.Error("a key is printed")
	}
	rotate("nobody").says(t, 1, `no enterprise has the code "nobody"`)
	rotate("acme", "--saml", "acme").says(t, 2, "one at a time")
	rotate("acme", "--after", "1h").says(t, 2, "goes with --saml")

	// A server that starts now reads them, this one within a minute.
	c.server.stop(t, syscall.SIGTERM)
	c.run(t)
	var before, after struct{ Keys []struct{ Kid string } }
	for at, text := range map[any][]byte{&before: old, &after: fetched(t, keys)} {
		if err := json.Unmarshal(text, at); err != nil {
			t.Fatal(err)
		}
	}
	if len(before.Keys) != 1 || len(after.Keys) != 2 || after.Keys[0] != before.Keys[0] {
		t.Errorf("published %v, before %v", after.Keys, before.Keys)
	}
	d := newDesk(t)
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	newWalker().walk(t, login.address(t))
	login.succeeds(t)
}

// TestRotateSAML: two certificates are published until the second takes over.
func TestRotateSAML(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1, "")
	rotate := func(args ...string) result {
		return c.command(t, append([]string{"keys", "rotate", "--saml"}, args...)...).ended(t)
	}
	r := rotate("acme", "--after", "0")
	if r.code != 0 || !strings.Contains(r.out, "/saml/metadata") || strings.Count(r.out, "signs now") != 1 || strings.Count(r.out, "signs later") != 1 {
		t.Fatalf("rotate ended with %d: %s%s", r.code, r.out, r.err)
	}
	if r = rotate("acme", "--after", "0"); r.code != 0 || !strings.Contains(r.out, "has taken over") || strings.Contains(r.out, "signs later") {
		t.Fatalf("the second time: %d: %s%s", r.code, r.out, r.err)
	}
	if r = rotate("acme"); r.code != 0 || !strings.Contains(r.out, "Its key signs from") {
		t.Fatalf("with a date: %d: %s%s", r.code, r.out, r.err)
	}
	rotate("acme").says(t, 1, "--after 0") // a timer that runs it twice breaks no app
	rotate("nobody").says(t, 1, `no enterprise has the code "nobody"`)
	c.command(t, "keys").ended(t).says(t, 2, "keys rotate")
	if strings.Contains(r.out+r.err, "PRIVATE") {
		t.Error("a key is printed")
	}
}
