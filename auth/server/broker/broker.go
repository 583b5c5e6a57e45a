package broker

import (
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"

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
	Gate        server.Gate
	// Fail answers a person with a page where an error cannot be sent to a verified
	// redirect address.
	Fail func(w http.ResponseWriter, r *http.Request, enterprise string, err error)
	// Pages holds consent.html, logout.html, post.html and style.css.
	Pages fs.FS
	// Lang picks the language for an Accept-Language header, Text a text by key.
	Lang   func(accept string) string
	Text   func(lang, key string, args ...string) string
	Logger *slog.Logger // nil: discard
}

// Broker is the OpenID provider. It implements server.Bearer.
type Broker struct {
	cfg   Config
	log   *slog.Logger
	pages *template.Template
}

// New makes a Broker.
func New(cfg Config) (*Broker, error) {
	b := &Broker{cfg: cfg, log: cfg.Logger}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	return b, nil
}

// Mount registers the provider's endpoints.
func (b *Broker) Mount(mux *http.ServeMux) {}

// Bearer implements server.Bearer.
func (b *Broker) Bearer(w http.ResponseWriter, r *http.Request, enterprise, audience string) (server.AccessToken, bool) {
	w.WriteHeader(http.StatusUnauthorized)
	return server.AccessToken{}, false
}
