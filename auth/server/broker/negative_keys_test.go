package broker_test

import (
	"context"
	"encoding/pem"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"lanyard/auth"
)

// RFC 8725 sections 2.1 to 2.4.
var hintRows = []negative{
	{"none", "invalid_request", func(s *scene) string {
		return s.hinted(s.forge(map[string]any{"alg": "none", "typ": "JWT"}, noSignature, nil))
	}},
	{"None", "invalid_request", func(s *scene) string {
		return s.hinted(s.forge(map[string]any{"alg": "None", "typ": "JWT"}, noSignature, nil))
	}},
	{"HS256 by the published key, as JSON", "invalid_request", func(s *scene) string {
		key := s.published()
		raw, err := key.MarshalJSON()
		must(s.T, err)
		return s.hinted(s.forge(map[string]any{"alg": "HS256", "typ": "JWT", "kid": key.KeyID}, macOf(raw), nil))
	}},
	{"HS256 by the published key, as PEM", "invalid_request", func(s *scene) string {
		s.published() // makes it
		keys, err := s.Store.Keys(context.Background(), acme, "id_token")
		must(s.T, err)
		raw := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: keys[0].Public})
		return s.hinted(s.forge(map[string]any{"alg": "HS256", "typ": "JWT", "kid": keys[0].ID}, macOf(raw), nil))
	}},
	{"HS256 by the client's secret", "invalid_request", func(s *scene) string {
		return s.hinted(s.forge(map[string]any{"alg": "HS256", "typ": "JWT"}, macOf([]byte(appSecret)), nil))
	}},
	{"another's key under our key's name", "invalid_request", func(s *scene) string {
		_, sign := ownKey(s)
		return s.hinted(s.forge(map[string]any{"alg": "ES256", "typ": "JWT", "kid": s.published().KeyID}, sign, nil))
	}},
	{"a key that the token brings along", "invalid_request", func(s *scene) string {
		key, sign := ownKey(s)
		jwk := jose.JSONWebKey{Key: key.Public(), KeyID: "mine", Algorithm: "ES256"}
		return s.hinted(s.forge(map[string]any{"alg": "ES256", "typ": "JWT", "kid": "mine", "jwk": jwk}, sign, nil))
	}},
	{"a key at an address that the token names", "invalid_request", func(s *scene) string {
		_, sign := ownKey(s)
		return s.hinted(s.forge(map[string]any{"alg": "ES256", "typ": "JWT", "kid": "x", "jku": "https://evil.example/keys"}, sign, nil))
	}},
	{"our ES256 key under RS256", "invalid_request", func(s *scene) string {
		_, sign := ownKey(s)
		return s.hinted(s.forge(map[string]any{"alg": "RS256", "typ": "JWT", "kid": s.published().KeyID}, sign, nil))
	}},
	{"a claim changed", "invalid_request", func(s *scene) string {
		real := strings.Split(s.tokens().ID, ".")
		forged := strings.Split(s.forge(map[string]any{"alg": "ES256"}, noSignature, map[string]any{"sub": auth.RandomID()}), ".")
		return s.hinted(real[0] + "." + forged[1] + "." + real[2])
	}},
	{"no signature", "invalid_request", func(s *scene) string {
		head, _, _ := strings.Cut(s.tokens().ID[strings.Index(s.tokens().ID, ".")+1:], ".")
		return s.hinted(strings.Split(s.tokens().ID, ".")[0] + "." + head + ".")
	}},
	{"an access token", "invalid_request", func(s *scene) string { return s.hinted(s.tokens().Access) }},
	{"another issuer's, properly signed", "invalid_request", func(s *scene) string {
		li := s.world.browser()
		li.SignIn(s.person(other, "李四"))
		code := location(li.Get(s.elsewhere + "/authorize?" + ask().Encode())).Query().Get("code")
		return s.hinted(s.tokenAt(s.elsewhere, redeem(code)).ID)
	}},
}

// retire takes the present keys out of use; they stay published for an hour.
func (s *scene) retire() {
	keys, err := s.Store.Keys(context.Background(), acme, "id_token")
	must(s.T, err)
	for _, k := range keys {
		k.RetireAt = s.Now().Add(time.Hour)
		must(s.T, s.Store.SaveKey(context.Background(), k))
	}
	s.Advance(2 * time.Minute) // an instance notices within one
}

// Rotation breaks nothing that is under way; see TestKeyRotationInMidFlight for who
// verifies. Only when a key is no longer published is what it signed worth nothing.
var keyRows = []negative{
	{"a code from before", "tokens", func(s *scene) string {
		s.Base.Lifetimes.Code = time.Hour
		code := s.code(ask())
		s.retire()
		return granted(s.token(redeem(code)))
	}},
	{"a hint from before", "code", func(s *scene) string {
		hint := s.tokens().ID
		s.retire()
		return s.authorize("id_token_hint", hint)
	}},
	{"a hint from long before", "invalid_request", func(s *scene) string {
		hint := s.tokens().ID
		s.retire()
		s.Advance(time.Hour)
		return s.authorize("id_token_hint", hint)
	}},
	{"sign-out by a hint from before", "on", func(s *scene) string {
		hint := s.tokens().ID
		s.retire()
		return s.asked(s.issuer() + "/end-session?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {postLogout}}.Encode())
	}},
	{"a refresh from before", "tokens", func(s *scene) string {
		a := s.tokens()
		s.retire()
		return s.refreshed(a.Refresh)
	}},
}
