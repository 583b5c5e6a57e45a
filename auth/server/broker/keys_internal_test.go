package broker

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"lanyard/auth/server"
)

func made(t testing.TB, alg string) crypto.Signer {
	t.Helper()
	var private crypto.Signer
	var err error
	if alg == algRS256 {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// What is signed here is what go-jose would sign, and it takes it for good.
func TestSignAsGoJose(t *testing.T) {
	for _, alg := range []string{algES256, algRS256} {
		for _, typ := range []string{typeID, typeFarewell} {
			private, payload := made(t, alg), []byte(`{"sub":"张三"}`)
			k, err := openKey(server.Key{ID: "k1", Alg: alg}, private)
			if err != nil {
				t.Fatal(err)
			}
			// Often enough that an ECDSA number with a leading zero is among them.
			for range 600 {
				token, err := k.sign(typ, payload)
				if err != nil {
					t.Fatal(err)
				}
				jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
				if err != nil {
					t.Fatal(err)
				}
				if got, err := jws.Verify(k.public); err != nil || !bytes.Equal(got, payload) {
					t.Fatalf("%s %s: %q, %v", alg, typ, got, err)
				}
				if alg == algRS256 {
					break // it has but one form
				}
			}
			signer, err := jose.NewSigner(
				jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: private, KeyID: "k1"}},
				(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
			if err != nil {
				t.Fatal(err)
			}
			jws, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := jws.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			ours, err := k.sign(typ, payload)
			if err != nil {
				t.Fatal(err)
			}
			same := func(token string) string { return token[:strings.LastIndexByte(token, '.')] }
			if same(ours) != same(theirs) {
				t.Errorf("%s %s:\n%s\n%s", alg, typ, ours, theirs)
			}
		}
	}
}

// A key signs by its own algorithm only.
func TestKeyOfAnotherAlgorithm(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		alg string
		key crypto.Signer
	}{
		"RSA for ES256":   {algES256, made(t, algRS256)},
		"ECDSA for RS256": {algRS256, made(t, algES256)},
		"another curve":   {algES256, p384},
		"none":            {"none", made(t, algES256)},
	} {
		if _, err := openKey(server.Key{ID: "k1", Alg: row.alg}, row.key); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// BenchmarkToken is one signed id_token; its floor is BenchmarkSignature and a SHA-256 of
// its bytes.
func BenchmarkToken(b *testing.B) {
	k, err := openKey(server.Key{ID: strings.Repeat("k", 43), Alg: algES256}, made(b, algES256))
	if err != nil {
		b.Fatal(err)
	}
	payload := bytes.Repeat([]byte("claims.."), 64)
	for b.Loop() {
		if _, err := k.sign(typeID, payload); err != nil {
			b.Fatal(err)
		}
	}
}
