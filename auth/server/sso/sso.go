package sso

import (
	"log/slog"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/connector"
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
	Engine      *connector.Engine
	Logger      *slog.Logger // nil: discard
}

// SSO signs browsers in. It implements server.Gate.
type SSO struct {
	cfg Config
	log *slog.Logger
}

var _ server.Gate = (*SSO)(nil)

// New makes an SSO.
func New(cfg Config) *SSO {
	s := &SSO{cfg: cfg, log: cfg.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Mount registers the callbacks.
func (s *SSO) Mount(mux *http.ServeMux) {}

// Session implements server.Gate.
func (s *SSO) Session(r *http.Request, enterprise string) (server.Session, error) {
	return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
}

// Begin implements server.Gate.
func (s *SSO) Begin(w http.ResponseWriter, r *http.Request, enterprise, ret string, opts server.BeginOptions) {
	s.Fail(w, r, enterprise, auth.Fail(auth.NotHere, nil, nil))
}

// Attach implements server.Gate.
func (s *SSO) Attach(w http.ResponseWriter, r *http.Request, session server.Session, cookie auth.Secret) {
}

// End implements server.Gate.
func (s *SSO) End(w http.ResponseWriter, r *http.Request, enterprise string) error { return nil }

// Fail answers with the page that explains err to a person.
func (s *SSO) Fail(w http.ResponseWriter, r *http.Request, enterprise string, err error) {
	http.Error(w, "", http.StatusInternalServerError)
}
