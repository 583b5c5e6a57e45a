package saml_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/saml"
	"lanyard/auth/server/store"
	"lanyard/auth/words"
)

const (
	acme  = "0a11acme0000000000000000000000aa"
	other = "0b22other000000000000000000000bb"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// gate is server.Gate over the real store: a cookie named after the enterprise. Begin
// sends the browser to the pretend provider and remembers where it is to come back to.
type gate struct {
	base  *server.Base
	store *store.Store

	mu    sync.Mutex
	begun []server.BeginOptions
	ret   string
	down  error // what every look for a session fails by
}

const away = "https://idp.example/authorize"

func (g *gate) Session(r *http.Request, enterprise string) (server.Session, error) {
	g.mu.Lock()
	down := g.down
	g.mu.Unlock()
	if down != nil {
		return server.Session{}, down
	}
	c, err := r.Cookie("sso-" + enterprise)
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	s, err := g.store.SessionByCookie(r.Context(), enterprise, server.Hash(c.Value), g.base.Time())
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, err)
	}
	return s, nil
}

func (g *gate) Begin(w http.ResponseWriter, _ *http.Request, _, ret string, opts server.BeginOptions) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.begun, g.ret = append(g.begun, opts), ret
	w.Header().Set("Location", away)
	w.WriteHeader(http.StatusSeeOther)
}

func (g *gate) Attach(http.ResponseWriter, *http.Request, server.Session, auth.Secret) {}

func (g *gate) End(_ http.ResponseWriter, r *http.Request, enterprise string) error {
	s, err := g.Session(r, enterprise)
	if err != nil {
		return err
	}
	return g.store.EndSession(r.Context(), enterprise, s.ID, g.base.Time())
}

// world is a provider over a real store, with two enterprises and people.
type world struct {
	t        testing.TB
	url      string
	base     *server.Base
	store    *store.Store
	gate     *gate
	clock    *clock
	provider *saml.Provider
	handler  http.Handler

	mu       sync.Mutex
	admitted map[string]server.Admission // by app; what is not here is everyone's
	outcomes []string
	due      time.Time // sessions that began before it have to pass the company's page
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "lanyard.db"))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(t, err)
	c := &clock{now: time.Now().UTC().Truncate(time.Second)}
	base := &server.Base{Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: c.Now}
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	base.PublicURL = listener.URL

	w := &world{
		t: t, url: listener.URL, base: base, store: s, clock: c, handler: mux,
		gate: &gate{base: base, store: s}, admitted: map[string]server.Admission{},
	}
	w.provider = w.instance()
	w.provider.Mount(mux)
	// Open is what the catalogue calls.
	mux.HandleFunc("GET /open/{enterprise}/{app}", func(rw http.ResponseWriter, r *http.Request) {
		app, err := s.App(r.Context(), r.PathValue("enterprise"), r.PathValue("app"))
		if err == nil {
			var session server.Session
			if session, err = w.gate.Session(r, r.PathValue("enterprise")); err == nil {
				err = w.provider.Open(rw, r, app, session)
			}
		}
		if err != nil {
			w.fail(rw, r, "", err)
		}
	})
	for _, id := range []string{acme, other} {
		must(t, s.SaveEnterprise(ctx, server.Enterprise{
			Enterprise: auth.Enterprise{ID: id, Code: id[4:8] + "x", Name: auth.Text{"en": "Acme", "zh": "Acme 科技"}},
			CreatedAt:  c.Now(), UpdatedAt: c.Now(),
		}))
	}
	// Making a key takes long, most of all with the race detector; other has none.
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ourKey().key)
	must(t, err)
	must(t, s.SaveKey(ctx, server.Key{
		ID: "saml-test", EnterpriseID: acme, Use: "saml", Alg: "RS256", Sealed: sealer.Seal(pkcs8, "saml-test"),
		Public: ourKey().cert, CreatedAt: c.Now().Add(-time.Hour),
	}))
	return w
}

// instance is one of several servers on the same store.
func (w *world) instance() *saml.Provider { return w.instanceWith(w.store) }

