package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
)

// posts are all forms of the console.
var posts = []string{
	"/admin/link/x", "/admin/sign-in", "/admin/password", "/admin/sign-out", "/admin/company", "/admin/companies",
	"/admin/companies/begun", "/admin/companies/new", "/admin/connector/new", "/admin/connector/details", "/admin/connector/test",
	"/admin/connector/values", "/admin/connector/save", "/admin/connector/drop", "/admin/connector/back",
	"/admin/people/person-acme/sign-out", "/admin/people/person-acme/sessions/session-acme/end",
	"/admin/people/person-acme/end", "/admin/people/person-acme/restore", "/admin/people/person-acme/role",
	"/admin/apps/new", "/admin/apps/app-acme", "/admin/apps/app-acme/move", "/admin/apps/app-acme/delete", "/admin/settings",
	"/admin/apps/app-acme/people", "/admin/connector/people", "/admin/connector/ways", "/admin/connector/delete",
	"/admin/settings/certificates/new", "/admin/settings/certificates/use",
}

func TestCrossSitePosts(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	for _, path := range posts {
		for name, headers := range map[string][2]string{
			"another site": {"Sec-Fetch-Site", "cross-site"}, "a sister host": {"Sec-Fetch-Site", "same-site"},
			"an old browser elsewhere": {"Origin", "https://evil.example"},
		} {
			if p := b.Do("POST", path, "", http.Header{"Content-Type": {servertest.FormType}, headers[0]: {headers[1]}}); p.Status != http.StatusForbidden {
				t.Errorf("POST %s from %s: status %d", path, name, p.Status)
			}
		}
		// Nothing is done by a GET.
		if p := b.Get(path); p.Status == http.StatusInternalServerError {
			t.Errorf("GET %s: status %d", path, p.Status)
		}
	}
	if _, err := w.Store.Session(context.Background(), acme, "session-acme", w.Now()); err != nil {
		t.Errorf("a session was ended: %v", err)
	}
}

func TestNobodyWithoutSession(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.browser()
	for _, path := range append([]string{
		"/admin/", "/admin/companies", "/admin/connector", "/admin/connector/new", "/admin/connector/details", "/admin/connector/test",
		"/admin/connector/done", "/admin/sign-ins", "/admin/people", "/admin/people/person-acme", "/admin/apps", "/admin/apps/new",
		"/admin/apps/app-acme", "/admin/apps/app-acme/openings", "/admin/apps/new?preset=saml", "/admin/icons/x", "/admin/settings", "/admin/settings/certificates", "/admin/audit", "/admin/audit/export.csv", "/admin/elsewhere",
	}, posts[2:]...) {
		if strings.HasPrefix(path, "/admin/company") {
			continue
		}
		if p := b.Get(path); p.Location() != "/admin/sign-in" && p.Status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: status %d to %q", path, p.Status, p.Location())
		}
		if p := b.Post(path, nil); p.Location() != "/admin/sign-in" && p.Status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: status %d to %q", path, p.Status, p.Location())
		}
	}
}

