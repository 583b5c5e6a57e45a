package openid

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// Client finds providers.
type Client struct {
	// HTTP makes every call but the browser's own; it decides where a call may go. Nil
	// is connector.NewHTTPClient without exceptions.
	HTTP *http.Client
	// AllowHTTP are hosts whose endpoints may be plain http, beside this machine's own.
	AllowHTTP []string
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: discard
}

// Provider is one OpenID provider as its discovery document describes it, and the
// client of one connector towards it. It is safe for concurrent use and keeps the
// provider's keys; whoever holds it need not discover again.
type Provider struct {
	Issuer                string
	AuthorizationEndpoint string
	TokenEndpoint         string
	UserinfoEndpoint      string // empty: none
	RevocationEndpoint    string // empty: none
	DeviceEndpoint        string // RFC 8628; empty: none
	// FormPost says that the callback may come as a form (response_mode=form_post).
	FormPost bool
	// IssParameter says that every callback names its issuer (RFC 9207).
	IssParameter bool
	// Date is the provider's clock when it was asked, zero where it did not say.
	Date time.Time

	clientID     string
	secret       auth.Secret // zero: a public client
	authMethods  []string    // of the token endpoint
	scopes       []string
	extra        []connector.Pair
	algs         []string
	claims       map[string]connector.Paths
	trusted      []string // names of claims that other systems may trust
	expect       map[string]string
	userinfoOnly bool

	http *http.Client
	keys *keySet
	now  func() time.Time
	log  *slog.Logger
}