func (w *world) instanceWith(keys server.Keys) *saml.Provider {
	p, err := saml.New(saml.Config{
		Base: w.base, Enterprises: w.store, People: w.store, Catalogue: w.store, Keys: keys, Flows: w.store,
		Gate: w.gate, Prover: prover{w: w}, Audiences: audiences{w: w},
		Opened: func(_ context.Context, app server.App, _ server.Session, outcome string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outcomes = append(w.outcomes, app.ID+" "+outcome)
		},
		Fail: w.fail, Pages: assets.SAMLPages, Lang: words.Match, Text: words.T,
		Logger: slog.New(slog.DiscardHandler),
	})
	must(w.t, err)
	return p
}

// fail is the page about an error: its fault, its facts and, for the test, the cause.
func (w *world) fail(rw http.ResponseWriter, _ *http.Request, _ string, err error) {
	fault, args := auth.FaultOf(err)
	rw.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(rw, "page: "+string(fault)+": "+args["app"]+args["field"]+args["reason"]+"\n"+err.Error())
}

// audiences are the world's own, beside the interface's part that nobody here uses.
type audiences struct {
	server.Audiences
	w *world
}

func (a audiences) Admission(_ context.Context, _ server.Person, app string) (server.Admission, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if admission, ok := a.w.admitted[app]; ok {
		return admission, nil
	}
	return server.Admission{Allowed: true}, nil
}

// prover is what the company's side says of sessions.
type prover struct {
	server.Prover
	w *world
}

func (p prover) Due(_ context.Context, s server.Session) (bool, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return s.AuthTime.Before(p.w.due), nil
}

func (w *world) issuer() string { return w.url + "/e/" + acme }

// app saves a SAML app of an enterprise.
func (w *world) app(enterprise, id string, sp server.SAML) server.App {
	w.t.Helper()
	launch, err := json.Marshal(server.LaunchSpec{Kind: server.LaunchSAML, SAML: &sp})
	must(w.t, err)
	app := server.App{ID: id, EnterpriseID: enterprise, Title: auth.Text{"en": "App " + id}, Launch: launch, CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now()}
	must(w.t, w.store.SaveApp(context.Background(), app))
	return app
}

// zhangsan makes the person that most tests are about.
func (w *world) zhangsan(change ...func(*server.Person)) server.Person {
	w.t.Helper()
	p := server.Person{
		ID: auth.RandomID(), EnterpriseID: acme, Key: server.Hash(auth.RandomID()), Account: "zhangsan", Name: "张三",
		Email: "zhangsan@acme.example", EmailVerified: true, Groups: []string{"dev", "ops"},
		Authoritative: map[string]string{"login": "zhangsan", "number": "00042"},
		CreatedAt:     w.clock.Now(), LastSeen: w.clock.Now(),
	}
	for _, c := range change {
		c(&p)
	}
	p, err := w.store.UpsertPerson(context.Background(), p)
	must(w.t, err)
	return p
}

// browser is a browser with cookies that follows nothing by itself.
type browser struct {
	w *world
	*http.Client
	session server.Session
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &browser{w: w, Client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signIn gives the browser a session of the person.
func (b *browser) signIn(p server.Person) *browser {
	b.w.t.Helper()
	value, now := auth.RandomToken(), b.w.base.Time()
	b.session = server.Session{
		ID: auth.RandomID(), EnterpriseID: p.EnterpriseID, PersonID: p.ID, CookieHash: server.Hash(value),
		Client: "browser", AuthTime: now, ProvenAt: now, CreatedAt: now, LastSeen: now,
		ExpiresAt: now.Add(b.w.base.Lifetimes.Session),
	}
	must(b.w.t, b.w.store.SaveSession(context.Background(), b.session))
	u, err := url.Parse(b.w.url)
	must(b.w.t, err)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "sso-" + p.EnterpriseID, Value: value, Path: "/"}})
	return b
}

// page is an answer read to its end.
type page struct {
	status int
	header http.Header
	body   string
}

func (b *browser) read(res *http.Response, err error) page {
	b.w.t.Helper()
	must(b.w.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(b.w.t, err)
	return page{status: res.StatusCode, header: res.Header, body: string(body)}
}

// get asks for an address, or a path of this server.
func (b *browser) get(address string) page {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.url + address
	}
	return b.read(b.Get(address))
}

// open clicks an app.
func (b *browser) open(enterprise, app string) page {
	b.w.t.Helper()
	return b.get("/open/" + enterprise + "/" + app)
}
