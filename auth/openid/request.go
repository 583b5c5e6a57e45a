package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// Options are what one sign-in adds to the authorize request.
type Options struct {
	LoginHint string
	Prompt    string // beats the connector's own prompt
	// MaxAge is how long ago the person may have proved who they are, in whole seconds, and
	// beats the connector's own max_age; nil: any time. The answer then names that time,
	// which prompt=login alone does not oblige a provider to (OpenID Connect Core sections 2
	// and 3.1.2.1), so that [Result].AuthTime can be held against it. Beside prompt=login
	// pass a minute and not 0: some providers (Gluu, Glewlwyd) look again once the person
	// has signed in, and would ask for ever.
	MaxAge    *time.Duration
	UILocales string
	FormPost  bool // ask for response_mode=form_post, if the provider has it
	// Reference tells a Lanyard server the attempt's number, so that its admin finds what
	// the employee reads out; no other provider is told.
	Reference string
}

// ReferenceParam is the authorize parameter that carries [Options].Reference.
const ReferenceParam = "lanyard_reference"

// Request is one authorize request and what its answer must match. Its URL is for the
// browser; state, nonce and challenge in it are no secrets once it is opened, the
// verifier never leaves this program but to the token endpoint.
type Request struct {
	URL         string
	State       auth.Secret
	Nonce       auth.Secret
	Verifier    auth.Secret
	RedirectURI string
}

// ownParams are the authorize parameters that no connector may set: each sign-in's
// safety rests on them.
var ownParams = []string{
	"response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "request", "request_uri",
}

// AuthorizeRequest makes the request that the browser opens, always with PKCE S256
// (RFC 7636), a state of our own and a nonce.
func (p *Provider) AuthorizeRequest(redirectURI string, o Options) Request {
	r := Request{
		State:       auth.NewSecret(auth.RandomState()),
		Nonce:       auth.NewSecret(auth.RandomToken()),
		Verifier:    auth.NewSecret(auth.RandomToken()),
		RedirectURI: redirectURI,
	}
	challenge := sha256.Sum256([]byte(r.Verifier.Reveal()))
	params := []connector.Pair{
		{"response_type", "code"},
		{"client_id", p.clientID},
		{"redirect_uri", redirectURI},
		{"scope", strings.Join(p.scopes, " ")},
		{"state", r.State.Reveal()},
		{"nonce", r.Nonce.Reveal()},
		{"code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:])},
		{"code_challenge_method", "S256"},
		{"login_hint", o.LoginHint},
		{"prompt", o.Prompt},
		{"max_age", maxAge(o.MaxAge)},
		{"ui_locales", o.UILocales},
		{ReferenceParam, o.Reference},
	}
	if o.FormPost && p.FormPost {
		params = append(params, connector.Pair{"response_mode", "form_post"})
	}
	set := map[string]bool{}
	for _, pair := range params {
		set[pair[0]] = pair[1] != ""
	}
	for _, pair := range p.extra {
		if !set[pair[0]] {
			params = append(params, pair)
		}
	}
	r.URL = withParams(p.AuthorizationEndpoint, params)
	return r
}

// maxAge is a parameter of whole seconds, "" for none.
func maxAge(d *time.Duration) string {
	if d == nil {
		return ""
	}
	return strconv.FormatInt(int64(max(*d, 0)/time.Second), 10)
}

// CodeRequest makes the request behind a code that was asked for in another way than by
// the browser (activation): what [Provider.Exchange] needs, and the challenge by which to
// ask, which is its nonce too.
func CodeRequest() (r Request, challenge string) {
	r.Verifier = auth.NewSecret(auth.RandomToken())
	sum := sha256.Sum256([]byte(r.Verifier.Reveal()))
	challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	r.Nonce = auth.NewSecret(challenge)
	return r, challenge
}

// withParams appends the parameters that have a value to an address and leaves the
// query that it already has as it is. A space is %20: not every provider reads "+".
func withParams(address string, params []connector.Pair) string {
	var b strings.Builder
	b.WriteString(address)
	next := byte('?')
	if strings.Contains(address, "?") {
		next = '&'
	}
	for _, pair := range params {
		if pair[1] == "" {
			continue
		}
		b.WriteByte(next)
		b.WriteString(escape(pair[0]))
		b.WriteByte('=')
		b.WriteString(escape(pair[1]))
		next = '&'
	}
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