// Another enterprise's objects are not found by their ids, whoever asks.
func TestTenantsAreApart(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	must(t, w.Store.SaveIcon(ctx, other, server.Icon{SHA256: "beef", MediaType: "image/png", Data: []byte("x")}))
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: "4829-1375", EnterpriseID: other, PersonID: "person-other", At: w.Now()}))
	for name, b := range map[string]*browser{"operator": w.operator().at(acme), "administrator": w.person("acme", server.RoleAdministrator)} {
		for _, path := range []string{"/admin/people/person-other", "/admin/apps/app-other", "/admin/apps/app-other/openings", "/admin/icons/beef"} {
			if p := b.Get(path); p.Status != http.StatusNotFound {
				t.Errorf("%s: GET %s: status %d", name, path, p.Status)
			}
		}
		for _, path := range posts {
			path = strings.ReplaceAll(strings.ReplaceAll(path, "person-acme", "person-other"), "app-acme", "app-other")
			if path = strings.ReplaceAll(path, "session-acme", "session-other"); !strings.Contains(path, "-other") {
				continue
			}
			form := url.Values{"role": {"administrator"}, "name_en": {"x"}, "url": {"https://x.example"}, "kind": {"link"}}
			if p := b.Post(path, form); p.Status != http.StatusNotFound {
				t.Errorf("%s: POST %s: status %d", name, path, p.Status)
			}
		}
		// A session of another company by way of a person of one's own.
		if p := b.Post("/admin/people/person-acme/sessions/session-other/end", nil); p.Status != http.StatusNotFound {
			t.Errorf("%s: foreign session: status %d", name, p.Status)
		}
		if p := b.Get("/admin/sign-ins?q=4829-1375"); strings.Contains(p.Body, "4829-1375</code>") {
			t.Errorf("%s: another's sign-in is found", name)
		}
		if p := b.Get("/admin/people"); strings.Contains(p.Body, "of other") {
			t.Errorf("%s: another's people are listed", name)
		}
	}
	// An enterprise in the form is no way to another one.
	b := w.person("acme", server.RoleAdministrator)
	if p := b.Post("/admin/companies", url.Values{"id": {other}}); p.Status != http.StatusForbidden {
		t.Errorf("administrator moves: status %d", p.Status)
	}
	b.Post("/admin/settings", url.Values{"id": {other}, "enterprise": {other}, "name_en": {"Mine"}, "code": {"acme"}})
	if e, _ := w.Store.Enterprise(ctx, other); e.Name["en"] != "Other" {
		t.Errorf("another's name is now %v", e.Name)
	}
	if _, err := w.Store.Session(ctx, other, "session-other", w.Now()); err != nil {
		t.Errorf("another's session was ended: %v", err)
	}
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	w.populate()
	desk := w.person("acme", server.RoleHelpDesk)
	for path, want := range map[string]int{
		"/admin/": 200, "/admin/sign-ins": 200, "/admin/people": 200, "/admin/people/person-acme": 200, "/admin/apps/app-acme/openings": 200,
		"/admin/apps": 403, "/admin/apps/new": 403, "/admin/connector": 403, "/admin/connector/new": 403, "/admin/settings": 403, "/admin/settings/certificates": 403,
		"/admin/audit": 403, "/admin/audit/export.csv": 403, "/admin/companies": 403, "/admin/password": 403,
	} {
		if p := desk.Get(path); p.Status != want {
			t.Errorf("help desk: GET %s: status %d, want %d", path, p.Status, want)
		}
	}
	for _, path := range []string{
		"/admin/people/person-acme/end", "/admin/people/person-acme/restore", "/admin/people/person-acme/role", "/admin/settings",
		"/admin/apps/new", "/admin/apps/app-acme/delete", "/admin/apps/app-acme/people", "/admin/connector/people", "/admin/connector/ways",
		"/admin/connector/delete", "/admin/connector/new", "/admin/connector/save", "/admin/companies/new",
		"/admin/settings/certificates/new", "/admin/settings/certificates/use",
	} {
		if p := desk.Post(path, url.Values{"role": {"administrator"}}); p.Status != http.StatusForbidden {
			t.Errorf("help desk: POST %s: status %d", path, p.Status)
		}
	}
	if p := desk.Get("/admin/people/person-acme"); strings.Contains(p.Body, "End access") || !strings.Contains(p.Body, "Sign out on all devices") {
		t.Errorf("help desk sees: %s", main(p.Body))
	}
	if p := desk.Post("/admin/people/person-acme/sign-out", nil); p.Status != http.StatusSeeOther {
		t.Errorf("help desk signs out: status %d", p.Status)
	}
	admin := w.person("other", server.RoleAdministrator)
	for path, want := range map[string]int{"/admin/apps": 200, "/admin/audit": 200, "/admin/settings": 200, "/admin/companies": 403, "/admin/password": 403} {
		if p := admin.Get(path); p.Status != want {
			t.Errorf("administrator: GET %s: status %d, want %d", path, p.Status, want)
		}
	}
	if p := admin.Post("/admin/people/person-other/role", url.Values{"role": {""}}); p.Status != http.StatusForbidden {
		t.Errorf("own role: status %d", p.Status)
	}
	if p := w.operator().at(acme).Post("/admin/people/person-acme/role", url.Values{"role": {"operator"}}); p.Status != http.StatusBadRequest {
		t.Errorf("operator by form: status %d", p.Status)
	}
}

