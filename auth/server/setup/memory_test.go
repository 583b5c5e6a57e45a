package setup_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
)

const public = "https://login.acme.com"

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// memory is as much of a store as a Setup needs.
type memory struct {
	mu          sync.Mutex
	enterprises map[string]server.Enterprise
	codes       map[string]string // hash → enterprise
	old         map[string][]string
	connectors  map[string]server.Connector
	keys        []server.Key
	clients     map[string]server.Client
	apps        map[string]server.App
	icons       map[string]server.Icon
	writes      int
}

func newMemory() *memory {
	return &memory{
		enterprises: map[string]server.Enterprise{}, codes: map[string]string{}, old: map[string][]string{},
		connectors: map[string]server.Connector{}, clients: map[string]server.Client{},
		apps: map[string]server.App{}, icons: map[string]server.Icon{},
	}
}

func get[V any](m *memory, from map[string]V, key string) (V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := from[key]
	if !ok {
		return v, auth.ErrNotFound
	}
	return v, nil
}

func put[V any](m *memory, into map[string]V, key string, v V) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	into[key] = v
	return nil
}

func list[V any](m *memory, from map[string]V, prefix string) []V {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range from {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	var out []V
	for _, k := range keys {
		out = append(out, from[k])
	}
	return out
}

func (m *memory) Enterprise(_ context.Context, id string) (server.Enterprise, error) {
	return get(m, m.enterprises, id)
}

func (m *memory) EnterpriseByCode(ctx context.Context, hash string) (server.Enterprise, error) {
	id, err := get(m, m.codes, hash)
	if err != nil {
		return server.Enterprise{}, err
	}
	return m.Enterprise(ctx, id)
}

func (m *memory) ListEnterprises(context.Context) ([]server.Enterprise, error) {
	return list(m, m.enterprises, ""), nil
}

func (m *memory) SaveEnterprise(_ context.Context, e server.Enterprise) error {
	if id, err := get(m, m.codes, directory.Hash(e.Code)); err == nil && id != e.ID {
		return auth.ErrConflict
	}
	if was, err := get(m, m.enterprises, e.ID); err == nil && was.Code != e.Code {
		m.old[e.ID] = append(m.old[e.ID], was.Code)
	}
	_ = put(m, m.codes, directory.Hash(e.Code), e.ID)
	return put(m, m.enterprises, e.ID, e)
}

func (m *memory) SaveDocument(ctx context.Context, id string, version int64, jws []byte, expires time.Time) error {
	e, err := m.Enterprise(ctx, id)
	if err != nil {
		return err
	}
	if e.DocumentVersion >= version {
		return auth.ErrConflict
	}
	e.DocumentVersion, e.Document, e.DocumentExpires = version, jws, expires
	return put(m, m.enterprises, id, e)
}

func (m *memory) SignedByCode(ctx context.Context, hash string) (server.Signed, error) {
	e, err := m.EnterpriseByCode(ctx, hash)
	return server.Signed{EnterpriseID: e.ID, Version: e.DocumentVersion, Expires: e.DocumentExpires}, err
}

func (m *memory) CodesOf(ctx context.Context, id string) ([]string, error) {
	e, err := m.Enterprise(ctx, id)
	return append([]string{e.Code}, m.old[id]...), err
}

func (m *memory) PublicCodes(_ context.Context, limit int) ([]string, error) {
	var out []string
	for _, e := range list(m, m.enterprises, "") {
		if e.Public && len(out) < limit {
			out = append(out, e.Code)
		}
	}
	return out, nil
}

func (m *memory) Connector(_ context.Context, id string) (server.Connector, error) {
	return get(m, m.connectors, id)
}

func (m *memory) ConnectorByAppID(_ context.Context, appID string) (server.Connector, error) {
	for _, c := range list(m, m.connectors, "") {
		if c.AppID == appID {
			return c, nil
		}
	}
	return server.Connector{}, auth.ErrNotFound
}

func (m *memory) ActiveConnector(_ context.Context, enterprise string) (server.Connector, error) {
	for _, c := range list(m, m.connectors, "") {
		if c.EnterpriseID == enterprise && c.Active {
			return c, nil
		}
	}
	return server.Connector{}, auth.ErrNotFound
}

func (m *memory) SaveConnector(ctx context.Context, c server.Connector, _ ...server.Draft) error {
	if _, err := m.Enterprise(ctx, c.EnterpriseID); err != nil {
		return err
	}
	return put(m, m.connectors, c.ID, c)
}

func (m *memory) Keys(_ context.Context, enterprise, use string) ([]server.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []server.Key
	for _, k := range m.keys {
		if k.EnterpriseID == enterprise && k.Use == use {
			out = append(out, k)
		}
	}
	return out, nil
}

func (m *memory) SaveKey(_ context.Context, k server.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.keys, func(o server.Key) bool { return o.ID == k.ID }); i >= 0 {
		m.keys[i] = k
	} else {
		m.keys = append(m.keys, k)
	}
	return nil
}

