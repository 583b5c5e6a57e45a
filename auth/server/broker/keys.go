package broker

import (
	"container/list"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"lanyard/auth/server"
)

const (
	algES256 = "ES256"
	algRS256 = "RS256"

	useIDToken = "id_token" // of server.Key

	// The types of what is signed.
	typeID       = "JWT"
	typeFarewell = "logout+jwt" // Back-Channel Logout 1.0, section 2.4

	// keptEnterprises bounds the memory of parsed keys; keptFor is how soon an instance
	// notices a key that another one made or retired.
	keptEnterprises = 512
	keptFor         = time.Minute
)

// keyring holds the signing keys of the enterprises that were busy lately, parsed, so
// that a signature costs no look-up.
type keyring struct {
	store   server.Keys
	clients server.Clients
	base    *server.Base

	mu     sync.Mutex
	kept   map[string]*list.Element // of *keyset, by enterprise
	recent *list.List               // the most recently used in front
}

// keyset are one enterprise's keys.
type keyset struct {
	enterprise string

	mu      sync.Mutex
	loaded  time.Time
	signers map[string]signers // by algorithm: the oldest key in use
	public  jose.JSONWebKeySet
}

// signers sign with one key, each another type of token.
type signers map[string]jose.Signer

func newKeyring(cfg Config) *keyring {
	return &keyring{
		store: cfg.Keys, clients: cfg.Clients, base: cfg.Base,
		kept: map[string]*list.Element{}, recent: list.New(),
	}
}

// set returns the enterprise's keyset, locked and loaded lately.
func (k *keyring) set(ctx context.Context, enterprise string) (*keyset, error) {
	k.mu.Lock()
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
	s := e.Value.(*keyset)
	k.mu.Unlock()

	s.mu.Lock()
	if s.loaded.IsZero() || k.base.Time().Sub(s.loaded) > keptFor {
		if err := k.load(ctx, s); err != nil {
			s.mu.Unlock()
			return nil, err
		}
	}
	return s, nil
}

// load reads the enterprise's keys from the store.
func (k *keyring) load(ctx context.Context, s *keyset) error {
	rows, err := k.store.Keys(ctx, s.enterprise, useIDToken)
	if err != nil {
		return fmt.Errorf("load signing keys: %w", err)
	}
	now := k.base.Time()
	all := map[string]signers{}
	var public jose.JSONWebKeySet
	for _, row := range rows { // oldest first, the same on every instance
		if !row.RetireAt.IsZero() && !row.RetireAt.After(now) {
			continue
		}
		key, err := x509.ParsePKIXPublicKey(row.Public)
		if err != nil {
			return fmt.Errorf("parse public key %s: %w", row.ID, err)
		}
		public.Keys = append(public.Keys, jose.JSONWebKey{Key: key, KeyID: row.ID, Algorithm: row.Alg, Use: "sig"})
		if row.RetireAt.IsZero() && all[row.Alg] == nil {
			if all[row.Alg], err = k.open(row); err != nil {
				return err
			}
		}
	}
	s.signers, s.public, s.loaded = all, public, now
	return nil
}

// open unseals a signing key.
func (k *keyring) open(row server.Key) (signers, error) {
	der, err := k.base.Sealer.Open(row.Sealed, row.ID)
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", row.ID, err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse signing key %s: %w", row.ID, err)
	}
	signing := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(row.Alg), Key: jose.JSONWebKey{Key: key, KeyID: row.ID}}
	all := signers{}
	for _, typ := range []string{typeID, typeFarewell} {
		if all[typ], err = jose.NewSigner(signing, (&jose.SignerOptions{}).WithType(jose.ContentType(typ))); err != nil {
			return nil, fmt.Errorf("use signing key %s: %w", row.ID, err)
		}
	}
	return all, nil
}

// signer returns the enterprise's signer for a type of token, making its key at the
// first use.
func (k *keyring) signer(ctx context.Context, enterprise, alg, typ string) (jose.Signer, error) {
	s, err := k.set(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if err := k.ensure(ctx, s, alg); err != nil {
		return nil, err
	}
	return s.signers[alg][typ], nil
}

// ensure makes the enterprise's key for alg where it has none.
func (k *keyring) ensure(ctx context.Context, s *keyset, alg string) error {
	if s.signers[alg] != nil {
		return nil
	}
	row, err := k.generate(s.enterprise, alg)
	if err != nil {
		return err
	}
	if err := k.store.SaveKey(ctx, row); err != nil {
		return fmt.Errorf("save signing key: %w", err)
	}
	// Another instance may have made one too: read both, the oldest signs.
	if err := k.load(ctx, s); err != nil {
		return err
	}
	if s.signers[alg] == nil {
		return fmt.Errorf("make signing key: no %s key after saving one", alg)
	}
	return nil
}

func (k *keyring) generate(enterprise, alg string) (server.Key, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case algES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case algRS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = errors.New("unknown algorithm")
	}
	if err != nil {
		return server.Key{}, fmt.Errorf("make %q signing key: %w", alg, err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := public.Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return server.Key{}, fmt.Errorf("name signing key: %w", err)
	}
	sealed, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return server.Key{}, fmt.Errorf("encode signing key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return server.Key{}, fmt.Errorf("encode public key: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(thumbprint)
	return server.Key{
		ID: id, EnterpriseID: enterprise, Use: useIDToken, Alg: alg,
		Sealed: k.base.Sealer.Seal(sealed, id), Public: der, CreatedAt: k.base.Time(),
	}, nil
}

// public returns the key set to publish, with a key for every algorithm that a client
// of the enterprise uses.
func (k *keyring) public(ctx context.Context, enterprise string) (jose.JSONWebKeySet, error) {
	clients, err := k.clients.ListClients(ctx, enterprise)
	if err != nil {
		return jose.JSONWebKeySet{}, fmt.Errorf("list clients: %w", err)
	}
	s, err := k.set(ctx, enterprise)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	defer s.mu.Unlock()
	if err := k.ensure(ctx, s, algES256); err != nil {
		return jose.JSONWebKeySet{}, err
	}
	for _, c := range clients {
		if c.Alg == algRS256 {
			if err := k.ensure(ctx, s, algRS256); err != nil {
				return jose.JSONWebKeySet{}, err
			}
		}
	}
	return s.public, nil
}

// sign returns the claims of an id_token as a compact JWS.
func (k *keyring) sign(ctx context.Context, enterprise, alg string, claims any) (string, error) {
	return k.signAs(ctx, enterprise, alg, typeID, claims)
}

// signAs returns claims as a compact JWS of a type.
func (k *keyring) signAs(ctx context.Context, enterprise, alg, typ string, claims any) (string, error) {
	signer, err := k.signer(ctx, enterprise, alg, typ)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return jws.CompactSerialize()
}

// verify returns the payload of an id_token that the enterprise signed. A logout token,
// which is signed by the same key, is none.
func (k *keyring) verify(ctx context.Context, enterprise, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return nil, fmt.Errorf("parse token: %w", err)
	}
	if typ := jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType]; typ != typeID {
		return nil, fmt.Errorf("verify token: of type %v", typ)
	}
	s, err := k.set(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	public := s.public
	s.mu.Unlock()
	for _, key := range public.Key(jws.Signatures[0].Header.KeyID) {
		if key.Algorithm == jws.Signatures[0].Header.Algorithm {
			return jws.Verify(key)
		}
	}
	return nil, errors.New("verify token: signed by no key of this issuer")
}
