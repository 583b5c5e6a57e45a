package demo

import (
	"net/http"
	"strings"

	"lanyard/assets"
)

// Link is one of the company's apps, as its home page lists it.
type Link struct {
	Name    string // a key of the words: "demo.notes.title"
	Address string // its access link
	How     string // a key of the words
}

// Developer is what somebody needs who writes an app for the company: a public client
// of its OpenID provider.
type Developer struct{ Issuer, ClientID string }

// Endpoints are the provider's, by discovery's names.
func (d Developer) Endpoints() []fact {
	return []fact{
		{"authorization_endpoint", d.Issuer + "/authorize"},
		{"token_endpoint", d.Issuer + "/token"},
		{"userinfo_endpoint", d.Issuer + "/userinfo"},
		{"jwks_uri", d.Issuer + "/keys"},
	}
}

// interfaces is what an admin enters to connect a server of their own to this company, by
// the names of the preset wps-style.
func (s *sso) interfaces() []fact {
	return []fact{
		{"authorize_url", s.cfg.BaseURL + "/authorize"},
		{"token_url", s.cfg.BaseURL + "/accessToken"},
		{"user_url", s.cfg.BaseURL + "/userInfo"},
		{"client_id", ClientID},
		{"client_secret", ClientSecret},
	}
}

// Switch is one fault on the panel.
type Switch struct {
	Name string
	On   bool
}

// home says who is signed in here and lets them out; it lists the company's apps, the
// faults that can be switched on, and what a developer needs.
func (s *sso) home(w http.ResponseWriter, r *http.Request) {
	p := newPage(r)
	p.Service, p.Title, p.Wide = p.T("demo.sso.service"), p.T("demo.sso.nobody"), true
	if who, ok := s.sessions.get(cookie(r, staffCookie)); ok {
		p.Name, p.Title = who.Name, p.T("demo.app.signed_in", "name", who.Name)
	}
	p.Apps, p.Developer, p.Admin, p.Interfaces = s.cfg.Apps, s.cfg.Developer, s.cfg.Admin, s.interfaces()
	for _, name := range allFaults {
		p.Faults = append(p.Faults, Switch{name, s.faults.is(name)})
	}
	if p.Developer.Issuer != "" {
		p.Example = exampleOf(p.Developer)
	}
	show(w, http.StatusOK, "company.html", p)
}

// exampleOf is the example for developers: who is signed in, in a dozen lines. A test
// runs it.
func exampleOf(d Developer) string {
	return strings.NewReplacer("ISSUER", d.Issuer, "CLIENT", d.ClientID).Replace(assets.DemoExample)
}