func (m *memory) Client(_ context.Context, enterprise, id string) (server.Client, error) {
	return get(m, m.clients, enterprise+"/"+id)
}

func (m *memory) SaveClient(_ context.Context, c server.Client) error {
	return put(m, m.clients, c.EnterpriseID+"/"+c.ID, c)
}

func (m *memory) ListClients(_ context.Context, enterprise string) ([]server.Client, error) {
	return list(m, m.clients, enterprise+"/"), nil
}

func (m *memory) DeleteClient(_ context.Context, enterprise, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.clients, enterprise+"/"+id)
	return nil
}

func (m *memory) Apps(_ context.Context, enterprise string) ([]server.App, error) {
	apps := list(m, m.apps, enterprise+"/")
	slices.SortFunc(apps, func(a, b server.App) int { return a.Position - b.Position })
	return apps, nil
}

func (m *memory) App(_ context.Context, enterprise, id string) (server.App, error) {
	return get(m, m.apps, enterprise+"/"+id)
}

func (m *memory) SaveApp(_ context.Context, a server.App) error {
	return put(m, m.apps, a.EnterpriseID+"/"+a.ID, a)
}

func (m *memory) DeleteApp(_ context.Context, enterprise, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.apps, enterprise+"/"+id)
	return nil
}

func (m *memory) Icon(_ context.Context, enterprise, sha string) (server.Icon, error) {
	return get(m, m.icons, enterprise+"/"+sha)
}

func (m *memory) SaveIcon(_ context.Context, enterprise string, i server.Icon) error {
	return put(m, m.icons, enterprise+"/"+i.SHA256, i)
}

// fixture is a Setup on a memory with a clock to turn.
type fixture struct {
	*setup.Setup
	t   testing.TB
	m   *memory
	now time.Time
	mux *http.ServeMux

	sealer *server.Sealer
}

func newFixture(t testing.TB, origin string, bend func(*setup.Config)) *fixture {
	t.Helper()
	sealer, err := server.NewSealer(server.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, m: newMemory(), now: start, mux: http.NewServeMux(), sealer: sealer}
	base := &server.Base{PublicURL: origin, Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: func() time.Time { return f.now }}
	cfg := setup.Config{
		Base: base, Enterprises: f.m, Connectors: f.m, Keys: f.m, Clients: f.m, Catalogue: f.m, Codes: f.m,
		Engine: &connector.Engine{HTTP: connector.NewHTTPClient(connector.Policy{Loopback: true})},
	}
	if bend != nil {
		bend(&cfg)
	}
	if f.Setup, err = setup.New(cfg); err != nil {
		t.Fatal(err)
	}
	f.Mount(f.mux)
	return f
}

// get asks the server as a caller at an address would.
func (f *fixture) get(path, from string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = from + ":1234"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	f.mux.ServeHTTP(rec, r)
	return rec.Result()
}

func (f *fixture) apply(file setup.File) setup.Report {
	f.t.Helper()
	report, err := f.Apply(f.t.Context(), file)
	if err != nil {
		f.t.Fatal(err)
	}
	return report
}

// RoundTrip makes the fixture the network of a directory.Resolver.
func (f *fixture) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := f.get(r.URL.RequestURI(), "192.0.2.7")
	resp.Request = r
	return resp, nil
}

func (f *fixture) resolver() *directory.Resolver {
	return &directory.Resolver{HTTP: &http.Client{Transport: f}, Store: &pins{}, Now: func() time.Time { return f.now }}
}

// document is what a desktop gets for a code.
func (f *fixture) document(code string) directory.Document {
	f.t.Helper()
	res, err := f.resolver().Resolve(f.t.Context(), directory.Query{Directory: public, Code: code})
	if err != nil {
		f.t.Fatal(err)
	}
	return res.Document
}

// pins is a directory.Store.
type pins struct{ data map[string][]byte }

func (p *pins) Load(name string) ([]byte, error) {
	if data, ok := p.data[name]; ok {
		return data, nil
	}
	return nil, auth.ErrNotFound
}

func (p *pins) Save(name string, data []byte) error {
	if p.data == nil {
		p.data = map[string][]byte{}
	}
	p.data[name] = data
	return nil
}
