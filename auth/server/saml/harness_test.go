package saml_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/saml"
	"lanyard/auth/server/servertest"
	"lanyard/auth/words"
)

const (
	acme  = servertest.Acme
	other = servertest.Other
)

// What all tests of the server share, by a short name.
type page = servertest.Page

var must = servertest.Must

// gate is the usual one, which a test can put out of order.
type gate struct {
	*servertest.Gate
	down error // what every look for a session fails by
	lost error // what ending one fails by
}

func (g *gate) End(w http.ResponseWriter, r *http.Request, enterprise string) error {
	if g.lost != nil {
		return g.lost
	}
	return g.Gate.End(w, r, enterprise)
}

func (g *gate) Session(r *http.Request, enterprise string) (server.Session, error) {
	if g.down != nil {
		return server.Session{}, g.down
	}
	return g.Gate.Session(r, enterprise)
}

// world is a provider over a real store, with two enterprises and people.
type world struct {
	*servertest.Site
	gate     *gate
	provider *saml.Provider

	mu       sync.Mutex
	admitted map[string]server.Admission // by app; what is not here is everyone's
	outcomes []string
	due      time.Time // sessions that began before it have to pass the company's page
}

func newWorld(t testing.TB) *world {
	t.Helper()
	site := servertest.New(t)
	w := &world{Site: site, gate: &gate{Gate: site.Gate()}, admitted: map[string]server.Admission{}}
	w.provider = w.instance()
	w.provider.Mount(w.Mux)
	// Open is what the catalogue calls.
	w.Mux.HandleFunc("GET /open/{enterprise}/{app}", func(rw http.ResponseWriter, r *http.Request) {
		app, err := w.Store.App(r.Context(), r.PathValue("enterprise"), r.PathValue("app"))
		if err == nil {
			var session server.Session
			if session, err = w.gate.Session(r, r.PathValue("enterprise")); err == nil {
				err = w.provider.Open(rw, r, app, session)
			}
		}
		if err != nil {
			fail(rw, r, "", err)
		}
	})
	w.Companies()
	// Making a key takes long, most of all with the race detector; other has none.
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ourKey().key)
	must(t, err)
	must(t, w.Store.SaveKey(context.Background(), server.Key{
		ID: "saml-test", EnterpriseID: acme, Use: "saml", Alg: "RS256", Sealed: w.Base.Sealer.Seal(pkcs8, "saml-test"),
		Public: ourKey().cert, CreatedAt: w.Now().Add(-time.Hour),
	}))
	return w
}

// instance is one of several servers on the same store.
func (w *world) instance() *saml.Provider { return w.instanceWith(w.Store) }

func (w *world) instanceWith(keys server.Keys) *saml.Provider {
	p, err := saml.New(saml.Config{
		Base: w.Base, Enterprises: w.Store, People: w.Store, Catalogue: w.Store, Keys: keys, Flows: w.Store,
		Gate: w.gate, Prover: prover{w: w}, Audiences: audiences{w: w},
		Opened: func(_ context.Context, app server.App, _ server.Session, outcome string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outcomes = append(w.outcomes, app.ID+" "+outcome)
		},
		Fail: fail, Pages: assets.SAMLPages, Lang: words.Match, Text: words.T,
		Logger: slog.New(slog.DiscardHandler),
	})
	must(w.T, err)
	return p
}

// fail is the page about an error and, for the test, its cause.
func fail(rw http.ResponseWriter, r *http.Request, enterprise string, err error) {
	servertest.Fail(rw, r, enterprise, err)
	_, _ = io.WriteString(rw, "\n"+err.Error())
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

func (w *world) issuer() string { return w.URL + "/e/" + acme }

// app saves a SAML app of an enterprise.
func (w *world) app(enterprise, id string, sp server.SAML) server.App {
	w.T.Helper()
	launch, err := json.Marshal(server.LaunchSpec{Kind: server.LaunchSAML, SAML: &sp})
	must(w.T, err)
	app := server.App{ID: id, EnterpriseID: enterprise, Title: auth.Text{"en": "App " + id}, Launch: launch, CreatedAt: w.Now(), UpdatedAt: w.Now()}
	must(w.T, w.Store.SaveApp(context.Background(), app))
	return app
}

// zhangsan makes the person that most tests are about.
func (w *world) zhangsan(change ...func(*server.Person)) server.Person {
	w.T.Helper()
	p := server.Person{
		ID: auth.RandomID(), EnterpriseID: acme, Key: server.Hash(auth.RandomID()), Account: "zhangsan", Name: "张三",
		Email: "zhangsan@acme.example", EmailVerified: true, Groups: []string{"dev", "ops"},
		Authoritative: map[string]string{"login": "zhangsan", "number": "00042"},
		CreatedAt:     w.Now(), LastSeen: w.Now(),
	}
	for _, c := range change {
		c(&p)
	}
	p, err := w.Store.UpsertPerson(context.Background(), p)
	must(w.T, err)
	return p
}

// browser asks for responses too.
type browser struct {
	*servertest.Browser
	w *world
}

func (w *world) browser() *browser { return &browser{w.Browser(), w} }

// signIn gives the browser a session of the person.
func (b *browser) signIn(p server.Person) *browser {
	b.w.T.Helper()
	b.SignIn(p)
	return b
}

// open clicks an app.
func (b *browser) open(enterprise, app string) page {
	b.w.T.Helper()
	return b.Get("/open/" + enterprise + "/" + app)
}
