package openid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Logout is what a provider says by a logout token: that one of its sessions, or all of
// one person's, have ended.
type Logout struct {
	ID        string // jti: a token is taken once
	SessionID string // sid of the id_tokens of that session; empty: all of the person's
	Subject   string // of the person, as in auth.Identity; may be empty beside a SessionID
	Expiry    time.Time
}

// VerifyLogout checks a logout token that was posted to us (OpenID Connect Back-Channel
// Logout 1.0, section 2.6): signature by one of the provider's keys, algorithm, issuer,
// audience, life, the event, and that it is no id_token. That it comes once is the
// caller's to see to. Every refusal is the fault TokenInvalid with the name of the check;
// keys that cannot be fetched are ProviderUnreachable.
func (p *Provider) VerifyLogout(ctx context.Context, raw string) (Logout, error) {
	var h header
	if !decodePart(raw, 0, &h) {
		return Logout{}, invalid("logout_token", errors.New("verify logout token: not a token"))
	}
	if !slices.Contains(p.algs, h.Alg) {
		return Logout{}, invalid("alg", fmt.Errorf("verify logout token: algorithm %q is not accepted", h.Alg))
	}
	if p.keys.address == "" {
		return Logout{}, misconfigured("jwks_uri", errors.New("verify logout token: the provider publishes no keys"))
	}
	token, err := p.verifySignedLogout(ctx, raw, h)
	if err != nil {
		return Logout{}, err
	}
	now := p.now()
	if token.IssuedAt.IsZero() || token.IssuedAt.After(now.Add(skew)) || token.IssuedAt.After(token.Expiry) {
		return Logout{}, invalid("iat", errors.New("verify logout token: no iat, or in the future"))
	}
	l := Logout{ID: token.TokenID, SessionID: token.SessionID, Expiry: token.Expiry}
	if token.Subject == "" {
		return l, nil
	}
	// Where our subject is another claim than sub, a logout token may lack it.
	found := map[string]any{}
	if !decodePart(raw, 1, &found) {
		return Logout{}, invalid("logout_token", errors.New("verify logout token: claims are no object"))
	}
	subject, ok := claims{sources: []map[string]any{found}, paths: p.claims}.find("sub")
	switch {
	case ok:
		l.Subject = subject
	case l.SessionID == "":
		return Logout{}, invalid("sub", errors.New("verify logout token: it names nobody that we know them by"))
	}
	return l, nil
}

// verifySignedLogout is [Provider.verifySigned] for logout tokens.
func (p *Provider) verifySignedLogout(ctx context.Context, raw string, h header) (*oidc.LogoutToken, error) {
	config := &oidc.Config{ClientID: p.clientID, SupportedSigningAlgs: p.algs, Now: p.now}
	for again := false; ; again = true {
		keys, err := p.keys.find(ctx, h, again)
		if err != nil {
			return nil, err
		}
		token, err := oidc.NewVerifier(p.Issuer, &oidc.StaticKeySet{PublicKeys: keys}, config).VerifyLogout(ctx, raw)
		if err == nil {
			return token, nil
		}
		check := p.whyRefused(raw, err)
		if lacks := lacksLogout(raw); check == "signature" && lacks != "" {
			check = lacks
		}
		if again || check != "signature" {
			return nil, invalid(check, fmt.Errorf("verify logout token: %w", err))
		}
	}
}

// lacksLogout names the claim that keeps a token from being a logout token (section 2.4),
// "" for none: an id_token has a nonce and no event.
func lacksLogout(raw string) string {
	var claims struct {
		ID        string                     `json:"jti"`
		Subject   string                     `json:"sub"`
		SessionID string                     `json:"sid"`
		Expiry    any                        `json:"exp"`
		Nonce     any                        `json:"nonce"`
		Events    map[string]json.RawMessage `json:"events"`
	}
	switch {
	case !decodePart(raw, 1, &claims):
		return "logout_token"
	case claims.Events["http://schemas.openid.net/event/backchannel-logout"] == nil:
		return "events"
	case claims.Nonce != nil:
		return "nonce"
	case claims.ID == "":
		return "jti"
	case claims.Expiry == nil:
		return "exp"
	case claims.Subject == "" && claims.SessionID == "":
		return "sub"
	}
	return ""
}
