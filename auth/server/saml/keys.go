package saml

import (
	"container/list"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"lanyard/auth/server"
)

const (
	keyUse  = "saml"  // of server.Key
	keyAlg  = "RS256" // RSA with SHA-256
	keyBits = 2048
	keyLife = 10 // years that a certificate counts

	// keptEnterprises bounds the memory of parsed keys; keptFor is how soon an instance
	// notices a key that another one made or retired.
	keptEnterprises = 256
	keptFor         = time.Minute
)

// keyring holds the keys of the enterprises that were busy lately, parsed, so that a
// signature costs no look-up.
type keyring struct {
	store server.Keys
	base  *server.Base

	mu     sync.Mutex
	kept   map[string]*list.Element // of *keyset, by enterprise
	recent *list.List               // the most recently used in front
}

// keyset are one enterprise's keys.
type keyset struct {
	enterprise string

	mu     sync.Mutex
	loaded time.Time
	keys   []*signingKey // oldest first
}

// signingKey is a key whose certificate is published. The oldest one signs.
type signingKey struct {
	row     server.Key
	private *rsa.PrivateKey
	cert    *x509.Certificate
}

// at returns the keys that count at a time, the one that signs first.
func (s *keyset) at(now time.Time) []*signingKey {
	var out []*signingKey
	for _, k := range s.keys {
		if k.row.RetireAt.IsZero() || k.row.RetireAt.After(now) {
			out = append(out, k)
		}
	}
	return out
}

func newKeyring(store server.Keys, base *server.Base) *keyring {
	return &keyring{store: store, base: base, kept: map[string]*list.Element{}, recent: list.New()}
}

// of returns the keys of an enterprise that count now, the one that signs first, making
// the first one where there is none.
func (k *keyring) of(ctx context.Context, enterprise string) ([]*signingKey, error) {
	s := k.set(enterprise)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := k.base.Time()
	if s.loaded.IsZero() || now.Sub(s.loaded) > keptFor {
		if err := k.load(ctx, s); err != nil {
			return nil, err
		}
	}
	keys := s.at(now)
	if len(keys) > 0 {
		return keys, nil
	}
	if err := k.first(ctx, s); err != nil {
		return nil, err
	}
	if keys = s.at(now); len(keys) == 0 {
		return nil, errors.New("make SAML key: none after saving one")
	}
	return keys, nil
}

// set returns the enterprise's place among the kept ones.
func (k *keyring) set(enterprise string) *keyset {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.kept[enterprise]
	if e == nil {
		e = k.recent.PushFront(&keyset{enterprise: enterprise})
		k.kept[enterprise] = e
		if k.recent.Len() > keptEnterprises {
			oldest := k.recent.Remove(k.recent.Back()).(*keyset)
			delete(k.kept, oldest.enterprise)
		}
	}
	k.recent.MoveToFront(e)
	return e.Value.(*keyset)
}

// load reads the enterprise's keys from the store.
func (k *keyring) load(ctx context.Context, s *keyset) error {
	rows, err := k.store.Keys(ctx, s.enterprise, keyUse)
	if err != nil {
		return fmt.Errorf("load SAML keys: %w", err)
	}
	now := k.base.Time()
	var keys []*signingKey
	for _, row := range rows { // oldest first, the same on every instance
		if !row.RetireAt.IsZero() && !row.RetireAt.After(now) {
			continue
		}
		key, err := k.open(row)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	s.keys, s.loaded = keys, now
	return nil
}

// open unseals a key.
func (k *keyring) open(row server.Key) (*signingKey, error) {
	cert, err := x509.ParseCertificate(row.Public)
	if err != nil {
		return nil, fmt.Errorf("parse SAML certificate %s: %w", row.ID, err)
	}
	der, err := k.base.Sealer.Open(row.Sealed, row.ID)
	if err != nil {
		return nil, fmt.Errorf("open SAML key %s: %w", row.ID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse SAML key %s: %w", row.ID, err)
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("parse SAML key %s: not an RSA key", row.ID)
	}
	return &signingKey{row: row, private: key, cert: cert}, nil
}

// first makes the enterprise's first key. Other instances may do so at the same time:
// who looks last leaves the oldest alone, so that metadata soon names one certificate,
// the one that signs.
func (k *keyring) first(ctx context.Context, s *keyset) error {
	row, err := k.generate(s.enterprise)
	if err != nil {
		return err
	}
	if err := k.store.SaveKey(ctx, row); err != nil {
		return fmt.Errorf("save SAML key: %w", err)
	}
	if err := k.load(ctx, s); err != nil {
		return err
	}
	now := k.base.Time()
	keys := s.at(now)
	if len(keys) < 2 {
		return nil
	}
	for _, late := range keys[1:] {
		late.row.RetireAt = now
		if err := k.store.SaveKey(ctx, late.row); err != nil {
			return fmt.Errorf("retire SAML key: %w", err)
		}
	}
	return k.load(ctx, s)
}

// generate makes a key and its certificate. Service providers take the certificate for
// the key alone: it is signed by itself and says no more than whose it is.
func (k *keyring) generate(enterprise string) (server.Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return server.Key{}, fmt.Errorf("make SAML key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return server.Key{}, fmt.Errorf("make SAML key: %w", err)
	}
	now := k.base.Time()
	cert := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: "Lanyard SAML " + enterprise},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(keyLife, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, private.Public(), private)
	if err != nil {
		return server.Key{}, fmt.Errorf("make SAML certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return server.Key{}, fmt.Errorf("encode SAML key: %w", err)
	}
	sum := sha256.Sum256(der)
	id := "saml-" + hex.EncodeToString(sum[:16])
	return server.Key{
		ID: id, EnterpriseID: enterprise, Use: keyUse, Alg: keyAlg,
		Sealed: k.base.Sealer.Seal(secret, id), Public: der, CreatedAt: k.base.Time(),
	}, nil
}