// document is what is read of a discovery document (OpenID Connect Discovery section
// 3, RFC 8414, RFC 9207, RFC 8628).
type document struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`
	KeysEndpoint          string   `json:"jwks_uri"`
	ResponseModes         []string `json:"response_modes_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported"`
}

// defaultAlgs are the signatures accepted where a connector names none.
var defaultAlgs = []string{"RS256", "ES256", "EdDSA"}

// knownAlgs are the signatures that a connector may name: those with a public key.
// Whoever can check HS256 can also sign with it, and none proves nothing.
var knownAlgs = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// Discover reads the discovery document of conn's issuer, which must name exactly
// that issuer, and checks that all its endpoints are https or on this machine.
//
// It returns the faults ProviderUnreachable and ProxyInterferes where it gets no
// answer, AnswerNotData where the answer is no discovery document, InsecureAddress and
// EnterpriseMisconfig where the document or the connector cannot be used, and
// SignInCanceled where ctx was canceled.
func (c *Client) Discover(ctx context.Context, conn *connector.Connector) (*Provider, error) {
	p, err := c.provider(conn)
	if err != nil {
		return nil, err
	}
	address := conn.OIDC.Discovery
	if address == "" {
		address = strings.TrimSuffix(conn.OIDC.Issuer, "/") + "/.well-known/openid-configuration"
	}
	a, err := p.get(ctx, address, "")
	if err != nil {
		return nil, unreachable(ctx, "discover "+conn.OIDC.Issuer, address, err)
	}
	var doc document
	if err := a.decode(&doc); err != nil {
		return nil, a.fault("discovery", err)
	}
	if doc.Issuer != conn.OIDC.Issuer {
		return nil, misconfigured("issuer", fmt.Errorf("discover %s: the document is of issuer %q", conn.OIDC.Issuer, doc.Issuer))
	}
	p.Date = a.date
	if err := p.adopt(doc, conn.OIDC.Fallback); err != nil {
		return nil, err
	}
	policy := connector.Policy{Loopback: true, AllowHTTP: c.AllowHTTP}
	for _, e := range p.endpoints() {
		if err := checkEndpoint(policy, e); err != nil {
			return nil, err
		}
	}
	p.log.DebugContext(ctx, "provider discovered", "issuer", p.Issuer)
	return p, nil
}

// provider makes a Provider of what the connector says.
func (c *Client) provider(conn *connector.Connector) (*Provider, error) {
	o := conn.OIDC
	if conn.Kind != connector.KindOIDC || o == nil || o.Issuer == "" || o.ClientID == "" {
		return nil, misconfigured("oidc", fmt.Errorf("use connector %q: it has no issuer or client_id", conn.ID))
	}
	p := &Provider{
		Issuer: o.Issuer, clientID: o.ClientID, scopes: o.Scopes, algs: o.Algs,
		claims: conn.Claims, trusted: conn.Authoritative, expect: conn.Expect, userinfoOnly: o.IDToken == "userinfo-only",
		http: direct(c.HTTP), now: c.Now, log: c.Logger,
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if len(p.scopes) == 0 {
		p.scopes = []string{"openid", "profile", "email", "offline_access"}
	}
	if len(p.algs) == 0 {
		p.algs = defaultAlgs
	}
	for _, alg := range p.algs {
		if !slices.Contains(knownAlgs, alg) {
			return nil, misconfigured("algs", fmt.Errorf("use connector %q: algorithm %q is not accepted", conn.ID, alg))
		}
	}
	for _, pair := range o.Extra {
		if slices.Contains(ownParams, pair[0]) {
			return nil, misconfigured("extra", fmt.Errorf("use connector %q: extra parameter %q is not its to set", conn.ID, pair[0]))
		}
		if pair[1] != "" {
			p.extra = append(p.extra, pair)
		}
	}
	return p, nil
}

// adopt takes the endpoints over from the document, and those that it lacks from the
// connector's fallback.
func (p *Provider) adopt(doc document, fallback map[string]string) error {
	var keys string
	for _, e := range []struct {
		name     string
		found    string
		into     *string
		required bool
	}{
		{"authorization_endpoint", doc.AuthorizationEndpoint, &p.AuthorizationEndpoint, true},
		{"token_endpoint", doc.TokenEndpoint, &p.TokenEndpoint, true},
		{"userinfo_endpoint", doc.UserinfoEndpoint, &p.UserinfoEndpoint, p.userinfoOnly},
		{"jwks_uri", doc.KeysEndpoint, &keys, !p.userinfoOnly},
		{"revocation_endpoint", doc.RevocationEndpoint, &p.RevocationEndpoint, false},
		{"device_authorization_endpoint", doc.DeviceEndpoint, &p.DeviceEndpoint, false},
	} {
		if *e.into = e.found; e.found == "" {
			*e.into = fallback[e.name]
		}
		if *e.into == "" && e.required {
			return misconfigured(e.name, fmt.Errorf("discover %s: no %s", p.Issuer, e.name))
		}
	}
	p.keys = &keySet{address: keys, get: p.get, now: p.now, turn: make(chan struct{}, 1)}
	p.FormPost = slices.Contains(doc.ResponseModes, "form_post")
	p.IssParameter = doc.IssParameter
	p.authMethods = doc.AuthMethods
	return nil
}

// endpoints are all addresses that were discovered.
func (p *Provider) endpoints() []string {
	return slices.DeleteFunc([]string{
		p.AuthorizationEndpoint, p.TokenEndpoint, p.UserinfoEndpoint, p.RevocationEndpoint, p.DeviceEndpoint, p.keys.address,
	}, func(s string) bool { return s == "" })
}

// checkEndpoint refuses an address that may not be opened or called: not https nor on
// this machine, or with a host beyond ASCII, for people are shown the host that opens
// and look-alike letters must not deceive them.
func checkEndpoint(policy connector.Policy, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return misconfigured("endpoint", fmt.Errorf("read endpoint: not an address"))
	}
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return misconfigured("endpoint", fmt.Errorf("read endpoint: host %q is not ASCII", u.Host))
	}
	if u.Fragment != "" {
		return misconfigured("endpoint", fmt.Errorf("read endpoint of %s: it has a fragment", u.Host))
	}
	return policy.CheckURL(u)
}

// TokenOrigin is the origin of the token endpoint: the only place to which a refresh
// token of this provider may go.
func (p *Provider) TokenOrigin() string {
	u, err := url.Parse(p.TokenEndpoint)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// misconfigured is the fault of an enterprise whose set-up cannot be used; reason is
// the name of what is wrong.
func misconfigured(reason string, cause error) error {
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": reason}, cause)
}
