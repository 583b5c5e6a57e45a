package catalog

import (
	"log/slog"
	"net/http"

	"lanyard/auth/server"
)

// Config is what a Catalog needs; all fields but AllowHTTP and Logger are required.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	People      server.People
	Sessions    server.Sessions
	Catalogue   server.Catalogue
	Launches    server.Launches
	Gate        server.Gate
	Bearer      server.Bearer
	// AllowHTTP are the hosts whose apps may be opened by plain http; loopback always may.
	AllowHTTP []string
	Logger    *slog.Logger // nil discards
}

// Catalog serves apps, launch links, access links and My apps.
type Catalog struct{ cfg Config }

// New returns a Catalog.
func New(cfg Config) (*Catalog, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Catalog{cfg: cfg}, nil
}

// Mount registers the handlers.
func (c *Catalog) Mount(_ *http.ServeMux) {}
