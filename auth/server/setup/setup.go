package setup

import (
	"log/slog"
	"net/http"
	"sync"

	"lanyard/assets"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
)

// Config is what a Setup needs; all fields are required but OIDC,
// Audiences, Removal, CheckLaunch and Logger.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	Codes       server.Codes
	Connectors  server.Connectors
	Keys        server.Keys
	Clients     server.Clients
	Catalogue   server.Catalogue
	Drafts      server.Drafts // only what the console does needs them
	// Audiences keeps who may open what; nil: a file that says so is refused.
	Audiences server.Audiences
	// Removal deletes connectors; nil: none is.
	Removal server.Removal
	// CheckLaunch says what is wrong with how an app is to be opened, beyond what a file
	// can know: which hosts may be opened by plain http. nil: nothing is.
	CheckLaunch func(server.LaunchSpec) error
	// Engine and OIDC run the connectors that are tested.
	Engine *connector.Engine
	OIDC   *openid.Client
	// LookupsPerMinute is how many unknown codes one address may ask for in a minute;
	// codes that exist count a twentieth. 0 is without limit.
	LookupsPerMinute int
	Logger           *slog.Logger // nil discards
}

// Setup keeps enterprises and serves the directory. It is safe for concurrent use.
type Setup struct {
	cfg   Config
	log   *slog.Logger
	pages *server.Pages
	limit *limiter
	near  suggestions
	keys  keyCache
	// documents are signed documents by enterprise; the store says each time whether one
	// is still the newest.
	documents *recent[string, *document]

	applying sync.Mutex // one Apply at a time
}

// New makes a Setup.
func New(cfg Config) (*Setup, error) {
	pages, err := server.NewPages(assets.SetupPages, "join")
	if err != nil {
		return nil, err
	}
	s := &Setup{
		cfg: cfg, log: cfg.Logger, pages: pages,
		limit: newLimiter(cfg.LookupsPerMinute, cfg.Base.Time),
		near:  suggestions{codes: cfg.Codes, now: cfg.Base.Time},

		documents: newRecent[string](maxDocuments, func(d *document) int { return len(d.raw) }),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Mount registers the directory and the page that an admin hands out.
func (s *Setup) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/enterprises/{file}", s.serveDocument)
	mux.HandleFunc("GET /v1/keys.jws", s.serveKeys)
	mux.HandleFunc("GET /join/{code}", s.join)
	mux.HandleFunc("GET /{$}", s.typed)
	mux.HandleFunc("GET /{code}", s.typed)
}
