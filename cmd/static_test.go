//go:build linux

package cmd_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
)

// staticDirectory is a directory of plain signed files: no server of ours answers for
// it. A test may put any file in any place.
type staticDirectory struct {
	*httptest.Server
	key  directory.SigningKey
	mu   sync.Mutex
	file map[string][]byte
}

func newStaticDirectory(t testing.TB) *staticDirectory {
	t.Helper()
	s := &staticDirectory{file: map[string][]byte{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		data, ok := s.file[r.URL.Path]
		s.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jose")
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	root, err := directory.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	if s.key, err = directory.NewSigningKey(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	keys, err := directory.SignKeys(directory.KeyList{
		Schema: directory.KeysSchema, Origin: s.URL, Version: now.Unix(), IssuedAt: now.Unix(),
		ExpiresAt: now.Add(24 * time.Hour).Unix(), Keys: []directory.PublicKey{s.key.PublicKey},
	}, root)
	if err != nil {
		t.Fatal(err)
	}
	s.put("/v1/keys.jws", keys)
	return s
}

func (s *staticDirectory) put(path string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file[path] = data
}

// serve signs a document and serves it under the code asked for.
func (s *staticDirectory) serve(t testing.TB, code string, doc directory.Document) []byte {
	t.Helper()
	signed, err := directory.SignDocument(doc, s.key)
	if err != nil {
		t.Fatal(err)
	}
	s.put("/v1/enterprises/"+directory.Hash(code)+".jws", signed)
	return signed
}

// document describes an enterprise whose provider the desktop signs in at by itself.
func (s *staticDirectory) document(code, issuer string) directory.Document {
	now := time.Now()
	return directory.Document{
		Schema: directory.DocumentSchema, Origin: s.URL, Version: now.Unix(),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(24 * time.Hour).Unix(),
		Enterprise: auth.Enterprise{ID: "e-" + code, Code: code, Name: auth.Text{"en": "Foreign Ltd", "zh": "外企"}},
		Codes:      []string{code},
		Connector: connector.Connector{
			Schema: connector.Schema, ID: "foreign", Kind: connector.KindOIDC,
			Redirect: connector.Redirect{Via: "loopback"},
			OIDC: &connector.OIDC{
				Issuer: issuer, ClientID: "lanyard",
				Scopes: []string{"openid", "profile", "email", "offline_access"},
				Extra:  []connector.Pair{{"prompt", "consent"}},
			},
		},
		Apps: []auth.App{{ID: "wiki", Title: auth.Text{"en": "Wiki"}, URL: issuer + "/.well-known/openid-configuration"}},
	}
}
