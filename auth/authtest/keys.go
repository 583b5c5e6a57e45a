package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"sync"

	"lanyard/auth"
)

// keys are a provider's signing keys, one an algorithm.
type keys struct {
	name string // what their kids begin with
	ec   *ecdsa.PrivateKey
	ed   ed25519.PrivateKey
}

// rsaKey is shared by all providers, because making one takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	return key
})

func newKeys() keys {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	return keys{name: auth.RandomID(), ec: ec, ed: ed}
}

// public returns the JSON Web Keys (RFC 7517, RFC 8037).
func (k keys) public() []map[string]any {
	point, err := k.ec.PublicKey.Bytes()
	must(err)
	pub := rsaKey().PublicKey
	return []map[string]any{
		{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": k.name + "-ES256",
			"x": encode(point[1:33]), "y": encode(point[33:]),
		},
		{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.name + "-RS256",
			"n": encode(pub.N.Bytes()), "e": encode(big.NewInt(int64(pub.E)).Bytes()),
		},
		{
			"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": k.name + "-EdDSA",
			"x": encode(k.ed.Public().(ed25519.PublicKey)),
		},
	}
}

// sign returns the compact JWS of claims (RFC 7515), faulty as f says. HS256 uses
// the public key as its secret, which is how a confused verifier is attacked.
func (k keys) sign(claims map[string]any, f Faults) string {
	alg := f.Alg
	if alg == "" {
		alg = "ES256"
	}
	header := map[string]any{"alg": alg, "typ": "JWT", "kid": k.name + "-" + alg}
	switch f.Kid {
	case "":
	case "-":
		delete(header, "kid")
	default:
		header["kid"] = f.Kid
	}
	head, err := json.Marshal(header)
	must(err)
	body, err := json.Marshal(claims)
	must(err)
	input := encode(head) + "." + encode(body)
	sum := sha256.Sum256([]byte(input))
	var signature []byte
	switch alg {
	case "none":
	case "HS256":
		point, err := k.ec.PublicKey.Bytes()
		must(err)
		mac := hmac.New(sha256.New, point)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	case "RS256":
		signature, err = rsa.SignPKCS1v15(rand.Reader, rsaKey(), crypto.SHA256, sum[:])
		must(err)
	case "EdDSA":
		signature = ed25519.Sign(k.ed, []byte(input))
	default:
		r, s, err := ecdsa.Sign(rand.Reader, k.ec, sum[:])
		must(err)
		signature = make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
	}
	if f.BadSignature {
		signature[len(signature)-1] ^= 1
	}
	return input + "." + encode(signature)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// must ends the test binary: making a key or encoding a map of a test's own cannot
// fail but by a fault in the test.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
