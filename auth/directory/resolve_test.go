package directory_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"lanyard/auth"
	"lanyard/auth/directory"
)

var ask = directory.Query{Directory: acme, Code: "acme"}

func TestResolve(t *testing.T) {
	c := newCompany(t, acme, "acme")
	c.date = start.Add(time.Hour)
	r := resolver(at(c))
	res, err := r.Resolve(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if res.Document.Enterprise.ID != "e1" || res.Origin != acme || len(res.Hash) != 64 || res.Cached || !res.Date.Equal(c.date) || res.Unconfirmed != "" {
		t.Errorf("got %+v", res)
	}
	kept, err := r.Cached(acme, "acme")
	if err != nil || !kept.Cached || kept.Hash != res.Hash || !bytes.Equal(kept.Raw, res.Raw) {
		t.Errorf("Cached = %+v, %v", kept, err)
	}
	r.Now = func() time.Time { return start.AddDate(1, 0, 0) }
	if _, err := r.Cached(acme, "acme"); err != nil {
		t.Errorf("an expired kept document: %v", err)
	}
	if _, err := r.Cached(acme, "other"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("Cached of a code never seen: %v", err)
	}
}

// resign signs the payload of a good document anew with another header, as a forger or
// another implementation would.
func resign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, typ string) func([]byte) []byte {
	return func(raw []byte) []byte {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(raw), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
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
}

func private(t *testing.T, key directory.SigningKey) ed25519.PrivateKey {
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
			if len(store.data) != 0 {
				t.Errorf("a refused answer left %d records", len(store.data))
			}
		})
	}
}

