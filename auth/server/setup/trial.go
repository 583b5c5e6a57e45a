package setup

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

// Trial is a test sign-in at a connector, in three stages: the sign-in page, the token,
// who it is. It makes no session and touches no person; the connector need not be
// stored.
type Trial struct {
	// URL is the first stage: the page to open in a browser. It comes back to the
	// redirect address with a query for [Trial.Finish].
	URL string

	c        *connector.Connector
	request  openid.Request
	exchange func(ctx context.Context, code auth.Secret) (*connector.Result, error)
}

// TestConnector begins a test of a filled connector with its secrets. redirectURI is
// what is registered at the provider.
func (s *Setup) TestConnector(ctx context.Context, c *connector.Connector, secrets map[string]auth.Secret, redirectURI string) (*Trial, error) {
	return s.trial(ctx, c, secrets, openid.Request{
		State: auth.NewSecret(auth.RandomState()), Nonce: auth.NewSecret(auth.RandomState()),
		Verifier: auth.NewSecret(auth.RandomToken()), RedirectURI: redirectURI,
	}, true)
}

// resumeTrial goes on with a test that another request, perhaps at another instance, has
// begun: request is what it kept of it.
func (s *Setup) resumeTrial(ctx context.Context, c *connector.Connector, secrets map[string]auth.Secret, request openid.Request) (*Trial, error) {
	return s.trial(ctx, c, secrets, request, false)
}

func (s *Setup) trial(ctx context.Context, c *connector.Connector, secrets map[string]auth.Secret, request openid.Request, begin bool) (*Trial, error) {
	if c.Kind == connector.KindOIDC {
		return s.trialOIDC(ctx, c, secrets["client_secret"], request, begin)
	}
	run := connector.Run{
		Vars: map[string]string{
			"redirect_uri": request.RedirectURI, "state": request.State.Reveal(), "nonce": request.Nonce.Reveal(),
		},
		Secrets: map[string]auth.Secret{"code_verifier": request.Verifier},
	}
	for name, secret := range secrets {
		run.Secrets[name] = secret
	}
	t := &Trial{c: c, request: request, exchange: func(ctx context.Context, code auth.Secret) (*connector.Result, error) {
		return s.cfg.Engine.Exchange(ctx, c, run, code)
	}}
	if begin {
		var err error
		if t.URL, err = s.cfg.Engine.AuthorizeURL(c, run); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// trialOIDC is a test of an OpenID provider, whose exchange is one stage.
func (s *Setup) trialOIDC(ctx context.Context, c *connector.Connector, secret auth.Secret, request openid.Request, begin bool) (*Trial, error) {
	if s.cfg.OIDC == nil {
		return nil, fmt.Errorf("test connector %q: no OpenID client here", c.ID)
	}
	provider, err := s.cfg.OIDC.Discover(ctx, c)
	if err == nil {
		provider, err = provider.WithSecret(secret)
	}
	if err != nil {
		return nil, err
	}
	if begin {
		request = provider.AuthorizeRequest(request.RedirectURI, openid.Options{})
	}
	return &Trial{URL: request.URL, c: c, request: request, exchange: func(ctx context.Context, code auth.Secret) (*connector.Result, error) {
		began := time.Now()
		got, err := provider.Redeem(ctx, request, code)
		id := got.Identity
		stage := connector.Stage{ID: "token", Request: "POST " + provider.TokenEndpoint, Err: err, Duration: time.Since(began)}
		return &connector.Result{
			Subject: id.Subject, Tenant: id.Issuer, Name: id.Name, Email: id.Email, Avatar: id.Avatar,
			Groups: got.Groups, Authoritative: got.Authoritative, Tokens: got.Tokens, Stages: []connector.Stage{stage},
		}, err
	}}, nil
}

// Finish runs the other stages with what the browser brought back. On failure the
// result still holds the stages up to there, secrets masked.
func (t *Trial) Finish(ctx context.Context, callback url.Values) (*connector.Result, error) {
	answer := t.c.ReadCallback(callback)
	failed := &connector.Result{}
	if !auth.NewSecret(answer.State).Equal(t.request.State) {
		return failed, auth.Fail(auth.FieldMissing, auth.Args{"field": "state", "found": "another or none"}, nil)
	}
	if err := answer.Err(); err != nil {
		return failed, err
	}
	result, err := t.exchange(ctx, answer.Code)
	if result == nil {
		result = failed
	}
	return result, err
}
