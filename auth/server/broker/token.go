package broker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"lanyard/auth/server"
)

// tokens is the answer of the token endpoint (RFC 6749 section 5.1, OpenID Connect
// Core section 3.1.3.3).
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token,omitempty"`
	ID      string `json:"id_token"`
	Scope   string `json:"scope"`
	// NewDevice is ours: see the package comment.
	NewDevice *newDevice `json:"new_device,omitempty"`
}

func (b *Broker) token(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("enterprise")
	form, client, err := b.readRequest(w, r, id)
	if err != nil {
		b.writeError(w, r, id, err)
		return
	}
	var answer tokens
	switch form.Get("grant_type") {
	case "authorization_code":
		answer, err = b.redeem(r, id, client, form)
	case "refresh_token":
		answer, err = b.refresh(r.Context(), id, client, form)
	case deviceGrantType:
		answer, err = b.redeemDevice(r, id, client, form)
	case "":
		err = refuse(codeInvalidRequest, "grant_type is missing")
	default:
		err = refuse(codeUnsupportedGrant, "")
	}
	if err != nil {
		b.writeError(w, r, id, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// accessToken makes an access token for a grant.
func (b *Broker) accessToken(g server.Grant) string {
	audience := server.AudienceUserinfo
	if g.ClientID == server.DesktopClient {
		audience = server.AudienceAPI
	}
	return b.cfg.Base.NewAccessToken(g, audience, b.cfg.Base.Lifetimes.AccessToken)
}

// refreshToken returns the present refresh token of a grant, "" where it has none.
func (b *Broker) refreshToken(g server.Grant) string {
	if g.Generation == 0 {
		return ""
	}
	return b.cfg.Base.Sealer.Token(server.KindRefresh, g.EnterpriseID, server.TokenClaims{Grant: g.ID, Generation: g.Generation})
}

// claims are those of an id_token.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Party    string `json:"azp"`
	Expires  int64  `json:"exp"`
	Issued   int64  `json:"iat"`
	AuthTime int64  `json:"auth_time"`
	Nonce    string `json:"nonce,omitempty"`
	AtHash   string `json:"at_hash,omitempty"`
	Session  string `json:"sid"`
	profile
}

// profile is what a scope shows of a person.
type profile struct {
	Name          string `json:"name,omitempty"`
	Picture       string `json:"picture,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
}

func profileOf(p server.Person, scope string) profile {
	var shown profile
	if hasScope(scope, "profile") {
		shown.Name, shown.Picture = p.Name, p.Avatar
	}
	if hasScope(scope, "email") && p.Email != "" {
		shown.Email, shown.EmailVerified = p.Email, &p.EmailVerified
	}
	return shown
}

// answerTokens makes the answer for a grant: an access token, the id_token beside it,
// signed by the client's algorithm, and the present refresh token if it has one.
func (b *Broker) answerTokens(ctx context.Context, c server.Client, g server.Grant, person server.Person, nonce string) (tokens, error) {
	now, life := b.cfg.Base.Time(), b.cfg.Base.Lifetimes.AccessToken
	access := b.accessToken(g)
	alg := c.Alg
	if alg == "" {
		alg = algES256
	}
	id, err := b.keys.sign(ctx, g.EnterpriseID, alg, claims{
		Issuer: b.cfg.Base.Issuer(g.EnterpriseID), Subject: g.PersonID, Audience: c.ID, Party: c.ID,
		Expires: now.Add(life).Unix(), Issued: now.Unix(), AuthTime: g.AuthTime.Unix(),
		Nonce: nonce, AtHash: atHash(access), Session: g.SessionID,
		profile: profileOf(person, g.Scope),
	})
	if err != nil {
		return tokens{}, err
	}
	return tokens{
		Access: access, Type: "Bearer", Expires: int64(life / time.Second),
		Refresh: b.refreshToken(g), ID: id, Scope: g.Scope,
	}, nil
}

// atHash is half of the access token's SHA-256 (OpenID Connect Core section 3.1.3.6);
// both of our algorithms use that hash.
func atHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
