package broker

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

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
)

// keyring signs for the enterprises: for every algorithm that a client wants the oldest
// key that stays published as long as what it signs now is believed.
type keyring struct {
	*server.Keyring[*key]
	base    *server.Base
	clients server.Clients
}

// key is an opened key.
type key struct {
	row     server.Key
	alg     string
	private crypto.Signer
	public  jose.JSONWebKey
	heads   map[string]string // by type of token: its JWS up to the first dot
}

func newKeyring(cfg Config) *keyring {
	return &keyring{Keyring: server.NewKeyring(cfg.Keys, cfg.Base, useIDToken, openKey), base: cfg.Base, clients: cfg.Clients}
}

func openKey(row server.Key, private crypto.Signer) (*key, error) {
	fits := false
	switch private := private.(type) {
	case *ecdsa.PrivateKey:
		fits = row.Alg == algES256 && private.Curve == elliptic.P256()
	case *rsa.PrivateKey:
		fits = row.Alg == algRS256
	}
	if !fits {
		return nil, fmt.Errorf("%T is no key for %s", private, row.Alg)
	}
	k := &key{
		row: row, alg: row.Alg, private: private, heads: map[string]string{},
		public: jose.JSONWebKey{Key: private.Public(), KeyID: row.ID, Algorithm: row.Alg, Use: "sig"},
	}
	for _, typ := range []string{typeID, typeFarewell} {
		head, err := json.Marshal(struct {
			Alg  string `json:"alg"`
			ID   string `json:"kid"`
			Type string `json:"typ"`
		}{row.Alg, row.ID, typ})
		if err != nil {
			return nil, fmt.Errorf("encode header: %w", err)
		}
		k.heads[typ] = base64.RawURLEncoding.EncodeToString(head)
	}
	return k, nil
}

// signing returns the key that signs by alg, nil for none.
func (k *keyring) signing(keys []*key, alg string) *key {
	until := k.base.Time().Add(k.believed())
	for _, key := range keys { // oldest first
		if key.alg == alg && (key.row.RetireAt.IsZero() || key.row.RetireAt.After(until)) {
			return key
		}
	}
	return nil
}

// withAll returns the enterprise's keys, among them one that signs for each of algs, made
// at its first use. Where another instance makes one at the same time both are published.
func (k *keyring) withAll(ctx context.Context, enterprise string, algs ...string) ([]*key, error) {
	return k.Keys(ctx, enterprise, func(keys []*key) (made []server.Key, err error) {
		for _, alg := range algs {
			if k.signing(keys, alg) != nil {
				continue
			}
			row, err := k.generate(enterprise, alg)
			if err != nil {
				return nil, err
			}
			made = append(made, row)
		}
		return made, nil
	})
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
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return server.Key{}, fmt.Errorf("encode public key: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(thumbprint)
	return k.Seal(server.Key{ID: id, EnterpriseID: enterprise, Alg: alg, Public: der}, private)
}

// public returns the key set to publish, with a key for every algorithm that a client
// of the enterprise uses.
func (k *keyring) public(ctx context.Context, enterprise string) (jose.JSONWebKeySet, error) {
	clients, err := k.clients.ListClients(ctx, enterprise)
	if err != nil {
		return jose.JSONWebKeySet{}, fmt.Errorf("list clients: %w", err)
	}
	algs := []string{algES256}
	for _, c := range clients {
		if c.Alg == algRS256 {
			algs = append(algs, algRS256)
			break
		}
	}
	keys, err := k.withAll(ctx, enterprise, algs...)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	var set jose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, key.public)
	}
	return set, nil
}

// sign returns the claims of an id_token as a compact JWS.
func (k *keyring) sign(ctx context.Context, enterprise, alg string, claims any) (string, error) {
	return k.signAs(ctx, enterprise, alg, typeID, claims)
}

// signAs returns claims as a compact JWS of a type.
func (k *keyring) signAs(ctx context.Context, enterprise, alg, typ string, claims any) (string, error) {
	keys, err := k.withAll(ctx, enterprise, alg)
	if err != nil {
		return "", err
	}
	key := k.signing(keys, alg)
	if key == nil {
		return "", fmt.Errorf("make signing key: no %s key after saving one", alg)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	token, err := key.sign(typ, payload)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return token, nil
}

// sign returns a compact JWS (RFC 7515, section 3.1). It is written here since go-jose
// encodes the same header anew for each, several times, for a quarter of what ECDSA costs.
func (k *key) sign(typ string, payload []byte) (string, error) {
	b64 := base64.RawURLEncoding
	head := k.heads[typ]
	token := make([]byte, 0, len(head)+b64.EncodedLen(len(payload))+b64.EncodedLen(256)+2)
	token = append(token, head...)
	token = append(token, '.')
	token = b64.AppendEncode(token, payload)
	sum := sha256.Sum256(token)
	signature, err := k.signature(sum[:])
	if err != nil {
		return "", err
	}
	token = append(token, '.')
	return string(b64.AppendEncode(token, signature)), nil
}

// signature signs a SHA-256 sum (RFC 7518, sections 3.3 and 3.4).
func (k *key) signature(sum []byte) ([]byte, error) {
	private, ok := k.private.(*ecdsa.PrivateKey)
	if !ok {
		return k.private.Sign(rand.Reader, sum, crypto.SHA256) // RSA: PKCS #1 v1.5
	}
	r, s, err := ecdsa.Sign(rand.Reader, private, sum)
	if err != nil {
		return nil, err
	}
	const half = 32
	out := make([]byte, 2*half)
	r.FillBytes(out[:half])
	s.FillBytes(out[half:])
	return out, nil
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
	keys, err := k.withAll(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Header
	for _, key := range keys {
		if key.public.KeyID == header.KeyID && key.alg == header.Algorithm {
			return jws.Verify(key.public)
		}
	}
	return nil, errors.New("verify token: signed by no key of this issuer")
}
