package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lanyard/auth"
)

// Grant is what one sign-in lets a client do, from its authorization code (single use, a
// minute) to its last refresh. The code and the tokens themselves are kept nowhere: they
// name the grant and carry our proof, see [Sealer.Token].
type Grant struct {
	ID           string // see [NewID]; random enough to be nobody's guess
	EnterpriseID string
	ClientID     string
	PersonID     string
	// SessionID is the session it hangs on and ends with: the browser's or, once a desktop
	// program has redeemed its code, that program's own.
	SessionID string
	Scope     string
	AuthTime  time.Time

	RedirectURI string
	Challenge   string // PKCE S256
	Nonce       string
	CodeExpires time.Time
	UsedAt      time.Time // when the code was redeemed

	// Generation counts the refresh tokens that the grant has given, one after the other;
	// 0: none. The last is the present one. The one before it stands for the present one
	// until that is used, which makes it the one before: an answer that got lost costs
	// nobody the sign-in.
	Generation     int64
	RefreshExpires time.Time // of the present refresh token
	EndedAt        time.Time
}

// HeldGrant is a grant that stands, with the session it hangs on and the person it speaks of.
type HeldGrant struct {
	Grant
	Session Session
	Person  Person
}

// AccessToken is an opaque access token, as it was read: worth what its grant is worth.
type AccessToken struct {
	HeldGrant
	// Scope is the token's, which may be narrower than the grant's.
	Scope string
	// Audience is AudienceAPI for the desktop client's, AudienceUserinfo for an app's.
	Audience string
}

// The audiences of access tokens: the desktop client's opens /v1, an app's opens
// userinfo and nothing else, one of the three interfaces the user address there.
const (
	AudienceAPI      = "api"
	AudienceUserinfo = "userinfo"
	AudienceThree    = "three"
)

// TokenKind tells what a value that was handed out is for: none is good for another's use.
type TokenKind string

// What is handed out for a grant.
const (
	KindCode    TokenKind = "code"
	KindAccess  TokenKind = "access"
	KindRefresh TokenKind = "refresh"
)

// TokenClaims is what a code or token says to us; to everybody else it is opaque.
type TokenClaims struct {
	Grant      string `json:"g"`
	Generation int64  `json:"n,omitempty"` // of a refresh token
	Audience   string `json:"a,omitempty"` // of an access token, and so are the next two
	Scope      string `json:"s,omitempty"`
	Expires    int64  `json:"x,omitempty"` // Unix time in ms
}

// Token returns the value that says so: the claims and our proof, by the key that lies
// outside the database, that an enterprise's issuer made it. The same claims give the same
// value, which therefore need not be stored to be given again.
func (s *Sealer) Token(kind TokenKind, enterprise string, c TokenClaims) string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("server: " + err.Error()) // strings and numbers
	}
	said := base64.RawURLEncoding.EncodeToString(raw)
	return said + "." + s.tokenProof(kind, enterprise, said)
}

// ReadToken returns what [Sealer.Token] made of, for the same use at the same enterprise.
// Whether it has expired or its grant stands is for the caller to judge.
func (s *Sealer) ReadToken(kind TokenKind, enterprise, value string) (TokenClaims, bool) {
	var c TokenClaims
	const most = 1 << 10
	said, proof, _ := strings.Cut(value, ".")
	if len(value) > most || !auth.NewSecret(proof).Equal(auth.NewSecret(s.tokenProof(kind, enterprise, said))) {
		return c, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(said)
	return c, err == nil && json.Unmarshal(raw, &c) == nil
}

func (s *Sealer) tokenProof(kind TokenKind, enterprise, said string) string {
	return s.Derive("token\n" + string(kind) + "\n" + enterprise + "\n" + said)
}

// NewAccessToken returns an access token for a grant, good for life.
func (b *Base) NewAccessToken(g Grant, audience string, life time.Duration) string {
	return b.Sealer.Token(KindAccess, g.EnterpriseID, TokenClaims{
		Grant: g.ID, Audience: audience, Scope: g.Scope, Expires: b.Time().Add(life).UnixMilli(),
	})
}

// ReadAccessToken returns what an access token of an enterprise is worth now. Of one that
// is not ours, has expired or whose grant stands no more the error is auth.ErrNotFound.
func (b *Base) ReadAccessToken(ctx context.Context, grants Grants, enterprise, value string) (AccessToken, error) {
	said, ok := b.Sealer.ReadToken(KindAccess, enterprise, value)
	if !ok || b.Time().UnixMilli() >= said.Expires {
		return AccessToken{}, fmt.Errorf("read access token: unknown or expired: %w", auth.ErrNotFound)
	}
	held, err := grants.HeldGrant(ctx, enterprise, said.Grant, b.Time())
	if err != nil {
		return AccessToken{}, fmt.Errorf("read access token: %w", err)
	}
	return AccessToken{HeldGrant: held, Scope: said.Scope, Audience: said.Audience}, nil
}
