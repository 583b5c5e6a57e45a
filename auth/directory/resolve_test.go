package directory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

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
