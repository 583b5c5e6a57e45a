package broker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// What the rows of TestNegative do, and what they see.

// asked is what becomes of an authorize or end-session request.
func (s *scene) asked(address string) string { return outcome(s.Get(address)) }

func outcome(p page) string {
	q := location(p).Query()
	switch {
	case q.Get("error") != "":
		return q.Get("error")
	case q.Get("code") != "":
		return "code"
	case location(p).Host == "idp.example":
		return "sign in"
	case p.Location() != "":
		return "on"
	case strings.HasPrefix(p.Body, "page: "):
		return "page"
	case strings.Contains(p.Body, `id="confirm"`):
		return "asks"
	}
	return http.StatusText(p.Status)
}

func (s *scene) authorize(changes ...string) string {
	return s.asked(s.authorizeURL(ask(changes...)))
}

// redeemed is what becomes of a code when the request for tokens has these changes.
func (s *scene) redeemed(changes ...string) string {
	return granted(s.token(with(redeem(s.code(ask())), changes...)))
}

func granted(a answer) string {
	if a.Error != "" {
		return a.Error
	}
	return "tokens"
}

// tokens are an app's.
func (s *scene) tokens() answer { return s.token(redeem(s.code(ask()))) }

func (s *scene) refreshed(token string, changes ...string) string {
	form := with(renew(token), "client_id", "notes", "client_secret", appSecret)
	return granted(s.token(with(form, changes...)))
}

func (s *scene) userinfo(issuer, token string) string {
	p := s.Do("GET", issuer+"/userinfo", "", http.Header{"Authorization": {"Bearer " + token}})
	if p.Status == http.StatusUnauthorized {
		return "401"
	}
	return http.StatusText(p.Status)
}

// forge makes an id_token of 张三 for notes, signed by other means than ours.
func (s *scene) forge(header map[string]any, sign func(input string) []byte, changes map[string]any) string {
	claims := s.tokens().claims(s.T.(*testing.T))
	maps.Copy(claims, changes)
	part := func(v any) string {
		text, err := json.Marshal(v)
		must(s.T, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	input := part(header) + "." + part(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

// hinted is what becomes of the token at both places that take a hint, where it must be
// refused alike.
func (s *scene) hinted(token string) string {
	at := s.authorize("id_token_hint", token, "prompt", "none")
	if out := s.asked(s.issuer() + "/end-session?id_token_hint=" + token); out != "page" || !s.signedIn() {
		return at + ", and at sign-out: " + out
	}
	return at
}

// published is our public ES256 key, as everybody can read it.
func (s *scene) published() jose.JSONWebKey {
	var set jose.JSONWebKeySet
	must(s.T, json.Unmarshal([]byte(s.Get(s.issuer()+"/keys").Body), &set))
	for _, key := range set.Keys {
		if key.Algorithm == "ES256" {
			return key
		}
	}
	s.T.Fatal("no ES256 key is published")
	return jose.JSONWebKey{}
}

func macOf(key []byte) func(string) []byte {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

// ownKey signs by a key that nobody published.
func ownKey(s *scene) (*ecdsa.PrivateKey, func(string) []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.T, err)
	return key, func(input string) []byte {
		sum := sha256.Sum256([]byte(input))
		r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
		must(s.T, err)
		return append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	}
}

func noSignature(string) []byte { return nil }
