package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"testing"

	"lanyard/auth/server"
)

// BenchmarkFloor is the signature that every assertion needs.
func BenchmarkFloor(b *testing.B) {
	key := spKey().key
	sum := sha256.Sum256([]byte("assertion"))
	for b.Loop() {
		if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResponse is the whole answer to a click: person, assignment, assertion,
// signature, page. It may cost 3 ms; the floor is the signature.
func BenchmarkResponse(b *testing.B) {
	w := newWorld(b)
	app := w.app(acme, "role", aliyunRole)
	w.admitted["role"] = server.Admission{Allowed: true, Values: map[string]string{"role": "admin; reader"}}
	session := w.browser().signIn(w.zhangsan()).Session
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for b.Loop() {
		rec := httptest.NewRecorder()
		if err := w.provider.Open(rec, r, app, session); err != nil || rec.Code != http.StatusOK {
			b.Fatal(err, rec.Code)
		}
	}
}
