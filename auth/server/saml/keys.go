package saml

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"lanyard/auth/server"
)

const (
	keyUse  = "saml"  // of server.Key
	keyAlg  = "RS256" // RSA with SHA-256
	keyBits = 2048
	keyLife = 10 // years that a certificate counts
)

// keyring holds the enterprises' keys whose certificates are published. The oldest of an
// enterprise signs.
type keyring struct {
	*server.Keyring[*signingKey]
	base *server.Base
}

// signingKey is a key and its certificate.
type signingKey struct {
	row     server.Key
	private *rsa.PrivateKey
	cert    *x509.Certificate
}

func newKeyring(store server.Keys, base *server.Base) *keyring {
	return &keyring{Keyring: server.NewKeyring(store, base, keyUse, openKey), base: base}
}

func openKey(row server.Key, private crypto.Signer) (*signingKey, error) {
	cert, err := x509.ParseCertificate(row.Public)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%T is no RSA key", private)
	}
	return &signingKey{row: row, private: key, cert: cert}, nil
}

// of returns an enterprise's keys, the one that signs first, making that where there is
// none. Other instances may do so at the same time: who looks last leaves the oldest
// alone, so that metadata soon names one certificate, the one that signs.
func (k *keyring) of(ctx context.Context, enterprise string) ([]*signingKey, error) {
	made := false
	keys, err := k.Keys(ctx, enterprise, func(keys []*signingKey) ([]server.Key, error) {
		if len(keys) > 0 {
			return nil, nil
		}
		made = true
		row, err := k.generate(enterprise)
		return []server.Key{row}, err
	})
	if err == nil && made {
		keys, err = k.Keys(ctx, enterprise, func(keys []*signingKey) (late []server.Key, err error) {
			for i, key := range keys {
				if i > 0 {
					late = append(late, key.retired(k.base.Time()))
				}
			}
			return late, nil
		})
	}
	if err == nil && len(keys) == 0 {
		err = errors.New("make SAML key: none after saving one")
	}
	return keys, err
}

// retired returns the key's record with a time from which on it counts no more.
func (s *signingKey) retired(at time.Time) server.Key {
	row := s.row
	row.RetireAt = at.UTC().Truncate(time.Millisecond)
	return row
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
	sum := sha256.Sum256(der)
	id := "saml-" + hex.EncodeToString(sum[:16])
	return k.Seal(server.Key{ID: id, EnterpriseID: enterprise, Alg: keyAlg, Public: der}, private)
}
