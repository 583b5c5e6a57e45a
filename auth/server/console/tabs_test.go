package console_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard/auth/server"
)

var (
	posted = regexp.MustCompile(`(?s)<form method="post"[^>]*? action="([^"]*)"[^>]*>(.*?)</form>`)
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// forms are a page's forms that change something: where each goes, and what it carries
// that nobody sees.
func (p page) forms() map[string]url.Values {
	all := map[string]url.Values{}
	for _, form := range posted.FindAllStringSubmatch(p.Body, -1) {
		carried := url.Values{}
		for _, field := range hidden.FindAllStringSubmatch(form[2], -1) {
			carried.Set(field[1], field[2])
		}
		all[form[1]] = carried
	}
	return all
}

// An operator has two tabs and opens another company in one of them. A form of the other
// tab is about the company whose name stands above it, and changes nothing at the new one.
func TestFormOfAnotherTab(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	for _, id := range []string{acme, other} {
		must(t, w.Store.SaveConnector(ctx, server.Connector{ID: "c-" + id, EnterpriseID: id, AppID: "AK" + id, Document: []byte(`{"kind":"oidc"}`), Active: true}))
	}
	b := w.operator().at(acme)
	tried := 0
	for _, path := range []string{
		"/admin/settings", "/admin/settings/certificates", "/admin/connector", "/admin/connector/new", "/admin/apps", "/admin/apps/new?preset=saml",
		"/admin/apps/app-acme", "/admin/people/person-acme",
	} {
		b.at(acme)
		forms := b.Get(path).forms()
		b.at(other)
		for action, carried := range forms {
			switch action {
			case "/admin/sign-out":
				continue
			case "/admin/settings":
				if p := b.upload(action, map[string]string{"about": carried.Get("about"), "name_en": "Acme", "code": "new"}, "logo", nil); p.Status != http.StatusConflict {
					t.Errorf("%s, with a picture: status %d to %q", action, p.Status, p.Location())
				}
			}
			tried++
			p := b.Post(action, carried)
			if p.Status != http.StatusConflict {
				t.Errorf("form of %s to %s: status %d to %q", path, action, p.Status, p.Location())
			}
			p.shows(t, action, "another tab", "nothing was changed")
		}
	}
	if tried < 15 {
		t.Errorf("only %d forms were found", tried)
	}
	if e, err := w.Store.Enterprise(ctx, other); err != nil || e.Name["en"] != "Other" {
		t.Errorf("the other company is %v, %v", e.Name, err)
	}
	// The way to a company leads from every tab, and its own forms work.
	b.at(acme)
	page := b.Get("/admin/companies")
	b.at(other)
	if p := b.Post("/admin/companies", page.forms()["/admin/companies"]); p.Location() != "/admin/" {
		t.Errorf("open a company: status %d to %q", p.Status, p.Location())
	}
	b.at(acme)
	if p := b.Post("/admin/people/person-acme/sign-out", b.Get("/admin/people/person-acme").forms()["/admin/people/person-acme/sign-out"]); !strings.HasPrefix(p.Location(), "/admin/people/person-acme") {
		t.Errorf("at its own company: status %d", p.Status)
	}
}
