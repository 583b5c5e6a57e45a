package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// shelf keeps certificates as auth/server/saml does, without making keys.
type shelf struct {
	mu   sync.Mutex
	made int
	of   map[string][]server.Certificate
}

func (s *shelf) Certificates(_ context.Context, enterprise string) ([]server.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string][]server.Certificate{}
	}
	if len(s.of[enterprise]) == 0 {
		s.add(enterprise)
	}
	return append([]server.Certificate(nil), s.of[enterprise]...), nil
}

func (s *shelf) add(enterprise string) {
	s.made++
	s.of[enterprise] = append(s.of[enterprise], server.Certificate{
		ID: fmt.Sprintf("cert-%d", s.made), Fingerprint: fmt.Sprintf("AB:%02X", s.made), PEM: "-----BEGIN CERTIFICATE-----",
		NotAfter: time.Now().AddDate(5, 0, 0),
	})
}

func (s *shelf) Rotate(_ context.Context, enterprise string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.of[enterprise]) != 1 || !at.IsZero() {
		return auth.ErrConflict
	}
	s.add(enterprise)
	return nil
}

func (s *shelf) Switch(_ context.Context, enterprise string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.of[enterprise]) < 2 {
		return auth.ErrConflict
	}
	s.of[enterprise] = s.of[enterprise][1:]
	return nil
}

// TestCertificates goes the whole way of a change: one is shown, a second one prepared,
// the apps named that have to learn it, and then it is used, once.
func TestCertificates(t *testing.T) {
	const page = "/admin/settings/certificates"
	w := newWorld(t)
	w.populate()
	must(t, w.Store.SaveApp(t.Context(), server.App{
		ID: "cloud", EnterpriseID: acme, Title: auth.Text{"en": "Cloud"},
		Launch: json.RawMessage(`{"kind":"saml","saml":{"entity_id":"urn:x","acs":["https://x.example/acs"]}}`),
	}))
	b := w.person("acme", server.RoleAdministrator)
	b.Get("/admin/settings").shows(t, "settings", `href="`+page+`"`)
	p := b.Get(page)
	p.shows(t, "one", "In use", "AB:01", "Prepare a new one")
	if strings.Contains(p.Body, "/use") || strings.Contains(p.Body, "Cloud") {
		t.Errorf("one is to be used:\n%s", main(p.text()))
	}

	for range 2 { // pressed twice: one is enough
		b.follow(b.Post(page+"/new", nil))
	}
	p = b.Get(page + "?done=cert_prepared")
	p.shows(t, "two", "A second certificate is published", "AB:01", "AB:02", "First: give the new one", `<a href="/admin/apps/cloud">Cloud</a>`,
		w.Base.Issuer(acme)+"/saml/metadata", "Use the new one", `value="cert-2"`)
	if strings.Contains(p.Body, "App of acme") || strings.Contains(p.Body, page+"/new") {
		t.Errorf("two:\n%s", main(p.text()))
	}

	now := func() string {
		t.Helper()
		list, err := w.shelf.Certificates(t.Context(), acme)
		must(t, err)
		return list[0].ID
	}
	for _, id := range []string{"", "cert-1", "cert-3"} { // of a page that is out of date
		if p := b.Post(page+"/use", url.Values{"id": {id}}); p.Location() != page || now() != "cert-1" {
			t.Errorf("use %q: to %q, now %s", id, p.Location(), now())
		}
	}
	w.Advance(time.Minute)
	for range 2 {
		b.Post(page+"/use", url.Values{"id": {"cert-2"}})
	}
	if now() != "cert-2" {
		t.Errorf("now %s", now())
	}
	lines, err := w.Store.FindAudits(t.Context(), server.AuditFilter{EnterpriseID: acme, Text: "certificate", Limit: 10})
	must(t, err)
	if len(lines) != 2 || lines[0].Action != "certificate.used" || lines[1].Action != "certificate.prepared" || lines[0].Object != "AB:02" {
		t.Errorf("audit %+v", lines)
	}
	theirs, err := w.shelf.Certificates(t.Context(), other)
	must(t, err)
	if len(theirs) != 1 {
		t.Errorf("another's: %+v", theirs)
	}

	w.shelf.of[acme][0].NotAfter = w.Now().AddDate(0, 1, 0)
	b.Get(page).shows(t, "late", "It ends soon")
}