// Whatever stands in a field is text on every page.
func TestStoredHTML(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	const evil = `"><img src=x onerror=alert(1)><script>alert(1)</script>`
	must(t, w.Store.SaveEnterprise(ctx, server.Enterprise{Enterprise: auth.Enterprise{
		ID: acme, Code: "acme", Name: auth.Text{"en": evil, "zh": evil}, Domains: []string{evil}, Logo: "data:image/svg+xml;base64," + evil,
		Help: auth.Help{Name: evil, Phone: evil, Chat: evil, Link: "javascript:alert(1)"},
	}}))
	person, err := w.Store.UpsertPerson(ctx, server.Person{
		ID: "p1", EnterpriseID: acme, Key: "k", Name: evil, Email: evil, Avatar: "javascript:alert(1)", LastSeen: w.Now(),
	})
	must(t, err)
	must(t, w.Store.SaveSession(ctx, server.Session{
		ID: "s1", EnterpriseID: acme, PersonID: person.ID, Device: evil, Client: evil, CreatedAt: w.Now(), LastSeen: w.Now(), ExpiresAt: w.Now().AddDate(1, 0, 0),
	}))
	must(t, w.Store.SaveApp(ctx, server.App{
		ID: `a"><script>`, EnterpriseID: acme, Title: auth.Text{"en": evil}, Launch: json.RawMessage(`{"kind":"link","url":"javascript:alert(1)"}`), Plain: evil,
	}))
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{
		Reference: "1234-5678", EnterpriseID: acme, PersonID: person.ID, AppID: evil, Stage: evil, Fault: auth.ProviderFailed, Detail: evil, At: w.Now(),
	}))
	must(t, w.Store.SaveAdmin(ctx, server.Admin{ID: "a1", EnterpriseID: acme, PersonID: "p1", Name: evil, Role: server.RoleHelpDesk}))
	must(t, w.Store.RecordAudit(ctx, server.Audit{ID: "x", EnterpriseID: acme, Actor: evil, Action: evil, Object: evil, Detail: evil, At: w.Now()}))
	b := w.operator().at(acme)
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(url.Values{"authorize_url": {evil}, "client_id": {evil}})
	for _, lang := range []string{"en", "zh"} {
		b.lang = lang
		for _, path := range []string{
			"/admin/", "/admin/companies", "/admin/connector/details", "/admin/sign-ins", "/admin/sign-ins?q=" + url.QueryEscape(evil), "/admin/people",
			"/admin/people?q=" + url.QueryEscape(evil), "/admin/people/p1", "/admin/apps", "/admin/apps/" + url.PathEscape(`a"><script>`), "/admin/apps/" + url.PathEscape(`a"><script>`) + "/openings", "/admin/settings",
			"/admin/audit", "/admin/audit?q=" + url.QueryEscape(evil), "/admin/?done=" + url.QueryEscape(evil),
			"/admin/company?code=" + url.QueryEscape(evil), "/admin/connector/new",
		} {
			p := b.Get(path)
			if p.Status == http.StatusInternalServerError {
				t.Errorf("%s: status %d", path, p.Status)
			}
			for _, bad := range []string{"<img src=x", "<script>alert", `href="javascript:`, "image/svg"} {
				if strings.Contains(p.Body, bad) {
					t.Errorf("%s: the page holds %s:\n%s", path, bad, main(p.Body))
				}
			}
			policy := p.Header.Get("Content-Security-Policy")
			if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
	}
	// As a table, no cell is a formula.
	must(t, w.Store.RecordAudit(ctx, server.Audit{ID: "y", EnterpriseID: acme, Actor: "=1+1", Object: "@x", Detail: "-1", At: w.Now()}))
	p := b.Get("/admin/audit/export.csv")
	if p.Header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Contains(p.Body, ",=1") || !strings.Contains(p.Body, "'=1+1,,'@x,'-1") {
		t.Errorf("export: %s", p.Body)
	}
}

// form is a multipart form with one file.
func (b *browser) upload(path string, fields map[string]string, name string, file []byte) page {
	b.w.T.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for k, v := range fields {
		must(b.w.T, m.WriteField(k, v))
	}
	part, err := m.CreateFormFile(name, "../../x.png")
	must(b.w.T, err)
	_, err = part.Write(file)
	must(b.w.T, err)
	must(b.w.T, m.Close())
	return page{b.Do("POST", path, body.String(), http.Header{
		"Content-Type": {m.FormDataContentType()}, "Sec-Fetch-Site": {"same-origin"},
	})}
}
