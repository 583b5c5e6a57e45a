package catalog_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// minter makes id_tokens (RS256) and codes for the clients "console" and "cad".
type minter struct {
	w     *world
	key   *rsa.PrivateKey
	codes int
}

var minterKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newMinter(t testing.TB, w *world) *minter {
	key, err := minterKey()
	must(t, err)
	return &minter{w: w, key: key}
}

func (m *minter) IDToken(_ context.Context, s server.Session, client string) (auth.Secret, error) {
	if client != "console" {
		return auth.Secret{}, fmt.Errorf("client %s: %w", client, auth.ErrNotFound)
	}
	return auth.NewSecret(m.sign(m.w.issuer(s.EnterpriseID), client, s.PersonID, m.w.Now().Add(time.Minute))), nil
}

func (m *minter) sign(issuer, audience, subject string, expires time.Time) string {
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString(raw(v)) }
	text := part(map[string]string{"alg": "RS256"}) + "." + part(map[string]any{"iss": issuer, "aud": audience, "sub": subject, "exp": expires.Unix()})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, m.key, crypto.SHA256, sum[:])
	must(m.w.T, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// subject returns whom a token is about, if its signature, issuer, audience and time are
// what a strict relying party wants.
func (m *minter) subject(token, issuer, audience string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("not a JWS")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&m.key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		return "", err
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		Iss, Aud, Sub string
		Exp           int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", err
	}
	if claims.Iss != issuer || claims.Aud != audience || m.w.Now().Unix() >= claims.Exp {
		return "", fmt.Errorf("claims %+v", claims)
	}
	return claims.Sub, nil
}

func (m *minter) NativeCode(_ context.Context, s server.Session, client, challenge string) (server.NativeCode, error) {
	switch {
	case client != "cad":
		return server.NativeCode{}, fmt.Errorf("client %s: %w", client, auth.ErrNotFound)
	case len(challenge) != 43:
		return server.NativeCode{}, auth.Fail(auth.BadInput, nil, nil)
	}
	m.codes++
	return server.NativeCode{
		Code: auth.NewSecret("code of " + s.PersonID), ClientID: client, RedirectURI: "http://127.0.0.1/callback",
		ExpiresAt: m.w.Now().Add(time.Minute),
	}, nil
}

// opener stands for auth/server/saml: it posts to an app.
type opener struct{ w *world }

func (o opener) Open(w http.ResponseWriter, _ *http.Request, app server.App, s server.Session) error {
	if o.w.refuses != nil {
		return o.w.refuses
	}
	o.w.posted = append(o.w.posted, s)
	_, _ = io.WriteString(w, "posting to "+app.ID)
	return nil
}
