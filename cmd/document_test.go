//go:build linux

package cmd_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// remove takes a file away.
func (s *staticDirectory) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.file, path)
}

// signKeys publishes a key list for the directory's present address.
func (s *staticDirectory) signKeys(t testing.TB, root directory.SigningKey, change func(*directory.KeyList)) {
	t.Helper()
	now := time.Now()
	list := directory.KeyList{
		Schema: directory.KeysSchema, Origin: s.URL, Version: now.Unix(), IssuedAt: now.Unix(),
		ExpiresAt: now.Add(24 * time.Hour).Unix(), Keys: []directory.PublicKey{s.key.PublicKey},
	}
	change(&list)
	signed, err := directory.SignKeys(list, root)
	if err != nil {
		t.Fatal(err)
	}
	s.put("/v1/keys.jws", signed)
}

func newKey(t testing.TB) directory.SigningKey {
	t.Helper()
	key, err := directory.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// foreign is an enterprise whose directory is a folder of files and whose provider lets
// everybody in.
type foreign struct {
	files    *staticDirectory
	provider *authtest.Provider
}

func newForeign(t testing.TB) *foreign {
	t.Helper()
	return &foreign{files: newStaticDirectory(t), provider: authtest.NewProvider(t, authtest.Faults{})}
}

// document is one in which everything is right.
func (f *foreign) document(code string) directory.Document {
	doc := f.files.document(code, f.provider.Issuer)
	doc.Connector.OIDC.ClientID = authtest.ClientID
	return doc
}

// signIn signs a desk in at the enterprise, by its code or, without one, anew.
func (f *foreign) signIn(t testing.TB, d *desk, args ...string) result {
	t.Helper()
	login := d.login(t, append(args, "--yes", "--print-url")...)
	w := newWalker()
	page, at := w.get(t, login.address(t))
	w.submit(t, page, at, nil)
	return login.ended(t)
}

// TestDocuments shows a desk what is wrong with enterprise documents and key lists: it
// names what is wrong, stops before any browser, and signs in by the right one after.
func TestDocuments(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	files := f.files
	rightKeys := files.file["/v1/keys.jws"]
	host := strings.TrimPrefix(files.URL, "http://")
	path := "/v1/enterprises/" + directory.Hash("acme") + ".jws"
	now := time.Now()
	for _, row := range []struct {
		name  string
		spoil func(t *testing.T)
		code  int
		fault auth.Fault
		facts auth.Args
	}{
		{"unknown", func(*testing.T) { files.remove(path) }, 1, auth.CodeUnknown, auth.Args{"code": "acme"}},
		{"no key list", func(*testing.T) { files.remove("/v1/keys.jws") }, 5, auth.DirectoryUnreachable, auth.Args{"host": host}},
		{"expired", func(t *testing.T) {
			doc := f.document("acme")
			doc.IssuedAt, doc.ExpiresAt = now.Add(-48*time.Hour).Unix(), now.Add(-time.Hour).Unix()
			files.serve(t, "acme", doc)
		}, 1, auth.DocumentExpired, auth.Args{"code": "acme"}},
		{"one letter changed", func(t *testing.T) {
			signed := bytes.Clone(files.serve(t, "acme", f.document("acme")))
			signed[len(signed)/2] ^= 1
			files.put(path, signed)
		}, 1, auth.DocumentTampered, nil},
		{"another issuer, the signature kept", func(t *testing.T) {
			right := bytes.Split(files.serve(t, "acme", f.document("acme")), []byte("."))
			evil := f.document("acme")
			evil.Connector.OIDC.Issuer = "https://sso.evil.example"
			wrong := bytes.Split(files.serve(t, "acme", evil), []byte("."))
			files.put(path, bytes.Join([][]byte{right[0], wrong[1], right[2]}, []byte(".")))
		}, 1, auth.DocumentTampered, nil},
		{"of another code", func(t *testing.T) { files.serve(t, "acme", f.document("beta")) }, 1, auth.DocumentTampered, nil},
		{"of another origin", func(t *testing.T) {
			doc := f.document("acme")
			doc.Origin = "https://login.evil.example"
			files.serve(t, "acme", doc)
		}, 1, auth.DocumentTampered, nil},
		{"signed by a key that is not on the list", func(t *testing.T) {
			signed, err := directory.SignDocument(f.document("acme"), newKey(t))
			if err != nil {
				t.Fatal(err)
			}
			files.put(path, signed)
		}, 1, auth.DocumentTampered, nil},
		{"issued in the future", func(t *testing.T) {
			doc := f.document("acme")
			doc.IssuedAt = now.Add(time.Hour).Unix()
			files.serve(t, "acme", doc)
		}, 1, auth.DocumentTampered, nil},
		{"a key list of another origin", func(t *testing.T) {
			files.signKeys(t, newKey(t), func(l *directory.KeyList) { l.Origin = "https://login.evil.example" })
		}, 1, auth.DocumentTampered, nil},
		{"an expired key list", func(t *testing.T) {
			files.signKeys(t, newKey(t), func(l *directory.KeyList) {
				l.IssuedAt, l.ExpiresAt = now.Add(-48*time.Hour).Unix(), now.Add(-time.Hour).Unix()
			})
		}, 1, auth.DocumentExpired, nil},
		{"a web page", func(*testing.T) { files.put(path, []byte("<!doctype html><title>Hotel Wi-Fi</title>")) }, 1, auth.DocumentTampered, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDesk(t)
			files.serve(t, "acme", f.document("acme"))
			row.spoil(t)
			d.run(t, "login", "acme", "--directory", files.URL, "--yes").refused(t, "en", row.code, row.fault, row.facts)
			if s := d.state(t); len(s.Profiles) != 0 || len(d.urls()) != 0 {
				t.Errorf("profiles %+v, browsers %v", s.Profiles, d.urls())
			}
			files.put("/v1/keys.jws", rightKeys)
			files.serve(t, "acme", f.document("acme"))
			if r := f.signIn(t, d, "acme", "--directory", files.URL); r.code != 0 {
				t.Errorf("with the right document: exit code %d: %s", r.code, r.err)
			}
		})
	}

	// An older one than was seen is refused, however right it once was.
	t.Run("rolled back", func(t *testing.T) {
		d := newDesk(t)
		old := f.document("acme")
		next := old
		next.Version++
		files.serve(t, "acme", next)
		if r := f.signIn(t, d, "acme", "--directory", files.URL); r.code != 0 {
			t.Fatalf("exit code %d: %s", r.code, r.err)
		}
		files.serve(t, "acme", old)
		d.run(t, "login", "acme", "--directory", files.URL, "--yes").refused(t, "en", 1, auth.DocumentTampered, nil)
		if p := d.settled(t); p.Phase != local.SignedIn {
			t.Errorf("signed in before, now: %+v", p)
		}
		next.Version++
		files.serve(t, "acme", next)
		if r := f.signIn(t, d, "acme", "--directory", files.URL); r.code != 0 {
			t.Errorf("with a newer document: exit code %d: %s", r.code, r.err)
		}
	})

	// Whoever is enrolled goes on: only a new sign-in needs a document of today.
	t.Run("expired after enrolment", func(t *testing.T) {
		d := newDesk(t, authtest.KeyringSession(t).Env...)
		files.serve(t, "acme", f.document("acme"))
		if r := f.signIn(t, d, "acme", "--directory", files.URL); r.code != 0 {
			t.Fatalf("exit code %d: %s", r.code, r.err)
		}
		doc := f.document("acme")
		doc.Version++
		doc.IssuedAt, doc.ExpiresAt = now.Add(-48*time.Hour).Unix(), now.Add(-time.Hour).Unix()
		files.serve(t, "acme", doc)
		refreshes := f.provider.Count("/token")
		d.must(t, "quit")
		if p := d.settled(t); p.Phase != local.SignedIn || f.provider.Count("/token") == refreshes {
			t.Errorf("after a restart: %+v, %d token requests", p, f.provider.Count("/token")-refreshes)
		}
		if out := d.must(t, "apps"); !strings.Contains(out, "wiki") {
			t.Errorf("apps:\n%s", out)
		}
		d.must(t, "open", "wiki")
		d.must(t, "logout")
		if r := f.signIn(t, d); r.code != 0 {
			t.Errorf("signing in again: exit code %d: %s", r.code, r.err)
		}
		newDesk(t).run(t, "login", "acme", "--directory", files.URL, "--yes").
			refused(t, "en", 1, auth.DocumentExpired, auth.Args{"code": "acme"})
	})
}

