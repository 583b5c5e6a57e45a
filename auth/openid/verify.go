package openid

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"lanyard/auth"
)

// skew is how far a provider's clock may be ahead of ours; go-oidc uses the same for nbf.
const skew = 5 * time.Minute

// header is what is read of a JWS header before its signature is checked.
type header struct {
	Alg   string `json:"alg"`
	KeyID string `json:"kid"`
}

// idToken is an id_token as it came, with what it is held against.
type idToken struct {
	raw, access string
	nonce       string // empty where the flow has none
	// refreshed says that it came for a refresh token, which may be spent by now. Its times
	// are not held against our clock, which may be wrong: section 12.2 of OpenID Connect Core
	// does not ask for that, and the tokens beside it would be lost.
	refreshed bool
}

// verify checks an id_token (OpenID Connect Core section 3.1.3.7, or 12.2 at a refresh) and
// returns its claims. Every refusal is the fault TokenInvalid with the name of the check.
func (p *Provider) verify(ctx context.Context, t idToken) (*oidc.IDToken, map[string]any, error) {
	var h header
	if !decodePart(t.raw, 0, &h) {
		return nil, nil, invalid("id_token", errors.New("verify id_token: not a token"))
	}
	if !slices.Contains(p.algs, h.Alg) {
		return nil, nil, invalid("alg", fmt.Errorf("verify id_token: algorithm %q is not accepted", h.Alg))
	}
	token, err := p.verifySigned(ctx, t, h)
	if err != nil {
		return nil, nil, err
	}
	var more struct {
		AuthorizedParty string `json:"azp"`
	}
	if err := token.Claims(&more); err != nil {
		return nil, nil, invalid("azp", errors.New("verify id_token: azp is not a text"))
	}
	now := p.now()
	check, failed := "", errors.New("")
	switch {
	case token.Subject == "" || len(token.Subject) > 255:
		check, failed = "sub", errors.New("no subject, or a longer one than 255 characters")
	case t.nonce != "" && subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(t.nonce)) != 1:
		check, failed = "nonce", errors.New("the nonce is not ours")
	case more.AuthorizedParty == "" && len(token.Audience) > 1:
		check, failed = "azp", errors.New("several audiences and no azp")
	case more.AuthorizedParty != "" && more.AuthorizedParty != p.clientID:
		check, failed = "azp", errors.New("issued to another client")
	case token.IssuedAt.IsZero():
		check, failed = "iat", errors.New("no iat")
	case !t.refreshed && token.IssuedAt.After(now.Add(skew)) || token.IssuedAt.After(token.Expiry):
		check, failed = "iat", errors.New("issued in the future")
	case token.AccessTokenHash != "" && token.VerifyAccessToken(t.access) != nil:
		check, failed = "at_hash", errors.New("of another access token")
	}
	if check != "" {
		return nil, nil, invalid(check, fmt.Errorf("verify id_token: %w", failed))
	}
	claims := map[string]any{}
	if !decodePart(t.raw, 1, &claims) {
		return nil, nil, invalid("id_token", errors.New("verify id_token: claims are no object"))
	}
	return token, claims, nil
}

// verifySigned checks signature, issuer, audience and life. Keys that fit the header
// but do not verify may have been replaced under the same name, so the provider is
// asked once more for them.
func (p *Provider) verifySigned(ctx context.Context, t idToken, h header) (*oidc.IDToken, error) {
	config := &oidc.Config{
		ClientID: p.clientID, SupportedSigningAlgs: p.algs, Now: p.now, SkipExpiryCheck: t.refreshed,
	}
	for again := false; ; again = true {
		keys, err := p.keys.find(ctx, h, again)
		if err != nil {
			return nil, err
		}
		token, err := oidc.NewVerifier(p.Issuer, &oidc.StaticKeySet{PublicKeys: keys}, config).Verify(ctx, t.raw)
		if err == nil && token.Issuer == p.Issuer { // go-oidc lets one vendor's other spelling pass
			return token, nil
		}
		check := p.whyRefused(t.raw, err)
		if again || check != "signature" {
			return nil, invalid(check, fmt.Errorf("verify id_token: %w", err))
		}
	}
}

// whyRefused names the check that go-oidc refused a token by.
func (p *Provider) whyRefused(raw string, err error) string {
	var claims struct {
		Issuer    string   `json:"iss"`
		Audience  audience `json:"aud"`
		NotBefore float64  `json:"nbf"`
	}
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return "exp"
	case !decodePart(raw, 1, &claims):
		return "id_token"
	case claims.Issuer != p.Issuer:
		return "iss"
	case !slices.Contains(claims.Audience, p.clientID):
		return "aud"
	case claims.NotBefore > float64(p.now().Add(skew).Unix()):
		return "nbf"
	default:
		return "signature"
	}
}

// audience is one audience or several (RFC 7519 section 4.1.3).
type audience []string

// UnmarshalJSON reads a string or a list of strings.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// decodePart decodes one of the three parts of a compact JWS.
func decodePart(raw string, part int, into any) bool {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		return false
	}
	return decodeJSON(data, into)
}

// decodeJSON decodes one JSON value and keeps numbers as they were written: a tenant's
// id may be longer than a float is exact.
func decodeJSON(data []byte, into any) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into) == nil && !d.More()
}

// invalid is the fault of an answer that failed a check.
func invalid(check string, cause error) error {
	return auth.Fail(auth.TokenInvalid, auth.Args{"check": check}, cause)
}
