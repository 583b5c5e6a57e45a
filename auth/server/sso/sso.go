package sso

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"

	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
)

// Config is what an SSO needs.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	Connectors  server.Connectors
	People      server.People
	Flows       server.Flows
	Sessions    server.Sessions
	SignIns     server.SignIns
	Logouts     server.Logouts
	// Audiences says who may sign in at all; nil: everybody.
	Audiences server.Audiences
	// Replaced hears that a browser's session has given way to another person's; nil:
	// nobody does.
	Replaced func(ctx context.Context, old, next server.Session)
	Engine   *connector.Engine // runs connectors of kind steps
	OIDC     *openid.Client    // signs in by connectors of kind oidc
	Pages    fs.FS             // layout, style and page
	Logger   *slog.Logger      // nil: discard
}

// SSO signs browsers in. It implements server.Gate, server.Prover and server.Activator.
type SSO struct {
	cfg       Config
	log       *slog.Logger
	pages     *server.Pages
	providers *providers
	asked     asked
	unpacked  unpacked
}

var (
	_ server.Gate      = (*SSO)(nil)
	_ server.Prover    = (*SSO)(nil)
	_ server.Activator = (*SSO)(nil)
)

// New makes an SSO.
func New(cfg Config) (*SSO, error) {
	pages, err := server.NewPages(cfg.Pages, "page")
	if err != nil {
		return nil, err
	}
	s := &SSO{cfg: cfg, log: cfg.Logger, pages: pages, providers: newProviders(cfg)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// The callbacks. Each connector has one of its own, so that an answer meant for one
// cannot be taken for another's; three-interface connectors share an address, the one
// of the seed, and are told apart by the APPID in it.
const (
	ownCallback    = "/c/{connector}/callback"
	sharedCallback = "/oauth/v1/code"
)

// Mount registers the callbacks, the link by APPID and the way to another account.
func (s *SSO) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+linkPath, s.link)
	mux.HandleFunc("GET "+switchPath, s.switchAccount)
	for _, path := range []string{ownCallback, sharedCallback} {
		mux.HandleFunc("GET "+path, s.callback)
		mux.HandleFunc("POST "+path, s.callbackByPost)
	}
	mux.HandleFunc("POST "+ownLogout, s.upstreamLogout)
}