// TestPinnedRoot is a directory with a name of its own, by https and a company's proxy:
// the root key of the first sign-in stays the only one that it may speak by.
func TestPinnedRoot(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	files, root := f.files, newKey(t)
	handler := files.Config.Handler
	files.URL = "https://login.acme.example"
	files.signKeys(t, root, func(*directory.KeyList) {})
	files.serve(t, "acme", f.document("acme"))
	d := newDesk(t, proxied(t, handler, "login.acme.example")...)
	if r := f.signIn(t, d, "login.acme.example/acme"); r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}

	other := newKey(t)
	files.signKeys(t, other, func(*directory.KeyList) {})
	d.run(t, "login", "login.acme.example/acme", "--yes").
		refused(t, "en", 1, auth.DocumentPinMismatch, auth.Args{"host": "login.acme.example"})
	if p := d.settled(t); p.Phase != local.SignedIn {
		t.Errorf("signed in before, now: %+v", p)
	}

	// A new root that the old one has signed is the same directory.
	files.signKeys(t, other, func(l *directory.KeyList) {
		rotation, err := directory.SignRotation(files.URL, other.PublicKey, "", root)
		if err != nil {
			t.Fatal(err)
		}
		l.Previous = rotation
	})
	if r := f.signIn(t, d, "login.acme.example/acme"); r.code != 0 {
		t.Errorf("after a rotation: exit code %d: %s", r.code, r.err)
	}

	// What opens the connection to look into it is noticed.
	unknown := newDesk(t, proxied(t, handler, "login.acme.example")[0])
	unknown.run(t, "login", "login.acme.example/acme", "--yes").
		refused(t, "en", 5, auth.ProxyInterferes, auth.Args{"host": "login.acme.example"})
}
