package connector

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"lanyard/auth"
)

// Engine runs the steps of connectors.
type Engine struct {
	HTTP   *http.Client     // see [NewHTTPClient]
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discard
}

// Run holds the values of one run that the connector itself does not know.
type Run struct {
	Vars    map[string]string // redirect_uri, state, login_hint, …
	Secrets map[string]auth.Secret
}

// Result is what a sign-in gave.
type Result struct {
	Subject, Tenant, Name, Email, Avatar string
	Groups                               []string
	Authoritative                        map[string]string
	Tokens                               auth.TokenSet
	Kept                                 map[string]auth.Secret
	Stages                               []Stage
}

// Stage is one step as the admin sees it.
type Stage struct {
	ID              string
	Request, Answer string // secrets masked
	Err             error
	Duration        time.Duration
}

// AuthorizeURL returns the address that the browser is sent to.
func (e *Engine) AuthorizeURL(c *Connector, run Run) (string, error) {
	return "", auth.Fail(auth.NotHere, nil, nil)
}

// Exchange runs the steps of a sign-in.
func (e *Engine) Exchange(ctx context.Context, c *Connector, run Run, code auth.Secret) (*Result, error) {
	return nil, auth.Fail(auth.NotHere, nil, nil)
}

// Run runs any list of steps.
func (e *Engine) Run(ctx context.Context, c *Connector, steps []Step, run Run) (map[string]string, []Stage, error) {
	return nil, nil, auth.Fail(auth.NotHere, nil, nil)
}

// Apps runs the connector's app list.
func (e *Engine) Apps(ctx context.Context, c *Connector, run Run) ([]auth.App, error) {
	return nil, auth.Fail(auth.NotHere, nil, nil)
}
