package console

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Workshop is what the console needs of auth/server/setup. The enterprise of a draft
// need not exist yet. Faults of what an admin typed come as joined errors that have
// their place as "path: message".
type Workshop interface {
	Presets() []server.Preset
	Draft(ctx context.Context, enterprise string) (server.DraftView, error)
	Begun(ctx context.Context) ([]server.DraftView, error)
	StartDraft(ctx context.Context, enterprise, preset string) error
	FillDraft(ctx context.Context, enterprise string, values map[string]string) error
	SetReverify(ctx context.Context, enterprise, reverify string) error
	BeginTrial(ctx context.Context, enterprise string) (string, error)
	FinishTrial(ctx context.Context, enterprise string, callback *url.URL, ours bool) (bool, error)
	PickValues(ctx context.Context, enterprise string, places map[string]string) error
	SaveDraft(ctx context.Context, enterprise string, first server.NewEnterprise) error
	DropDraft(ctx context.Context, enterprise string) error
	Serving(ctx context.Context, enterprise string) (server.ConnectorView, error)
	Previous(ctx context.Context, enterprise string) (server.ConnectorView, error)
	SwitchBack(ctx context.Context, enterprise string) error
	ChangeEnterprise(ctx context.Context, e server.Enterprise) error
	AppsChanged(ctx context.Context, enterprise string) error
	AppPresets() []server.AppPreset
	ViewApp(ctx context.Context, enterprise, id string) (server.AppView, error)
	KeepApp(ctx context.Context, enterprise string, in server.AppInput) (auth.Secret, error)
	Places(ctx context.Context, enterprise string, app server.App) ([]server.AppPreset, error)
	Groups(ctx context.Context, enterprise string) (bool, error)
	Ways(ctx context.Context, enterprise string) (server.ConnectorWays, error)
	SaveWays(ctx context.Context, enterprise string, targets []string, activate server.Activation) error
	RemoveConnector(ctx context.Context, enterprise string) error
}

// Config is what a Console needs; all fields but ReadMetadata, Reaches and Logger are
// required.
type Config struct {
	Base        *server.Base
	Enterprises server.Enterprises
	Codes       server.Codes
	People      server.People
	PeopleList  server.PeopleList
	Sessions    server.Sessions
	SignIns     server.SignInLog
	Catalogue   server.Catalogue
	Clients     server.Clients
	Admins      server.Admins
	Audits      server.Audits
	Workshop    Workshop
	Gate        server.Gate
	Audiences   server.Audiences
	Openings    server.Openings
	Removal     server.Removal
	// Certificates are what SAML answers are signed with.
	Certificates server.Certificates
	// ReadMetadata reads what a SAML service provider says of itself; nil: admins fill the
	// fields by hand.
	ReadMetadata func(xml []byte) (server.SAML, error)
	// Reaches says why this server would not call an address, by the fault
	// auth.InsecureAddress, auth.ProviderUnreachable or another; nil: nobody is warned.
	Reaches func(ctx context.Context, address string) error
	Pages   fs.FS
	Logger  *slog.Logger // nil discards
}

// Console is the admin's pages. It is safe for concurrent use.
type Console struct {
	cfg   Config
	log   *slog.Logger
	pages *pages
	tries *limiter
	// origin lets forms through only from pages of this server.
	origin *http.CrossOriginProtection
	// hashing is held while a password is hashed: each takes 64 MiB.
	hashing chan struct{}
}

// New makes a Console.
func New(cfg Config) (*Console, error) {
	pages, err := newPages(cfg.Pages)
	if err != nil {
		return nil, err
	}
	c := &Console{
		cfg: cfg, log: cfg.Logger, pages: pages, tries: newLimiter(cfg.Base.Time),
		origin: http.NewCrossOriginProtection(), hashing: make(chan struct{}, 1),
	}
	if err := c.origin.AddTrustedOrigin(cfg.Base.PublicURL); err != nil { // a proxy may ask us by another name
		return nil, fmt.Errorf("trust own origin: %w", err)
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Mount registers the console under /admin.
func (c *Console) Mount(mux *http.ServeMux) {
	pages := http.NewServeMux()
	for _, register := range []func(*http.ServeMux){
		c.mountAccess, c.mountCompanies, c.mountHome, c.mountWizard, c.mountSignIns, c.mountPeople, c.mountApps, c.mountApp,
		c.mountLists, c.mountOpenings, c.mountWays, c.mountSettings, c.mountCertificates, c.mountAudit,
	} {
		register(pages)
	}
	pages.HandleFunc("/", c.nowhere)
	mux.Handle("/admin/", c.origin.Handler(pages))
	mux.HandleFunc("GET /admin", func(w http.ResponseWriter, r *http.Request) { seeOther(w, home) })
}
