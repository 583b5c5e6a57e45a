package openid

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// refetchEvery is how often an unknown key may make us ask for the keys again: a
// provider that rotates is followed at once, forged tokens do not become a flood.
const refetchEvery = 10 * time.Second

// keySet is a provider's JSON Web Key Set (RFC 7517), kept in memory. go-oidc's own
// is not used because it asks again for every unknown kid and refuses the whole set
// for one key that it cannot read.
type keySet struct {
	address string
	get     func(ctx context.Context, address, access string) (*answer, error)
	now     func() time.Time

	turn chan struct{} // holds one: whoever asks the provider

	mu      sync.Mutex
	keys    []publicKey
	fetched time.Time
}

type publicKey struct {
	id, alg string
	key     crypto.PublicKey
}

// find returns the keys that may have signed a token with that header: those with its
// kid, or all where it names none. A header that no key fits, or again = true (the
// keys that fitted did not verify), asks the provider once more, one at a time; nobody
// who has a key that fits waits for that.
func (s *keySet) find(ctx context.Context, h header, again bool) ([]crypto.PublicKey, error) {
	found, fetched := s.match(h)
	if len(found) > 0 && !again || !fetched.IsZero() && s.now().Sub(fetched) < refetchEvery {
		return found, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, unreachable(ctx, "fetch keys", s.address, ctx.Err())
	}
	if found, now := s.match(h); !now.Equal(fetched) { // by another, meanwhile
		return found, nil
	}
	a, err := s.get(ctx, s.address, "")
	if err != nil {
		return nil, unreachable(ctx, "fetch keys", s.address, err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := a.decode(&set); err != nil {
		return nil, a.fault("keys", err)
	}
	var keys []publicKey
	for _, raw := range set.Keys {
		// A key of a kind that is not understood says nothing of the others (RFC 7517
		// section 5).
		if key, ok := parseKey(raw); ok {
			keys = append(keys, key)
		}
	}
	s.mu.Lock()
	s.keys, s.fetched = keys, s.now()
	s.mu.Unlock()
	found, _ = s.match(h)
	return found, nil
}

// ready fetches the keys unless that was done before.
func (s *keySet) ready(ctx context.Context) error {
	if _, fetched := s.match(header{}); !fetched.IsZero() {
		return nil
	}
	_, err := s.find(ctx, header{}, false)
	return err
}

// match returns the keys that fit a header, and when they were fetched.
func (s *keySet) match(h header) (found []crypto.PublicKey, fetched time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if (h.KeyID == "" || k.id == h.KeyID) && (k.alg == "" || k.alg == h.Alg) {
			found = append(found, k.key)
		}
	}
	return found, s.fetched
}

// parseKey reads one signing key: RSA of at least 2048 bits (RFC 7518 section 3.3),
// EC on a NIST curve, or Ed25519 (RFC 8037).
func parseKey(raw json.RawMessage) (publicKey, bool) {
	var k struct {
		Type  string `json:"kty"`
		Use   string `json:"use"`
		ID    string `json:"kid"`
		Alg   string `json:"alg"`
		Curve string `json:"crv"`
		N     octets `json:"n"`
		E     octets `json:"e"`
		X     octets `json:"x"`
		Y     octets `json:"y"`
	}
	if json.Unmarshal(raw, &k) != nil || k.Use != "" && k.Use != "sig" {
		return publicKey{}, false
	}
	key := publicKey{id: k.ID, alg: k.Alg}
	curve := map[string]elliptic.Curve{
		"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521(),
	}[k.Curve]
	switch {
	case k.Type == "RSA" && len(k.E) <= 4:
		e := new(big.Int).SetBytes(k.E).Int64()
		pub := &rsa.PublicKey{N: new(big.Int).SetBytes(k.N), E: int(e)}
		if pub.N.BitLen() < 2048 || e < 3 {
			return publicKey{}, false
		}
		key.key = pub
	case k.Type == "EC" && curve != nil:
		pub, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, k.X...), k.Y...))
		if err != nil {
			return publicKey{}, false
		}
		key.key = pub
	case k.Type == "OKP" && k.Curve == "Ed25519" && len(k.X) == ed25519.PublicKeySize:
		key.key = ed25519.PublicKey(k.X)
	default:
		return publicKey{}, false
	}
	return key, true
}

// octets are bytes in base64url, as JSON Web Keys have them.
type octets []byte

// UnmarshalJSON reads a JSON string in unpadded base64url.
func (b *octets) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	decoded, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	*b = decoded
	return nil
}
