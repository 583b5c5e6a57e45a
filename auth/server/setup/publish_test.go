package setup_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lanyard/auth/directory"
)

// A plain file server with what was published is a directory: at its own origin, by
// present and old codes, across a change of keys.
func TestPublish(t *testing.T) {
	f := newFixture(t, public, nil)
	report := f.apply(mustFile(t))
	other := oidcFile("direct", "loopback")
	f.apply(other)
	dir := t.TempDir()
	static := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer static.Close()
	out, err := f.Publish(t.Context(), dir, static.URL)
	if err != nil || out.Codes != 2 || len(out.Skipped) != 0 || !out.Expires.After(f.now) {
		t.Fatalf("%+v, %v", out, err)
	}
	r := &directory.Resolver{HTTP: http.DefaultClient, Store: &pins{}, Now: func() time.Time { return f.now }}
	resolve := func(code string) error {
		res, err := r.Resolve(t.Context(), directory.Query{Directory: static.URL, Code: code})
		if err == nil && res.Document.Origin != static.URL {
			t.Errorf("%s: the document says it is of %s", code, res.Document.Origin)
		}
		return err
	}
	for _, code := range []string{"acme", "direct"} {
		if err := resolve(code); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	// The code changes: the old one leads there too. Keys change: who knows the old root
	// believes the new one.
	if err := f.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	renamed := mustFile(t, "code: acme", "id: "+report.ID+"\ncode: topco")
	f.now = f.now.Add(time.Hour)
	f.apply(renamed)
	if out, err = f.Publish(t.Context(), dir, static.URL); err != nil || out.Codes != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, code := range []string{"acme", "topco", "direct"} {
		if err := resolve(code); err != nil {
			t.Errorf("%s after the change: %v", code, err)
		}
	}
	// What is no more is removed; what is not ours stays.
	stale, foreign := directory.Hash("gone")+".jws", "readme.txt"
	for _, name := range []string{stale, foreign} {
		if err := os.WriteFile(filepath.Join(dir, "v1", "enterprises", name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// At our own origin the files are the very answers that the server gives.
	if _, err := f.Publish(t.Context(), dir, public); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "v1", "enterprises", stale)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a stale file is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "v1", "enterprises", foreign)); err != nil {
		t.Error(err)
	}
	for _, code := range []string{"topco", "acme"} {
		path := "/v1/enterprises/" + directory.Hash(code) + ".jws"
		file, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || string(file) != read(t, f.get(path, "192.0.2.1")) {
			t.Errorf("%s: file and answer differ, %v", code, err)
		}
	}
	// Broken off, it leaves no document whose key is not listed.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for id, row := range f.m.connectors {
		row.Document = []byte("{")
		f.m.connectors[id] = row
	}
	if _, err := f.Publish(t.Context(), dir, static.URL); err == nil {
		t.Fatal("broken connectors were published")
	}
	if _, err := os.Stat(filepath.Join(dir, "v1", "keys.jws")); err != nil {
		t.Errorf("the keys come after the documents: %v", err)
	}
	if err := resolve("acme"); err == nil {
		t.Error("a document of another origin is believed")
	}
	for _, origin := range []string{
		"", "login.acme.com", "https://login.acme.com/x", "ftp://login.acme.com",
		"https://Login.acme.com", "https://login.acme.com:443", "https://login.acme.com/", "http://login.acme.com", // which no desktop asks
	} {
		if _, err := f.Publish(t.Context(), dir, origin); err == nil {
			t.Errorf("origin %q was taken", origin)
		}
	}
}
