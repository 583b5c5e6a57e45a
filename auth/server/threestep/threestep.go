package threestep

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// TokenLife is how long an access token opens /userInfo.
const TokenLife = 5 * time.Minute

const maxQuery = 8 << 10 // of any request here, by address or form

// Config is what a Provider needs.
type Config struct {
	Base    *server.Base
	People  server.People
	Clients server.Clients
	Grants  server.Grants
	Gate    server.Gate
	Prover  server.Prover // nil: nobody has to pass the company's page again
	// Audiences says who may open the apps of a client; nil: everybody of the enterprise.
	Audiences server.Audiences
	// Back hears that an application has come back for a person; nil: nobody does.
	Back func(ctx context.Context, enterprise, person, client string)
	// Fail answers a person with the page that explains err.
	Fail   func(w http.ResponseWriter, r *http.Request, enterprise string, err error)
	Logger *slog.Logger // nil: discard
}

// Provider serves the three interfaces of every enterprise.
type Provider struct {
	cfg Config
	log *slog.Logger
}

// New makes a Provider.
func New(cfg Config) (*Provider, error) {
	if cfg.Fail == nil { // it would be missed only when something has gone wrong already
		return nil, errors.New("make three interfaces: no way to tell a person of a failure")
	}
	p := &Provider{cfg: cfg, log: cfg.Logger}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

// Mount registers the three interfaces. HEAD, which the mux would take for GET, must
// use up no code.
func (p *Provider) Mount(mux *http.ServeMux) {
	for path, answer := range map[string]http.HandlerFunc{
		"GET /e/{id}/three/authorize":    p.authorize,
		"GET /e/{id}/three/accessToken":  p.accessToken,
		"POST /e/{id}/three/accessToken": p.accessToken,
		"GET /e/{id}/three/userInfo":     p.userInfo,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			answer(w, r)
		})
	}
}

// admit returns the fault AppNotYours where a person may not sign in, or may open none of
// the apps that the client is of.
func (p *Provider) admit(ctx context.Context, client server.Client, person server.Person) error {
	if p.cfg.Audiences == nil {
		return nil
	}
	admission, err := p.cfg.Audiences.Admission(ctx, person, "")
	if err == nil && admission.Allowed {
		admission, err = p.cfg.Audiences.ClientAdmission(ctx, person, client.ID)
	}
	if err == nil && !admission.Allowed {
		err = auth.Fail(auth.AppNotYours, auth.Args{"app": client.Name}, nil)
	}
	return err
}
