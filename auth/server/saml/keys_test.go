package saml_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

var metadataCert = regexp.MustCompile(`<X509Certificate>([^<]+)</X509Certificate>`)

// published returns the certificates of the metadata.
func (w *world) published(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, m := range metadataCert.FindAllStringSubmatch(w.browser().Get(w.issuer()+"/saml/metadata").Body, -1) {
		out = append(out, m[1])
	}
	return out
}

// TestMetadata says all that an admin of a service provider needs.
func TestMetadata(t *testing.T) {
	w := newWorld(t)
	p := w.browser().Get(w.issuer() + "/saml/metadata")
	want(t, "type", p.Header.Get("Content-Type"), "application/samlmetadata+xml; charset=utf-8")
	for _, part := range []string{
		`entityID="` + w.issuer() + `/saml/metadata"`, `use="signing"`,
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + w.issuer() + `/saml/sso">`,
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + w.issuer() + `/saml/sso">`,
	} {
		if !strings.Contains(p.Body, part) {
			t.Errorf("metadata lacks %s:\n%s", part, p.Body)
		}
	}
	certs, err := w.provider.Certificates(t.Context(), acme)
	must(t, err)
	block, _ := pem.Decode([]byte(certs[0].PEM))
	wantList(t, "certificates", w.published(t), base64.StdEncoding.EncodeToString(block.Bytes))
	if len(certs[0].Fingerprint) != 95 {
		t.Errorf("fingerprint = %q", certs[0].Fingerprint)
	}
	if p := w.browser().Get("/e/nobody/saml/metadata"); p.Status == http.StatusOK || !strings.HasPrefix(p.Body, "page: enterprise_none") {
		t.Errorf("unknown enterprise: %d %s", p.Status, p.Body)
	}
	// Each enterprise has a key of its own.
	theirs, err := w.provider.Certificates(t.Context(), other)
	must(t, err)
	if left := theirs[0].NotAfter.Sub(w.Now()); left < 9*365*24*time.Hour {
		t.Errorf("the certificate counts for %s only", left)
	}
	if theirs[0].PEM == certs[0].PEM {
		t.Error("two enterprises, one key")
	}
}

// TestRollover publishes two certificates and signs by the old one until the time, or
// until an admin says so.
func TestRollover(t *testing.T) {
	for name, timed := range map[string]bool{"at a time": true, "by hand": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.app(acme, "wiki", wiki())
			b := w.browser().signIn(w.zhangsan())
			signs := func() string {
				return strings.Join(strings.Fields(form(t, b.open(acme, "wiki")).one(t).Signature.Certificate), "")
			}
			old := signs()
			wantErr(t, w.provider.Switch(t.Context(), acme), auth.ErrConflict)

			at := time.Time{}
			if timed {
				at = w.Now().Add(time.Hour)
			}
			must(t, w.provider.Rotate(t.Context(), acme, at))
			wantErr(t, w.provider.Rotate(t.Context(), acme, at), auth.ErrConflict)
			both := w.published(t)
			if len(both) != 2 || both[0] != old {
				t.Fatalf("published %d certificates", len(both))
			}
			w.Advance(59 * time.Minute)
			want(t, "signs until then", signs(), old)
			if timed {
				w.Advance(2 * time.Minute)
			} else {
				must(t, w.provider.Switch(t.Context(), acme))
			}
			want(t, "signs from then on", signs(), both[1])
			wantList(t, "published", w.published(t), both[1])
			want(t, "another instance signs by", certificateOf(t, w, acme), both[1])
		})
	}
}

func certificateOf(t testing.TB, w *world, enterprise string) string {
	t.Helper()
	certs, err := w.instance().Certificates(t.Context(), enterprise)
	must(t, err)
	if len(certs) != 1 || !certs[0].Signs {
		t.Fatalf("certificates = %+v", certs)
	}
	block, _ := pem.Decode([]byte(certs[0].PEM))
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

func wantErr(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error = %v, want kind %v", err, kind)
	}
}

type stored = server.Keys

// slowKeys let several instances look before any of them saves.
type slowKeys struct {
	stored
	looked *sync.WaitGroup
	once   sync.Once
}

func (s *slowKeys) Keys(ctx context.Context, enterprise, use string) ([]server.Key, error) {
	rows, err := s.stored.Keys(ctx, enterprise, use)
	s.once.Do(func() {
		s.looked.Done()
		s.looked.Wait()
	})
	return rows, err
}

// TestFirstKeys lets several instances meet an enterprise without a key at once: one
// key is left.
func TestFirstKeys(t *testing.T) {
	w := newWorld(t)
	var looked, done sync.WaitGroup
	const instances = 4
	looked.Add(instances)
	for range instances {
		p := w.instanceWith(&slowKeys{stored: w.Store, looked: &looked})
		done.Go(func() {
			if _, err := p.Certificates(context.WithoutCancel(t.Context()), other); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	rows, err := w.Store.Keys(t.Context(), other, "saml")
	must(t, err)
	left := 0
	for _, row := range rows {
		if row.RetireAt.IsZero() {
			left++
		}
	}
	if len(rows) < 2 || left != 1 {
		t.Errorf("%d keys were made, %d are left, want one", len(rows), left)
	}
	certificateOf(t, w, other)
}
