package directory_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
)

// resign signs the payload of a good document anew with another header, as a forger or
// another implementation would.
func resign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, typ string) func([]byte) []byte {
	return func(raw []byte) []byte {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(raw), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		return signed(t, alg, key, kid, typ, payload)
	}
}

// signed is a payload as a JWS of go-jose's making.
func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, typ string, payload []byte) []byte {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

func private(t testing.TB, key directory.SigningKey) ed25519.PrivateKey {
	t.Helper()
	der, err := key.PKCS8()
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return k.(ed25519.PrivateKey)
}

// flip changes one character in a part of a compact JWS.
func flip(part int) func([]byte) []byte {
	return func(raw []byte) []byte {
		parts := strings.Split(string(raw), ".")
		b := []byte(parts[part])
		if b[5] == 'A' {
			b[5] = 'B'
		} else {
			b[5] = 'A'
		}
		parts[part] = string(b)
		return []byte(strings.Join(parts, "."))
	}
}

func TestResolveRefuses(t *testing.T) {
	ago := func(d time.Duration) int64 { return start.Add(-d).Unix() }
	for _, row := range []struct {
		name  string
		bend  func(t *testing.T, c *company)
		fault auth.Fault
	}{
		{"header changed", func(_ *testing.T, c *company) { c.bendDocument = flip(0) }, auth.DocumentTampered},
		{"payload changed", func(_ *testing.T, c *company) { c.bendDocument = flip(1) }, auth.DocumentTampered},
		{"signature changed", func(_ *testing.T, c *company) { c.bendDocument = flip(2) }, auth.DocumentTampered},
		{"not a document", func(_ *testing.T, c *company) { c.bendDocument = func([]byte) []byte { return []byte("{}") } }, auth.DocumentTampered},
		{"empty", func(_ *testing.T, c *company) { c.bendDocument = func([]byte) []byte { return nil } }, auth.DocumentTampered},
		{"line break", func(_ *testing.T, c *company) { c.bendDocument = func(b []byte) []byte { return append(b, '\n') } }, auth.DocumentTampered},
		{"too large", func(_ *testing.T, c *company) { c.doc.Via = strings.Repeat("a", 300<<10) }, auth.DocumentTampered},
		{"wrong type", func(t *testing.T, c *company) {
			c.bendDocument = resign(t, jose.EdDSA, private(t, c.key), c.key.ID, "JWT")
		}, auth.DocumentTampered},
		{"list of keys as document", func(t *testing.T, c *company) {
			c.bendDocument = func([]byte) []byte { raw, _ := directory.SignKeys(c.list, c.root); return raw }
		}, auth.DocumentTampered},
		{"symmetric", func(t *testing.T, c *company) {
			c.bendDocument = resign(t, jose.HS256, []byte(private(t, c.key).Public().(ed25519.PublicKey)), c.key.ID, "lanyard-enterprise+jws")
		}, auth.DocumentTampered},
		{"no algorithm", func(_ *testing.T, c *company) {
			c.bendDocument = func(raw []byte) []byte {
				header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"` + c.key.ID + `","typ":"lanyard-enterprise+jws"}`))
				return []byte(header + "." + strings.Split(string(raw), ".")[1] + ".")
			}
		}, auth.DocumentTampered},
		{"key not listed", func(t *testing.T, c *company) { c.key = newKey(t) }, auth.DocumentTampered},
		{"another key under a listed kid", func(t *testing.T, c *company) {
			c.bendDocument = resign(t, jose.EdDSA, private(t, newKey(t)), c.key.ID, "lanyard-enterprise+jws")
		}, auth.DocumentTampered},
		{"signed by the root", func(_ *testing.T, c *company) { c.key = c.root }, auth.DocumentTampered},
		{"another code", func(_ *testing.T, c *company) { c.doc.Codes = []string{"beta"} }, auth.DocumentTampered},
		{"another origin", func(_ *testing.T, c *company) { c.doc.Origin = "https://login.beta.com" }, auth.DocumentTampered},
		{"another schema", func(_ *testing.T, c *company) { c.doc.Schema = "enterprise/2" }, auth.DocumentTampered},
		{"steps connector", func(_ *testing.T, c *company) { c.doc.Connector.Kind = "steps" }, auth.EnterpriseMisconfig},
		{"no enterprise id", func(_ *testing.T, c *company) { c.doc.Enterprise.ID = "" }, auth.EnterpriseMisconfig},
		{"expired", func(_ *testing.T, c *company) { c.doc.IssuedAt, c.doc.ExpiresAt = ago(48*time.Hour), ago(time.Hour) }, auth.DocumentExpired},
		{"lives too long", func(_ *testing.T, c *company) { c.doc.ExpiresAt = start.Add(directory.MaxLife + time.Second).Unix() }, auth.DocumentTampered},
		{"ends before it begins", func(_ *testing.T, c *company) { c.doc.ExpiresAt = c.doc.IssuedAt }, auth.DocumentTampered},
		{"of tomorrow", func(_ *testing.T, c *company) {
			c.doc.IssuedAt = start.Add(24 * time.Hour).Unix()
		}, auth.DocumentTampered},
		{"of tomorrow by the server's clock too", func(_ *testing.T, c *company) {
			c.date = start.Add(25 * time.Hour)
			c.doc.IssuedAt = start.Add(24 * time.Hour).Unix()
		}, auth.ClockWrong},
		{"our clock is far ahead", func(_ *testing.T, c *company) {
			c.date = start.Add(-72 * time.Hour)
			c.doc.IssuedAt, c.doc.ExpiresAt = ago(96*time.Hour), ago(24*time.Hour)
		}, auth.ClockWrong},

		{"keys changed", func(_ *testing.T, c *company) { c.bendKeys = flip(1) }, auth.DocumentTampered},
		{"keys of another origin", func(_ *testing.T, c *company) { c.list.Origin = "https://login.beta.com" }, auth.DocumentTampered},
		{"keys expired", func(_ *testing.T, c *company) { c.list.IssuedAt, c.list.ExpiresAt = ago(48*time.Hour), ago(time.Hour) }, auth.DocumentExpired},
		{"keys of wrong type", func(t *testing.T, c *company) {
			c.bendKeys = resign(t, jose.EdDSA, private(t, c.root), c.root.ID, "lanyard-enterprise+jws")
		}, auth.DocumentTampered},
		{"keys by another root than they name", func(t *testing.T, c *company) {
			c.bendKeys = resign(t, jose.EdDSA, private(t, newKey(t)), c.root.ID, "lanyard-keys+jws")
		}, auth.DocumentTampered},

		{"rate limit", func(_ *testing.T, c *company) { c.status = http.StatusTooManyRequests }, auth.DirectoryBusy},
		{"server broken", func(_ *testing.T, c *company) { c.status = http.StatusBadGateway }, auth.DirectoryUnreachable},
		{"web page", func(_ *testing.T, c *company) { c.mediaType = "text/html; charset=utf-8" }, auth.DirectoryUnreachable},
		{"unknown", func(_ *testing.T, c *company) { c.doc.Enterprise.Code = "other" }, auth.CodeUnknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCompany(t, acme, "acme")
			row.bend(t, c)
			r := resolver(at(c))
			store := r.Store.(*memory)
			_, err := r.Resolve(t.Context(), ask)
			if !errors.Is(err, row.fault) {
				t.Fatalf("got %v, want fault %s", err, row.fault)
			}
			if _, args := auth.FaultOf(err); row.fault == auth.ClockWrong && args["skew"] != "24 h" && args["skew"] != "3 d" {
				t.Errorf("the clock is off by %q", args["skew"])
			}
			if len(store.data) != 0 {
				t.Errorf("a refused answer left %d records", len(store.data))
			}
		})
	}
}

// FuzzDocument: whatever is answered in place of a document or a list of keys, only the
// very bytes that were signed are accepted.
func FuzzDocument(f *testing.F) {
	c := newCompany(f, acme, "acme")
	good, err := directory.SignDocument(c.doc, c.key)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := directory.SignKeys(c.list, c.root)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, keys)
	f.Add(flip(1)(good), keys)
	f.Add(append(good[:len(good):len(good)], '='), keys)
	f.Add(good, append([]byte{'\n'}, keys...))
	f.Add(keys, good)
	f.Fuzz(func(t *testing.T, document, list []byte) {
		c := newCompany(t, acme, "acme")
		c.bendDocument = func([]byte) []byte { return document }
		c.bendKeys = func([]byte) []byte { return list }
		r := resolver(at(c))
		r.Pins = directory.Pins{acme: rootOf(keys)}
		_, err := r.Resolve(t.Context(), ask)
		if same := bytes.Equal(document, good) && bytes.Equal(list, keys); same != (err == nil) {
			t.Fatalf("same bytes: %v, but %v\n%q\n%q", same, err, document, list)
		}
	})
}

// FuzzSignedDocument: whatever a directory signs, only what answers the question is
// believed, the same again when it is read from what was kept.
func FuzzSignedDocument(f *testing.F) {
	c := newCompany(f, acme, "acme")
	good, err := json.Marshal(c.doc)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, change := range [][2]string{
		{`"codes":["acme"]`, `"codes":null`},
		{`"codes":["acme"]`, `"codes":["acme","ＡＣＭＥ","beta"]`},
		{`"oidc":{`, `"oidc":null,"x":{`},
		{`"kind":"oidc"`, `"kind":"steps"`},
		{`"origin":`, `"origin":"https://login.beta.com","origin":`},
		{`"exp":`, `"exp":-1,"EXP":`},
		{`"domains":["acme.com"]`, `"domains":[""]`},
		{`"workbench":true`, `"workbench":false,"apps":[{"id":"a","url":"javascript:x"}]`},
	} {
		changed := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(changed, good) {
			f.Fatalf("the document has no %s: %s", change[0], good)
		}
		f.Add(changed)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		text := signed(t, jose.EdDSA, private(t, c.key), c.key.ID, "lanyard-enterprise+jws", payload)
		company := *c
		company.t = t
		company.bendDocument = func([]byte) []byte { return text }
		r := resolver(at(&company))
		got, err := r.Resolve(t.Context(), ask)
		if err != nil {
			if n := len(r.Store.(*memory).data); n != 0 {
				t.Fatalf("refused (%v), and %d records kept", err, n)
			}
			return
		}
		doc := got.Document
		if doc.Origin != acme || !slices.Contains(doc.Codes, "acme") || doc.Connector.Kind != connector.KindOIDC || doc.Connector.OIDC == nil ||
			doc.Enterprise.ID == "" || doc.ExpiresAt <= start.Unix() || doc.ExpiresAt-doc.IssuedAt > int64(directory.MaxLife.Seconds()) {
			t.Fatalf("believed %+v", doc)
		}
		if kept, err := r.Cached(acme, "acme"); err != nil || kept.Hash != got.Hash || !reflect.DeepEqual(kept.Document, doc) {
			t.Fatalf("kept %+v, %v\nof %+v", kept.Document, err, doc)
		}
	})
}

// TestCertificate tells a clock that is late, which takes every certificate for one from the
// future, from a directory that is not there.
func TestCertificate(t *testing.T) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		from, to time.Duration
		fault    auth.Fault
	}{
		"of nobody": {-time.Hour, time.Hour, auth.ProxyInterferes},
		"future":    {73 * time.Hour, 99 * time.Hour, auth.ClockWrong},
		"past":      {-99 * time.Hour, -73 * time.Hour, auth.DirectoryUnreachable},
	} {
		now := time.Now()
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: now.Add(row.from), NotAfter: now.Add(row.to), IPAddresses: []net.IP{{127, 0, 0, 1}},
		}, &x509.Certificate{SerialNumber: big.NewInt(1)}, public, key)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		server.StartTLS()
		_, err = (&directory.Resolver{}).Resolve(t.Context(), directory.Query{Code: "acme", Directory: server.URL})
		server.Close()
		fault, args := auth.FaultOf(err)
		if fault != row.fault || fault == auth.ClockWrong && args["skew"] != "3 d" {
			t.Errorf("%s: %v with %v, want %s", name, err, args, row.fault)
		}
	}
}

// rootOf reads the kid of a compact JWS.
func rootOf(raw []byte) string {
	var header struct{ Kid string }
	data, _ := base64.RawURLEncoding.DecodeString(strings.Split(string(raw), ".")[0])
	_ = json.Unmarshal(data, &header)
	return header.Kid
}
