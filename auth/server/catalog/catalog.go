package catalog

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// Config is what a Catalog needs; all but Prover, Openers, Minter, Engine, AllowHTTP and
// Logger is required.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	People      server.People
	Sessions    server.Sessions
	Catalogue   server.Catalogue
	Launches    server.Launches
	Audiences   server.Audiences
	Openings    server.Openings
	SignIns     server.SignIns
	Gate        server.Gate
	Bearer      server.Bearer
	// Prover says whether a person has to pass the company's page first; nil: nobody has.
	Prover server.Prover
	// Openers open the apps of kinds that have a package of their own, by kind.
	Openers map[string]server.Opener
	// Minter makes what apps of the kinds steps and native need of the OpenID provider, and
	// Engine runs the steps; nil: such apps do not open.
	Minter server.Minter
	Engine *connector.Engine
	// Fail answers a person with the page that explains err.
	Fail func(w http.ResponseWriter, r *http.Request, enterprise string, err error)
	// AllowHTTP names the hosts whose apps may be opened by plain http; loopback always may.
	AllowHTTP []string
	Logger    *slog.Logger // nil: discard
}

// Catalog serves apps, launch links, access links and My apps.
type Catalog struct {
	cfg    Config
	log    *slog.Logger
	pages  *server.Pages
	origin *http.CrossOriginProtection
}

// New makes a Catalog.
func New(cfg Config) (*Catalog, error) {
	switch { // they would be missed only when something has gone wrong already
	case cfg.Fail == nil:
		return nil, errors.New("make catalog: no way to tell a person of a failure")
	case cfg.Audiences == nil || cfg.Openings == nil || cfg.SignIns == nil:
		return nil, errors.New("make catalog: nobody says who may open what, or writes down how it went")
	}
	c := &Catalog{cfg: cfg, log: cfg.Logger, origin: http.NewCrossOriginProtection()}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.origin.AddTrustedOrigin(cfg.Base.PublicURL); err != nil {
		return nil, fmt.Errorf("trust own origin: %w", err)
	}
	pages, err := server.NewPages(assets.CatalogPages, "launch", "opening", "apps", "devices", "page")
	if err != nil {
		return nil, err
	}
	c.pages = pages
	return c, nil
}

// Mount registers the handlers, all below an enterprise's issuer.
func (c *Catalog) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /e/{id}/v1/apps", c.apps)
	mux.HandleFunc("GET /e/{id}/v1/icons/{sha256}", c.apiIcon)
	mux.HandleFunc("POST /e/{id}/v1/launches", c.mint)
	mux.HandleFunc("POST /e/{id}/v1/openings/{opening}/asked", c.asked)
	mux.HandleFunc("POST /e/{id}/v1/sign-out", c.apiSignOut)

	mux.HandleFunc("GET /e/{id}/launch/{token}", c.open)
	mux.HandleFunc("GET /e/{id}/launch/{token}/proof", c.proof)
	mux.Handle("POST /e/{id}/launch/{token}/continue", c.sameOrigin(c.goOn))
	mux.HandleFunc("GET /e/{id}/a/{app}", c.access)

	mux.HandleFunc("GET /e/{id}/{$}", c.myApps)
	mux.Handle("POST /e/{id}/openings/{opening}/asked", c.sameOrigin(c.pageAsked))
	mux.HandleFunc("GET /e/{id}/devices", c.devices)
	mux.Handle("POST /e/{id}/devices/{session}/end", c.sameOrigin(c.endDevice))
	mux.HandleFunc("GET /e/{id}/icons/{sha256}", c.pageIcon)
	mux.Handle("POST /e/{id}/sign-out", c.sameOrigin(c.signOut))
	mux.HandleFunc("GET /e/{id}/signed-out", c.signedOut)
}

// sameOrigin lets a form through only from a page of this server.
func (c *Catalog) sameOrigin(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.origin.Check(r); err != nil {
			c.fail(w, r, auth.Fail(auth.NotPermitted, nil, err))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next(w, r)
	})
}

// maxBody bounds every body that is read here; none holds more than a few short values.
const maxBody = 4 << 10

// fail shows err on a page. The page's maker logs the path, which must not tell a
// launch link.
func (c *Catalog) fail(w http.ResponseWriter, r *http.Request, err error) {
	if token := r.PathValue("token"); token != "" {
		address := *r.URL
		address.Path, address.RawPath = strings.Replace(address.Path, token, "-", 1), ""
		r = r.WithContext(r.Context())
		r.URL = &address
	}
	c.cfg.Fail(w, r, r.PathValue("id"), err)
}

// page shows one of our own pages in the look of the enterprise.
func (c *Catalog) page(w http.ResponseWriter, r *http.Request, name string, v server.View) {
	if err := c.pages.Write(w, http.StatusOK, name, v); err != nil {
		c.log.ErrorContext(r.Context(), "page not written", "page", name, "err", err)
	}
}

// enterprise returns the enterprise of the path, or has answered that there is none.
func (c *Catalog) enterprise(w http.ResponseWriter, r *http.Request) (server.Enterprise, bool) {
	e, err := c.cfg.Enterprises.Enterprise(r.Context(), r.PathValue("id"))
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.EnterpriseNone, nil, err)
	}
	if err != nil {
		c.fail(w, r, err)
		return server.Enterprise{}, false
	}
	return e, true
}

// redirect sends the browser on by GET. Nothing of ours goes along: no referrer, no cache.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	w.WriteHeader(http.StatusSeeOther)
}

// path is the path of a page of an enterprise.
func path(enterprise string, parts ...string) string {
	p := "/e/" + url.PathEscape(enterprise)
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	return p
}

// accessLink is the permanent address of an app.
func (c *Catalog) accessLink(enterprise, app string) string {
	return c.cfg.Base.PublicURL + path(enterprise, "a", app)
}

func language(r *http.Request) string { return words.Match(r.Header.Get("Accept-Language")) }
