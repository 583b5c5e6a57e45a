package saml

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Config is what a Provider needs.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	People      server.People
	Catalogue   server.Catalogue
	Keys        server.Keys
	// Flows keeps which requests have been answered, so that none is answered twice.
	Flows server.Flows
	Gate  server.Gate
	// Prover says whether a person has to pass the company's page first; nil: nobody has.
	Prover server.Prover
	// Audiences says who may open an app; nil: everybody, and nobody's assignment carries
	// values.
	Audiences server.Audiences
	// Opened is told what became of an opening (server.OpeningPosted and its like); may be nil.
	Opened func(ctx context.Context, app server.App, s server.Session, outcome string)
	// Fail answers a person with the page that explains err.
	Fail func(w http.ResponseWriter, r *http.Request, enterprise string, err error)
	// AllowHTTP names the hosts that may be posted to by plain http; loopback always may.
	AllowHTTP []string
	// Pages holds layout, style and the page post.
	Pages fs.FS
	// Lang picks the language for an Accept-Language header, Text a text by key.
	Lang   func(accept string) string
	Text   func(lang, key string, args ...string) string
	Logger *slog.Logger // nil: discard
}

// Provider is the SAML identity provider. It implements server.Opener.
type Provider struct {
	cfg   Config
	log   *slog.Logger
	pages *server.Pages
	keys  *keyring
}

var _ server.Opener = (*Provider)(nil)

// New makes a Provider.
func New(cfg Config) (*Provider, error) {
	if cfg.Fail == nil { // it would be missed only when something has gone wrong already
		return nil, errors.New("make SAML provider: no way to tell a person of a failure")
	}
	pages, err := server.NewPages(cfg.Pages, "post")
	if err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, log: cfg.Logger, pages: pages, keys: newKeyring(cfg.Keys, cfg.Base)}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

// Mount registers the provider's endpoints, all below an enterprise's issuer.
func (p *Provider) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /e/{enterprise}/saml/metadata", p.metadata)
	mux.HandleFunc("GET /e/{enterprise}/saml/sso", p.serve)
	mux.HandleFunc("POST /e/{enterprise}/saml/sso", p.serve)
	mux.HandleFunc("GET /e/{enterprise}/saml/continue", p.proceed)
	mux.HandleFunc("GET /e/{enterprise}/saml/logout", p.logout)
	mux.HandleFunc("POST /e/{enterprise}/saml/logout", p.logout)
	mux.HandleFunc("GET /e/{enterprise}/saml/signed-out", p.signedOut)
}

// The life of an assertion. A service provider must take it at once; the rest is for
// clocks that differ.
const (
	assertionLife = 5 * time.Minute
	clockSkew     = time.Minute
)

// EntityID is the name of an enterprise's identity provider and where its metadata is.
func EntityID(b *server.Base, enterprise string) string {
	return b.Issuer(enterprise) + "/saml/metadata"
}

func (p *Provider) ssoAddress(enterprise string) string {
	return p.cfg.Base.Issuer(enterprise) + "/saml/sso"
}

func (p *Provider) logoutAddress(enterprise string) string {
	return p.cfg.Base.Issuer(enterprise) + "/saml/logout"
}

// fail shows err on a page.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, enterprise string, err error) {
	p.cfg.Fail(w, r, enterprise, err)
}

func (p *Provider) lang(r *http.Request) string { return p.cfg.Lang(r.Header.Get("Accept-Language")) }

// opened tells what became of an opening.
func (p *Provider) opened(ctx context.Context, app server.App, s server.Session, outcome string) {
	if p.cfg.Opened != nil {
		p.cfg.Opened(ctx, app, s, outcome)
	}
}

// enterprise returns the enterprise of the path, or has answered that there is none.
func (p *Provider) enterprise(w http.ResponseWriter, r *http.Request) (server.Enterprise, bool) {
	e, err := p.cfg.Enterprises.Enterprise(r.Context(), r.PathValue("enterprise"))
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.EnterpriseNone, nil, err)
	}
	if err != nil {
		p.fail(w, r, "", err)
		return server.Enterprise{}, false
	}
	return e, true
}
