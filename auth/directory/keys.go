package directory

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The types of our JWS (header "typ", RFC 7515 section 4.1.9), so that none can pass for
// another.
const (
	typeDocument = "lanyard-enterprise+jws"
	typeKeys     = "lanyard-keys+jws"
	typeRotation = "lanyard-root+jws"
)

// KeysSchema is the version of the key list's schema.
const KeysSchema = "keys/1"

// SigningKey is an Ed25519 key of a directory: its root, or one that signs documents.
// ID is the RFC 7638 thumbprint of the public key, so a pin and a kid are the same
// string. The private half is behind a pointer, so that no print shows it.
type SigningKey struct {
	PublicKey
	private *ed25519.PrivateKey
}

// PublicKey is the public half of a [SigningKey].
type PublicKey struct {
	ID  string
	key ed25519.PublicKey
}

// NewSigningKey makes a key.
func NewSigningKey() (SigningKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	return signingKey(private)
}

// ParseSigningKey reads what [SigningKey.PKCS8] wrote.
func ParseSigningKey(pkcs8 []byte) (SigningKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return SigningKey{}, fmt.Errorf("parse signing key: %w", err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return SigningKey{}, fmt.Errorf("parse signing key: %T is not Ed25519", key)
	}
	return signingKey(private)
}

func signingKey(private ed25519.PrivateKey) (SigningKey, error) {
	public, err := publicKey(private.Public().(ed25519.PublicKey))
	return SigningKey{PublicKey: public, private: &private}, err
}

func publicKey(key ed25519.PublicKey) (PublicKey, error) {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return PublicKey{}, fmt.Errorf("name key: %w", err)
	}
	return PublicKey{ID: base64.RawURLEncoding.EncodeToString(sum), key: key}, nil
}

// PKCS8 returns the private key, to be sealed.
func (k SigningKey) PKCS8() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(*k.private) }

// PKIX returns the public key in DER.
func (k PublicKey) PKIX() ([]byte, error) { return x509.MarshalPKIXPublicKey(k.key) }

// ParsePublicKey reads what [PublicKey.PKIX] wrote.
func ParsePublicKey(pkix []byte) (PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return PublicKey{}, fmt.Errorf("parse public key: %T is not Ed25519", key)
	}
	return publicKey(public)
}

// MarshalJSON writes a JWK (RFC 8037).
func (k PublicKey) MarshalJSON() ([]byte, error) {
	return jose.JSONWebKey{Key: k.key, KeyID: k.ID, Algorithm: string(jose.EdDSA), Use: "sig"}.MarshalJSON()
}

// UnmarshalJSON reads a JWK; its ID is always the thumbprint, whatever "kid" says.
func (k *PublicKey) UnmarshalJSON(data []byte) error {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(data); err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	key, ok := jwk.Key.(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("read key: not an Ed25519 public key")
	}
	public, err := publicKey(key)
	*k = public
	return err
}

// KeyList is what a root signs: the keys whose word on enterprises counts.
type KeyList struct {
	Schema    string      `json:"schema"`
	Origin    string      `json:"origin"`
	Version   int64       `json:"version"` // grows with each list
	IssuedAt  int64       `json:"iat"`     // unix seconds
	ExpiresAt int64       `json:"exp"`
	Root      PublicKey   `json:"root"`
	Keys      []PublicKey `json:"keys"`
	// Previous is the old root's word for this one (see [SignRotation]); empty for the
	// first root.
	Previous string `json:"previous,omitempty"`
}

// rotation is the payload of Previous: the root that follows, the root that says so, and
// what an earlier one said of that, so that a client which missed a rotation can still
// follow the chain.
type rotation struct {
	Origin   string    `json:"origin"`
	Root     PublicKey `json:"root"`
	By       PublicKey `json:"by"`
	Previous string    `json:"previous,omitempty"`
}

// SignDocument signs a document.
func SignDocument(doc Document, key SigningKey) ([]byte, error) {
	return sign(doc, typeDocument, key, doc.Origin)
}

// SignKeys signs a list of keys by its root; list.Root is set to it.
func SignKeys(list KeyList, root SigningKey) ([]byte, error) {
	list.Schema, list.Root = KeysSchema, root.PublicKey
	return sign(list, typeKeys, root, list.Origin)
}

// SignRotation makes the old root's word for the next one: what the next root's list
// carries as Previous. previous is what the old root's own list carried.
func SignRotation(origin string, next PublicKey, previous string, old SigningKey) (string, error) {
	raw, err := sign(rotation{Origin: origin, Root: next, By: old.PublicKey, Previous: previous}, typeRotation, old, origin)
	return string(raw), err
}

// Header returns the first part of every document that key signs for origin, with its
// dot: enough to see that a kept document is by the present key.
func Header(origin string, key SigningKey) ([]byte, error) {
	raw, err := sign(struct{}{}, typeDocument, key, origin)
	for i, b := range raw {
		if b == '.' {
			return raw[:i+1], nil
		}
	}
	return nil, err
}

// sign writes a compact JWS (RFC 7515 section 7.1) by EdDSA. The header names the origin
// as "iss", as RFC 7519 section 5.3 does.
func sign(payload any, typ string, key SigningKey, origin string) ([]byte, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", typ, err)
	}
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("iss", origin)
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.EdDSA,
		Key:       jose.JSONWebKey{Key: *key.private, KeyID: key.ID},
	}, opts)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", typ, err)
	}
	jws, err := signer.Sign(body)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", typ, err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", typ, err)
	}
	return []byte(raw), nil
}

// MaxLife is the longest life of a document or a list of keys.
const MaxLife = 30 * 24 * time.Hour
