package authtest

import (
	"crypto/sha256"
	"crypto/sha512"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard/auth"
)

// token answers the token endpoint (RFC 6749 sections 4.1.3 and 6).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isClient(r) {
		OAuthError(http.StatusUnauthorized, "invalid_client", "")(w, r)
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		p.redeem(w, r)
	case "refresh_token":
		p.renew(w, r)
	case "urn:ietf:params:oauth:grant-type:device_code":
		p.redeemDevice(w, r)
	default:
		OAuthError(http.StatusBadRequest, "unsupported_grant_type", "")(w, r)
	}
}

// isClient reports whether a request authenticates as the client in the one way that it
// is registered with (RFC 6749 section 2.3: never in two).
func (p *Provider) isClient(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	form := r.PostForm
	switch {
	case p.Secret == "":
		return !basic && form.Get("client_id") == ClientID && !form.Has("client_secret")
	case p.SecretInForm:
		return !basic && form.Get("client_id") == ClientID && form.Get("client_secret") == p.Secret
	}
	// Both parts are form-encoded (section 2.3.1).
	secret, err := url.QueryUnescape(secret)
	return err == nil && basic && id == ClientID && secret == p.Secret && !form.Has("client_secret")
}

// redeem takes a code, once, and its verifier (RFC 7636 section 4.6).
func (p *Provider) redeem(w http.ResponseWriter, r *http.Request) {
	code := r.PostForm.Get("code")
	g, found := p.codes[code]
	delete(p.codes, code)
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !found || g.redirectURI != r.PostForm.Get("redirect_uri") ||
		g.challenge != encode(sum[:]) {
		// The description repeats what was sent, as careless providers do.
		OAuthError(http.StatusBadRequest, "invalid_grant", "no such code: "+code)(w, r)
		return
	}
	p.issue(w, g, "")
}

// renew takes a refresh token, once unless it is not rotated.
func (p *Provider) renew(w http.ResponseWriter, r *http.Request) {
	old := r.PostForm.Get("refresh_token")
	g, found := p.refresh[old]
	if !found {
		OAuthError(http.StatusBadRequest, "invalid_grant", "no such refresh token: "+old)(w, r)
		return
	}
	g.nonce = "" // OpenID Connect Core section 12.2
	p.issue(w, g, old)
}

// issue answers a set of tokens; old is the refresh token that it replaces.
func (p *Provider) issue(w http.ResponseWriter, g grant, old string) {
	access := auth.RandomToken()
	p.access[access] = true
	answer := map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": 3600,
		"scope": g.scope, "id_token": p.idToken(g.nonce, access),
	}
	if !p.faults.NoRotation || old == "" {
		next := auth.RandomToken()
		delete(p.refresh, old)
		p.refresh[next] = g
		answer["refresh_token"] = next
	}
	if p.faults.Token != nil {
		p.faults.Token(answer)
	}
	answerJSON(w, http.StatusOK, answer)
}

func (p *Provider) idToken(nonce, access string) string {
	claims := maps.Clone(p.User)
	now := p.now()
	maps.Copy(claims, map[string]any{
		"iss": p.Issuer, "aud": ClientID, "azp": ClientID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "at_hash": accessHash(p.faults.Alg, access),
	})
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if p.faults.Claims != nil {
		p.faults.Claims(claims)
	}
	return p.keys.sign(claims, p.faults)
}

// accessHash is the at_hash of an access token: half of its hash by the algorithm's
// own hash function (OpenID Connect Core section 3.1.3.6), SHA-512 for Ed25519.
func accessHash(alg, access string) string {
	if alg == "EdDSA" {
		sum := sha512.Sum512([]byte(access))
		return encode(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(access))
	return encode(sum[:len(sum)/2])
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	access, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !p.access[access] {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		OAuthError(http.StatusUnauthorized, "invalid_token", "")(w, r)
		return
	}
	claims := maps.Clone(p.User)
	if p.faults.Userinfo != nil {
		p.faults.Userinfo(claims)
	}
	answerJSON(w, http.StatusOK, claims)
}

// revoke answers 200 whatever the token is (RFC 7009 section 2.2).
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isClient(r) {
		OAuthError(http.StatusUnauthorized, "invalid_client", "")(w, r)
		return
	}
	delete(p.refresh, r.PostForm.Get("token"))
	delete(p.access, r.PostForm.Get("token"))
}
