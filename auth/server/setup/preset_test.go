package setup_test

import (
	"context"
	"net/url"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/connectortest"
	"lanyard/auth/connector/schema"
	"lanyard/auth/openid"
)

// TestOpenIDPresetsConform runs the suite on every shipped preset of kind oidc; those of
// kind steps pass it in auth/connector/schema.
func TestOpenIDPresetsConform(t *testing.T) {
	for preset, vendor := range map[string]func() *connectortest.Vendor{
		"genauth":     connectortest.GenAuth,
		"oidc":        connectortest.OIDC,
		"oidc-broker": connectortest.OIDCConfidential,
	} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			p, err := schema.FindPreset(preset)
			if err != nil {
				t.Fatal(err)
			}
			connectortest.Run(t, p.Connector, vendor, func(s connectortest.Setting) connectortest.Road { return openIDRoad(s) })
		})
	}
}

// openIDRoad is the road of the OpenID client.
type openIDRoad connectortest.Setting

func (r openIDRoad) provider(ctx context.Context) (*openid.Provider, error) {
	p, err := (&openid.Client{HTTP: r.HTTP}).Discover(ctx, r.Connector)
	if err != nil {
		return nil, err
	}
	return p.WithSecret(r.Secrets["client_secret"])
}

func (r openIDRoad) Begin(ctx context.Context) (string, connectortest.Finish, error) {
	p, err := r.provider(ctx)
	if err != nil {
		return "", nil, err
	}
	request := p.AuthorizeRequest(r.Callback, openid.Options{})
	return request.URL, func(ctx context.Context, query url.Values) (*connector.Result, error) {
		back := r.Connector.ReadCallback(query)
		if back.State != request.State.Reveal() {
			return nil, auth.Fail(auth.FlowStale, nil, nil)
		}
		if err := back.Err(); err != nil {
			return nil, err
		}
		got, err := p.Redeem(ctx, request, back.Code)
		id := got.Identity
		return &connector.Result{
			Subject: id.Subject, Tenant: id.Issuer, Name: id.Name, Email: id.Email, Avatar: id.Avatar,
			Groups: got.Groups, Authoritative: got.Authoritative, Tokens: got.Tokens,
		}, err
	}, nil
}

func (r openIDRoad) Belongs(ctx context.Context, result *connector.Result) error {
	p, err := r.provider(ctx)
	if err != nil {
		return err
	}
	tokens, err := p.Refresh(ctx, result.Tokens, auth.Identity{Issuer: p.Issuer, Subject: result.Subject})
	if err == nil {
		result.Tokens = tokens
	}
	return err
}
