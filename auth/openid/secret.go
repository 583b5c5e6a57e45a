package openid

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/oauth2"

	"lanyard/auth"
)

// The ways to show a client's secret (OpenID Connect Core section 9).
const (
	secretBasic = "client_secret_basic"
	secretPost  = "client_secret_post"
)

// WithSecret returns p as a confidential client, which shows secret wherever it asks for
// tokens: by Basic, or in the form where the provider lists only that. A zero secret
// leaves p the public client that it is. The fault is EnterpriseMisconfig where the
// provider takes a secret in neither way.
func (p *Provider) WithSecret(secret auth.Secret) (*Provider, error) {
	if secret.IsZero() {
		return p, nil
	}
	if len(p.authMethods) > 0 && !p.lists(secretBasic) && !p.lists(secretPost) {
		return nil, misconfigured("token_endpoint_auth_methods_supported",
			fmt.Errorf("use provider %s: it takes a secret neither by Basic nor in the form", p.Issuer))
	}
	confidential := *p
	confidential.secret = secret
	return &confidential, nil
}

func (p *Provider) lists(method string) bool { return slices.Contains(p.authMethods, method) }

// inForm reports whether the secret goes into the form. A provider that lists nothing
// takes Basic (OpenID Connect Discovery section 3).
func (p *Provider) inForm() bool { return p.lists(secretPost) && !p.lists(secretBasic) }

// config is the client as x/oauth2 wants it. The style is set because detecting it
// sends a single-use code twice.
func (p *Provider) config() *oauth2.Config {
	style := oauth2.AuthStyleInParams
	if !p.secret.IsZero() && !p.inForm() {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID: p.clientID, ClientSecret: p.secret.Reveal(),
		Endpoint: oauth2.Endpoint{TokenURL: p.TokenEndpoint, AuthStyle: style},
	}
}

// authenticate names the client in a form, or returns the Authorization header that does
// (RFC 6749 section 2.3.1: both parts form-encoded).
func (p *Provider) authenticate(form url.Values) (header string) {
	if !p.secret.IsZero() && !p.inForm() {
		pair := url.QueryEscape(p.clientID) + ":" + url.QueryEscape(p.secret.Reveal())
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	}
	form.Set("client_id", p.clientID)
	if !p.secret.IsZero() {
		form.Set("client_secret", p.secret.Reveal())
	}
	return ""
}