func TestRolledBack(t *testing.T) {
	c := newCompany(t, acme, "acme")
	r := resolver(at(c))
	if _, err := r.Resolve(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	c.doc.Version--
	if _, err := r.Resolve(t.Context(), ask); !errors.Is(err, auth.DocumentTampered) {
		t.Errorf("older document: %v", err)
	}
	c.doc.Version += 2
	c.list.Version--
	if _, err := r.Resolve(t.Context(), ask); !errors.Is(err, auth.DocumentTampered) {
		t.Errorf("older list of keys: %v", err)
	}
	c.list.Version++
	res, err := r.Resolve(t.Context(), ask)
	if err != nil || res.Document.Version != start.Unix()+1 {
		t.Errorf("newer document: %+v, %v", res.Document.Version, err)
	}
}

func TestPins(t *testing.T) {
	c := newCompany(t, acme, "acme")
	r := resolver(at(c))
	if _, err := r.Resolve(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	first := r.Store.(*memory).copy()

	t.Run("another root", func(t *testing.T) {
		impostor := newCompany(t, acme, "acme")
		r := resolver(at(impostor))
		r.Store = first.copy()
		if _, err := r.Resolve(t.Context(), ask); !errors.Is(err, auth.DocumentPinMismatch) {
			t.Fatalf("got %v", err)
		}
		if err := r.ForgetPin(acme); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Resolve(t.Context(), ask); err != nil {
			t.Errorf("after the pin was forgotten: %v", err)
		}
	})
	t.Run("policy wins", func(t *testing.T) {
		r := resolver(at(c))
		r.Pins = directory.Pins{"https://LOGIN.acme.com/": newKey(t).ID}
		if _, err := r.Resolve(t.Context(), ask); !errors.Is(err, auth.DocumentPinMismatch) {
			t.Errorf("another pin by policy: %v", err)
		}
		impostor := newCompany(t, acme, "acme")
		r = resolver(at(impostor))
		r.Store, r.Pins = first.copy(), directory.Pins{acme: impostor.root.ID}
		if _, err := r.Resolve(t.Context(), ask); err != nil {
			t.Errorf("policy names the new root: %v", err)
		}
	})
	t.Run("rotation", func(t *testing.T) {
		moved := newCompany(t, acme, "acme")
		moved.root, moved.key, moved.list = c.root, c.key, c.list
		for range 3 { // a client may have missed some
			moved.rotateRoot()
		}
		r := resolver(at(moved))
		r.Store = first.copy()
		if _, err := r.Resolve(t.Context(), ask); err != nil {
			t.Fatalf("new root with the old one's word: %v", err)
		}
		moved.list.Previous = "" // the new root is pinned now
		if _, err := r.Resolve(t.Context(), ask); err != nil {
			t.Errorf("new root alone, once it is pinned: %v", err)
		}
		r.Store = first.copy()
		if _, err := r.Resolve(t.Context(), ask); !errors.Is(err, auth.DocumentPinMismatch) {
			t.Errorf("new root without the old one's word: %v", err)
		}
	})
	t.Run("forged rotation", func(t *testing.T) {
		for name, word := range map[string]func(c *company) (string, error){
			"by a stranger": func(i *company) (string, error) { return directory.SignRotation(acme, i.root.PublicKey, "", i.root) },
			"of another origin": func(i *company) (string, error) {
				return directory.SignRotation("https://x.com", i.root.PublicKey, "", c.root)
			},
			"to another root": func(*company) (string, error) { return directory.SignRotation(acme, newKey(t).PublicKey, "", c.root) },
			"garbage":         func(*company) (string, error) { return "a.b.c", nil },
		} {
			impostor := newCompany(t, acme, "acme")
			var err error
			impostor.list.Previous, err = word(impostor)
			impostor.must(err)
			r := resolver(at(impostor))
			r.Store = first.copy()
			if _, err := r.Resolve(t.Context(), ask); !errors.Is(err, auth.DocumentPinMismatch) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("loopback", func(t *testing.T) {
		const demo = "http://127.0.0.1:8200"
		for range 2 { // another root each time
			r.HTTP = &http.Client{Transport: at(newCompany(t, demo, "demo"))}
			if _, err := r.Resolve(t.Context(), directory.Query{Directory: demo, Code: "demo"}); err != nil {
				t.Errorf("loopback: %v", err)
			}
		}
	})
}

func TestBareCode(t *testing.T) {
	bare := directory.Query{Code: "acme"}
	first, second := newCompany(t, "https://one.example", "other"), newCompany(t, acme, "acme")
	r := resolver(at(first, second))
	if _, err := r.Resolve(t.Context(), bare); !errors.Is(err, auth.DirectoryNone) {
		t.Errorf("no directory: %v", err)
	}
	r.Directories = []string{"https://one.example/", "https://gone.example", acme}
	if res, err := r.Resolve(t.Context(), bare); err != nil || res.Origin != acme {
		t.Errorf("got %q, %v", res.Origin, err)
	}
	if _, err := r.Resolve(t.Context(), directory.Query{Code: "nobody"}); !errors.Is(err, auth.DirectoryUnreachable) {
		t.Errorf("unknown at two, third is away: %v", err)
	}
	second.bendDocument = flip(2)
	r.Directories = []string{acme, "https://one.example"}
	if _, err := r.Resolve(t.Context(), bare); !errors.Is(err, auth.DocumentTampered) {
		t.Errorf("tampered at the first: %v", err)
	}
}

func TestSuggestion(t *testing.T) {
	c := newCompany(t, acme, "acme")
	r := resolver(at(c))
	r.Known, r.Directories = []string{"acme", "demo"}, []string{acme}
	for _, row := range []struct{ problem, code, want string }{
		{`{"error":"not_found"}`, "acmee", "acme"},
		{`{"suggestion":"ACME-2"}`, "acmee", "acme-2"},
		{`{"suggestion":"https://evil.example"}`, "zzzzz", ""},
		{`not JSON`, "zzzzz", ""},
	} {
		c.notFound = row.problem
		_, err := r.Resolve(t.Context(), directory.Query{Code: row.code})
		fault, args := auth.FaultOf(err)
		if fault != auth.CodeUnknown || args["code"] != row.code || args["suggestion"] != row.want {
			t.Errorf("%s: %s %v, want suggestion %q", row.problem, fault, args, row.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	r := resolver(world{"gone.example": nil})
	for origin, want := range map[string]auth.Fault{
		"http://login.acme.com": auth.InsecureAddress,
		"ftp://login.acme.com":  auth.CodeInvalid,
		"https://gone.example":  auth.DirectoryUnreachable,
		"https://none.example":  auth.DirectoryUnreachable,
	} {
		if _, err := r.Resolve(t.Context(), directory.Query{Directory: origin, Code: "acme"}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", origin, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Resolve(ctx, directory.Query{Directory: "https://gone.example", Code: "acme"}); !errors.Is(err, auth.SignInCanceled) {
		t.Errorf("canceled: %v", err)
	}
	away := world{"login.acme.com": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://login.acme.com"+r.URL.Path, http.StatusFound)
	})}
	if _, err := resolver(away).Resolve(t.Context(), ask); !errors.Is(err, auth.DirectoryUnreachable) {
		t.Errorf("redirect to http: %v", err)
	}
}

// wellKnown serves what a mail domain says.
func wellKnown(path string, word any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), "@") || strings.Contains(r.URL.RawQuery, "li.lei") {
			http.Error(w, "more than the domain was sent", http.StatusBadRequest)
			return
		}
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		json.NewEncoder(w).Encode(word)
	})
}

func TestDomain(t *testing.T) {
	file := func(dir, code string) http.Handler {
		return wellKnown("/.well-known/lanyard-enterprise", map[string]string{"directory": dir, "code": code})
	}
	finger := func(rel, href string) http.Handler {
		return wellKnown("/.well-known/webfinger", map[string]any{"links": []map[string]string{{"rel": rel, "href": href}}})
	}
	for _, row := range []struct {
		name        string
		domain      string
		server      http.Handler
		fault       auth.Fault
		unconfirmed string
	}{
		{"file", "acme.com", file(acme, "acme"), "", ""},
		{"WebFinger", "acme.com", finger("urn:lanyard:rel:enterprise", acme+"/join/acme"), "", ""},
		{"not listed", "acme.org", file(acme, "acme"), "", "acme.org"},
		{"another relation", "acme.com", finger("http://openid.net/specs/connect/1.0/issuer", acme+"/join/acme"), auth.DomainUnknown, ""},
		{"nothing there", "acme.com", http.NotFoundHandler(), auth.DomainUnknown, ""},
		{"names plain http", "acme.com", file("http://login.acme.com", "acme"), auth.InsecureAddress, ""},
		{"names this computer", "acme.com", file("http://127.0.0.1:8200", "acme"), auth.InsecureAddress, ""},
		{"names no code", "acme.com", file(acme, ""), auth.DomainUnknown, ""},
		{"away", "acme.com", nil, auth.DirectoryUnreachable, ""},
		{"code unknown there", "acme.com", file(acme, "nobody"), auth.CodeUnknown, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := at(newCompany(t, acme, "acme"))
			w[row.domain] = row.server
			q, err := directory.Parse("li.lei@" + row.domain)
			if err != nil {
				t.Fatal(err)
			}
			res, err := resolver(w).Resolve(t.Context(), q)
			if row.fault == "" && (err != nil || res.Unconfirmed != row.unconfirmed) {
				t.Errorf("got unconfirmed %q, %v", res.Unconfirmed, err)
			}
			if row.fault != "" && !errors.Is(err, row.fault) {
				t.Errorf("got %v, want %s", err, row.fault)
			}
		})
	}
	if _, err := resolver(world{}).Resolve(t.Context(), directory.Query{Domain: "no.such.domain"}); !errors.Is(err, auth.DomainUnknown) {
		t.Errorf("no such domain: %v", err)
	}
}

func TestChangedStoreIsNoticed(t *testing.T) {
	r := resolver(at(newCompany(t, acme, "acme")))
	if _, err := r.Resolve(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	store := r.Store.(*memory)
	for name, data := range store.data {
		if strings.HasPrefix(name, "document-") {
			var kept map[string][]byte
			if err := json.Unmarshal(data, &kept); err != nil {
				t.Fatal(err)
			}
			kept["document"] = flip(1)(kept["document"])
			store.data[name], _ = json.Marshal(kept)
		}
	}
	if _, err := r.Cached(acme, "acme"); !errors.Is(err, auth.DocumentTampered) {
		t.Errorf("got %v", err)
	}
}

func TestSigningKeyRoundTrip(t *testing.T) {
	key := newKey(t)
	der, err := key.PKCS8()
	if err != nil {
		t.Fatal(err)
	}
	again, err := directory.ParseSigningKey(der)
	if err != nil || again.ID != key.ID {
		t.Errorf("private: %v, %v", again.ID, err)
	}
	pub, err := key.PKIX()
	if err != nil {
		t.Fatal(err)
	}
	public, err := directory.ParsePublicKey(pub)
	if err != nil || public.ID != key.ID {
		t.Errorf("public: %v, %v", public.ID, err)
	}
	raw, err := directory.SignDocument(document(acme, "acme"), key)
	if err != nil {
		t.Fatal(err)
	}
	if header, err := directory.Header(acme, key); err != nil || !bytes.HasPrefix(raw, header) {
		t.Errorf("header %s, %v", header, err)
	}
	seed := fmt.Sprintf("%d", private(t, key)[:8])
	if text := fmt.Sprintf("%v %+v %v", key, key, struct{ k directory.SigningKey }{key}); strings.Contains(text, strings.Trim(seed, "[]")) {
		t.Error("a print shows the private key")
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

// rootOf reads the kid of a compact JWS.
func rootOf(raw []byte) string {
	var header struct{ Kid string }
	data, _ := base64.RawURLEncoding.DecodeString(strings.Split(string(raw), ".")[0])
	_ = json.Unmarshal(data, &header)
	return header.Kid
}
