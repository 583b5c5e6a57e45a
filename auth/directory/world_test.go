package directory_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
)

const acme = "https://login.acme.com"

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// world is a network of servers by host, without a network.
type world map[string]http.Handler

func (w world) RoundTrip(req *http.Request) (*http.Response, error) {
	server, ok := w[req.URL.Host]
	if !ok {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: req.URL.Host, IsNotFound: true}}
	}
	if server == nil {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	rec := httptest.NewRecorder()
	server.ServeHTTP(rec, req)
	resp := rec.Result()
	resp.Request = req
	return resp, nil
}

// company is a directory with one enterprise, every part of which a test can bend.
type company struct {
	t         testing.TB
	origin    string
	root, key directory.SigningKey
	list      directory.KeyList
	doc       directory.Document
	date      time.Time
	status    int // 0: serve
	notFound  string
	mediaType string
	// bendKeys and bendDocument change the signed bytes on their way out.
	bendKeys, bendDocument func([]byte) []byte
}

func newKey(t testing.TB) directory.SigningKey {
	t.Helper()
	key, err := directory.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newCompany(t testing.TB, origin, code string) *company {
	key := newKey(t)
	same := func(b []byte) []byte { return b }
	return &company{
		t: t, origin: origin, root: newKey(t), key: key,
		list: directory.KeyList{
			Origin: origin, Version: start.Unix(), IssuedAt: start.Unix(), ExpiresAt: start.Add(directory.MaxLife).Unix(),
			Keys: []directory.PublicKey{key.PublicKey},
		},
		doc:       document(origin, code),
		notFound:  `{"error":"not_found"}`,
		mediaType: "application/jose",
		bendKeys:  same, bendDocument: same,
	}
}

func document(origin, code string) directory.Document {
	return directory.Document{
		Schema: directory.DocumentSchema, Origin: origin, Version: start.Unix(),
		IssuedAt: start.Unix(), ExpiresAt: start.Add(directory.MaxLife).Unix(),
		Enterprise: auth.Enterprise{ID: "e1", Code: code, Name: auth.Text{"en": "Acme"}, Domains: []string{"acme.com"}},
		Codes:      []string{code},
		Connector: connector.Connector{
			Schema: connector.Schema, ID: "c1", Kind: connector.KindOIDC,
			OIDC: &connector.OIDC{Issuer: origin + "/e/e1", ClientID: "lanyard"},
		},
		Workbench: true,
	}
}

func (c *company) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.date.IsZero() {
		w.Header().Set("Date", c.date.Format(http.TimeFormat))
	}
	w.Header().Set("Content-Type", c.mediaType)
	switch {
	case c.status != 0:
		w.WriteHeader(c.status)
	case r.URL.Path == "/v1/keys.jws":
		raw, err := directory.SignKeys(c.list, c.root)
		c.must(err)
		w.Write(c.bendKeys(raw))
	case r.URL.Path == "/v1/enterprises/"+directory.Hash(c.doc.Enterprise.Code)+".jws":
		raw, err := directory.SignDocument(c.doc, c.key)
		c.must(err)
		w.Write(c.bendDocument(raw))
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, c.notFound)
	}
}

func (c *company) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// rotateRoot gives the directory a new root with the old one's word.
func (c *company) rotateRoot() {
	next := newKey(c.t)
	word, err := directory.SignRotation(c.origin, next.PublicKey, c.list.Previous, c.root)
	c.must(err)
	c.root, c.list.Previous = next, word
	c.list.Version++
}

// memory is a Store.
type memory struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (m *memory) Load(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.data[name]
	if !ok {
		return nil, auth.ErrNotFound
	}
	return data, nil
}

func (m *memory) Save(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.data == nil {
		m.data = map[string][]byte{}
	}
	m.data[name] = bytes.Clone(data)
	return nil
}

func (m *memory) copy() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{data: maps.Clone(m.data)}
}

func resolver(w world) *directory.Resolver {
	return &directory.Resolver{
		HTTP: &http.Client{Transport: w}, Store: &memory{},
		Now: func() time.Time { return start.Add(time.Hour) },
	}
}

func host(origin string) string { return origin[strings.Index(origin, "://")+3:] }

// at puts companies on the network.
func at(companies ...*company) world {
	w := world{}
	for _, c := range companies {
		w[host(c.origin)] = c
	}
	return w
}
