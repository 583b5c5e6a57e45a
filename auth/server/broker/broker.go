package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Config is what a Broker needs.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	People      server.People
	Sessions    server.Sessions
	Clients     server.Clients
	Grants      server.Grants
	Keys        server.Keys
	Devices     server.DeviceGrants
	Farewells   server.Farewells
	Gate        server.Gate
	// Prover says at a refresh, and of who has not been at the company's page for long,
	// whether a person still belongs; nil asks nobody.
	Prover server.Prover
	// Activator takes the codes of enterprises' own programs; nil: there is no such way in.
	Activator server.Activator
	// HTTP tells apps that a session has ended; it decides where a call may go. Nil: no
	// app is told.
	HTTP *http.Client
	// Audiences says who may open the app of a client; nil: everybody.
	Audiences server.Audiences
	// Back hears that a client has come for a person, who was just sent to it perhaps; nil:
	// nobody does.
	Back func(ctx context.Context, enterprise, person, client string)
	// Fail answers a person with a page where an error cannot be sent to a verified
	// redirect address.
	Fail func(w http.ResponseWriter, r *http.Request, enterprise string, err error)
	// Pages holds layout, style and the pages consent, device, logout and post.
	Pages fs.FS
	// Lang picks the language for an Accept-Language header, Text a text by key.
	Lang   func(accept string) string
	Text   func(lang, key string, args ...string) string
	Logger *slog.Logger // nil: discard
}

// Broker is the OpenID provider. It implements server.Bearer.
type Broker struct {
	cfg    Config
	log    *slog.Logger
	pages  *server.Pages
	keys   *keyring
	origin *http.CrossOriginProtection

	begun, guessed limit // device sign-ins begun, and user codes that nobody has
	// Activations that were refused, by address and by APPID. A good one counts nowhere: a
	// whole company may come from one address.
	refusedHere, refusedFor limit

	woken chan struct{}
}

var _ server.Bearer = (*Broker)(nil)

// New makes a Broker.
func New(cfg Config) (*Broker, error) {
	pages, err := server.NewPages(cfg.Pages, "consent", "device", "logout", "post")
	if err != nil {
		return nil, err
	}
	b := &Broker{
		cfg: cfg, log: cfg.Logger, pages: pages, origin: http.NewCrossOriginProtection(),
		begun: limit{perMinute: 60}, guessed: limit{perMinute: 10},
		refusedHere: limit{perMinute: 30}, refusedFor: limit{perMinute: 300}, woken: make(chan struct{}, 1),
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	// A proxy in front may change the Host header that the protection compares with.
	if err := b.origin.AddTrustedOrigin(cfg.Base.PublicURL); err != nil {
		return nil, err
	}
	b.keys = newKeyring(cfg)
	return b, nil
}

// Mount registers the provider's endpoints.
func (b *Broker) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /e/{enterprise}/.well-known/openid-configuration", b.discovery)
	mux.HandleFunc("GET /e/{enterprise}/keys", b.publishKeys)
	mux.HandleFunc("GET /e/{enterprise}/authorize", b.authorize)
	mux.HandleFunc("POST /e/{enterprise}/authorize", b.consent)
	mux.HandleFunc("POST /e/{enterprise}/token", b.token)
	mux.HandleFunc("GET /e/{enterprise}/userinfo", b.userinfo)
	mux.HandleFunc("POST /e/{enterprise}/userinfo", b.userinfo)
	mux.HandleFunc("POST /e/{enterprise}/revoke", b.revoke)
	mux.HandleFunc("POST /e/{enterprise}/device_authorization", b.deviceAuthorization)
	mux.HandleFunc("GET "+devicePath, b.findDevice)
	mux.HandleFunc("GET /e/{enterprise}/device", b.devicePage)
	mux.HandleFunc("POST /e/{enterprise}/device", b.answerDevice)
	mux.HandleFunc("GET /e/{enterprise}/end-session", b.endSession)
	mux.HandleFunc("POST /e/{enterprise}/end-session", b.confirmEndSession)
	if b.cfg.Activator != nil {
		mux.HandleFunc("GET /oauth/v1/activate", b.offersActivation)
		mux.HandleFunc("POST /oauth/v1/activate", b.activate)
	}
}

// enterprise returns the enterprise that a page's path names, or has answered.
func (b *Broker) enterprise(w http.ResponseWriter, r *http.Request) (server.Enterprise, bool) {
	id := r.PathValue("enterprise")
	e, err := b.cfg.Enterprises.Enterprise(r.Context(), id)
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.EnterpriseNone, nil, err)
	}
	if err != nil {
		b.cfg.Fail(w, r, "", err)
		return e, false
	}
	return e, true
}

// known is [Broker.enterprise] for the documents that programs read. The other
// endpoints need no such look-up: at an issuer that nobody knows, no client, code or
// token is found either.
func (b *Broker) known(w http.ResponseWriter, r *http.Request) (server.Enterprise, bool) {
	id := r.PathValue("enterprise")
	e, err := b.cfg.Enterprises.Enterprise(r.Context(), id)
	if err == nil {
		return e, true
	}
	if errors.Is(err, auth.ErrNotFound) {
		err = &Error{Code: codeInvalidRequest, Description: "no such issuer", Status: http.StatusNotFound}
	}
	b.writeError(w, r, id, err)
	return e, false
}

// client returns a client of the enterprise. The desktop program is one everywhere.
func (b *Broker) client(ctx context.Context, enterprise, id string) (server.Client, error) {
	if id == server.DesktopClient {
		return server.Client{
			ID: id, EnterpriseID: enterprise, Name: "Lanyard", Alg: algES256,
			RedirectURIs: []string{"http://127.0.0.1/callback"},
		}, nil
	}
	c, err := b.cfg.Clients.Client(ctx, enterprise, id)
	if err == nil && c.Three != nil { // it knows neither PKCE nor nonce
		return server.Client{}, fmt.Errorf("client speaks the three interfaces: %w", auth.ErrNotFound)
	}
	return c, err
}
