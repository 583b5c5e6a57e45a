package openid

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// Client finds providers.
type Client struct {
	HTTP   *http.Client
	Now    func() time.Time
	Logger *slog.Logger
}

// Provider is one OpenID provider as its discovery document describes it.
type Provider struct {
	Issuer                string
	AuthorizationEndpoint string
	TokenEndpoint         string
	UserinfoEndpoint      string
	RevocationEndpoint    string
	EndSessionEndpoint    string
	FormPost              bool
	IssParameter          bool
	Date                  time.Time
}

// Options are what one sign-in may add to the authorize request.
type Options struct {
	LoginHint, Prompt, UILocales string
	FormPost                     bool
}

// Request is one authorize request.
type Request struct {
	URL                    string
	State, Nonce, Verifier auth.Secret
	RedirectURI            string
}

var errUnfinished = errors.New("not yet")

// Discover reads the discovery document of conn's issuer.
func (c *Client) Discover(ctx context.Context, conn *connector.Connector) (*Provider, error) {
	return nil, errUnfinished
}

// AuthorizeRequest makes the request that the browser opens.
func (p *Provider) AuthorizeRequest(redirectURI string, o Options) Request { return Request{} }

// Exchange redeems code.
func (p *Provider) Exchange(ctx context.Context, r Request, code auth.Secret) (auth.TokenSet, auth.Identity, error) {
	return auth.TokenSet{}, auth.Identity{}, errUnfinished
}

// Refresh renews t.
func (p *Provider) Refresh(ctx context.Context, t auth.TokenSet, want auth.Identity) (auth.TokenSet, error) {
	return auth.TokenSet{}, errUnfinished
}

// Revoke gives t back.
func (p *Provider) Revoke(ctx context.Context, t auth.TokenSet) error { return errUnfinished }

// EndSessionURL is where the browser ends the provider's session.
func (p *Provider) EndSessionURL(t auth.TokenSet) string { return "" }

// TokenOrigin is the origin of the token endpoint, the only place that a refresh
// token of this provider may be sent to.
func (p *Provider) TokenOrigin() string { return "" }
