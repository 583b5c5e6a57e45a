package demo_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/demo"
	"lanyard/auth/server/saml"
	"lanyard/auth/server/store"
	"lanyard/auth/server/threestep"
	"lanyard/auth/words"
)

const company = "0a11acme0000000000000000000000aa"

// provider is the company's server, as much of it as the cloud and the documents need:
// somebody is signed in already.
type provider struct {
	t       *testing.T
	issuer  string
	store   *store.Store
	base    *server.Base
	saml    *saml.Provider
	session server.Session
}

func (p *provider) Session(*http.Request, string) (server.Session, error) { return p.session, nil }

func (p *provider) Begin(http.ResponseWriter, *http.Request, string, string, server.BeginOptions) {}

func (p *provider) Attach(http.ResponseWriter, *http.Request, server.Session, auth.Secret) {}

func (p *provider) End(http.ResponseWriter, *http.Request, string) error { return nil }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newCompanyServer(t *testing.T) *provider {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	must(t, err)
	t.Cleanup(func() { _ = st.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(t, err)
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	p := &provider{t: t, store: st, base: &server.Base{PublicURL: srv.URL, Sealer: sealer, Lifetimes: server.DefaultLifetimes()}}
	p.issuer = p.base.Issuer(company)
	fail := func(w http.ResponseWriter, _ *http.Request, _ string, err error) {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	p.saml, err = saml.New(saml.Config{
		Base: p.base, Enterprises: st, People: st, Catalogue: st, Keys: st, Flows: st, Gate: p, Fail: fail,
		Pages: assets.SAMLPages, Lang: words.Match, Text: words.T,
	})
	must(t, err)
	p.saml.Mount(mux)
	three, err := threestep.New(threestep.Config{Base: p.base, People: st, Clients: st, Grants: st, Gate: p, Fail: fail})
	must(t, err)
	three.Mount(mux)

	now := p.base.Time()
	must(t, st.SaveEnterprise(t.Context(), server.Enterprise{
		Enterprise: auth.Enterprise{ID: company, Code: "berry", Name: auth.Text{"en": demo.Company}}, CreatedAt: now, UpdatedAt: now,
	}))
	person, err := st.UpsertPerson(t.Context(), server.Person{ID: auth.RandomID(), EnterpriseID: company, Key: "k", Name: "张三", CreatedAt: now, LastSeen: now})
	must(t, err)
	p.session = server.Session{
		ID: auth.RandomID(), EnterpriseID: company, PersonID: person.ID, AuthTime: now, ProvenAt: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	must(t, st.SaveSession(t.Context(), p.session))
	return p
}

var samlField = regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`)

// response is what the company's server posts for an app.
func (p *provider) response(sp server.SAML) string {
	p.t.Helper()
	launch, err := json.Marshal(server.LaunchSpec{Kind: server.LaunchSAML, SAML: &sp})
	must(p.t, err)
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, p.issuer+"/a/cloud", nil)
	must(p.t, p.saml.Open(w, r, server.App{ID: "cloud", EnterpriseID: company, Launch: launch}, p.session))
	m := samlField.FindStringSubmatch(w.Body.String())
	if m == nil {
		p.t.Fatalf("no response on the page:\n%s", w.Body)
	}
	return strings.NewReplacer("&#43;", "+", "&#61;", "=").Replace(m[1])
}

// role is what the demo says of the cloud, with a change.
func role(base string, change func(*server.SAML)) server.SAML {
	sp := server.SAML{
		EntityID: demo.CloudEntity, ACS: []string{demo.CloudACS(base)},
		Attributes: []server.SAMLAttribute{
			{Name: demo.RoleAttribute, Values: []string{demo.CloudRole("reader")}},
			{Name: demo.SessionNameAttribute, Values: []string{"{sub}"}},
			{Name: demo.DisplayNameAttribute, Values: []string{"{name}"}},
		},
	}
	if change != nil {
		change(&sp)
	}
	return sp
}

func startCloud(t *testing.T, issuer string) string {
	t.Helper()
	return startApp(t, issuer, func(c demo.AppConfig) http.Handler {
		c.Start = issuer + "/a/cloud"
		return demo.NewCloud(c)
	})
}

func TestCloud(t *testing.T) {
	p := newCompanyServer(t)
	base, b := startCloud(t, p.issuer), newBrowser(t)
	if page := b.get(base + "/"); !strings.Contains(page.body, p.issuer+"/a/cloud") || strings.Contains(page.body, "Signed in as") {
		t.Errorf("nobody yet:\n%s", page.body)
	}
	response := p.response(role(base, nil))
	if res := b.post(demo.CloudACS(base), url.Values{"SAMLResponse": {response}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("posted: %d\n%s", res.StatusCode, res.body)
	}
	page := b.get(base + "/")
	for _, want := range []string{"Signed in as 张三", "SAML", "reader", p.session.PersonID, demo.CloudAccount} {
		if !strings.Contains(page.body, want) {
			t.Errorf("page lacks %q:\n%s", want, page.body)
		}
	}
	refused := func(what, response string) {
		t.Helper()
		b := newBrowser(t)
		res := b.post(demo.CloudACS(base), url.Values{"SAMLResponse": {response}})
		if res.StatusCode != http.StatusForbidden || strings.Contains(b.get(base+"/").body, "Signed in as") {
			t.Errorf("%s: %d", what, res.StatusCode)
		}
	}
	refused("the same again", response)
	refused("nothing", "")
	refused("no base64", "<Response/>")
	for what, change := range map[string]func(*server.SAML){
		"another audience":    func(sp *server.SAML) { sp.EntityID = "urn:alibaba:cloudcomputing:international" },
		"for another address": func(sp *server.SAML) { sp.ACS = []string{"http://localhost:1/saml-role/sso"} },
		"no role":             func(sp *server.SAML) { sp.Attributes = sp.Attributes[1:] },
		"no session name":     func(sp *server.SAML) { sp.Attributes = sp.Attributes[:1] },
		"a role of another account": func(sp *server.SAML) {
			sp.Attributes[0].Values = []string{"acs:ram::1:role/reader,acs:ram::1:saml-provider/lanyard"}
		},
		"another provider's role": func(sp *server.SAML) {
			sp.Attributes[0].Values = []string{strings.Replace(demo.CloudRole("reader"), "/lanyard", "/other", 1)}
		},
		"one role too many":     func(sp *server.SAML) { sp.Attributes[0].Values = append(sp.Attributes[0].Values, "root") },
		"two session names":     func(sp *server.SAML) { sp.Attributes[1].Values = []string{"{sub}", "root"} },
		"a session name of two": func(sp *server.SAML) { sp.Attributes[1].Values = []string{"{name} {name}"} },
	} {
		refused(what, p.response(role(base, change)))
	}
	change := func(response, from, to string) string {
		t.Helper()
		message, err := base64.StdEncoding.DecodeString(response)
		must(t, err)
		if !strings.Contains(string(message), from) {
			t.Fatalf("the response has no %q", from)
		}
		return base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(string(message), from, to)))
	}
	refused("a changed role", change(p.response(role(base, nil)), "role/reader", "role/administrator"))
	message, err := base64.StdEncoding.DecodeString(p.response(role(base, nil)))
	must(t, err)
	unsigned := regexp.MustCompile(`(?s)<([a-z]*:?)Signature[ >].*?</[a-z]*:?Signature>`).ReplaceAll(message, nil)
	if len(unsigned) == len(message) {
		t.Fatal("the response has no signature")
	}
	refused("without its signature", base64.StdEncoding.EncodeToString(unsigned))
	refused("another company's server", newCompanyServer(t).response(role(base, nil)))
}

func TestDocs(t *testing.T) {
	p := newCompanyServer(t)
	base, b := startApp(t, p.issuer, func(c demo.AppConfig) http.Handler {
		must(t, p.store.SaveClient(t.Context(), server.Client{
			ID: c.ClientID, EnterpriseID: company, SecretHash: server.Hash(c.ClientSecret),
			RedirectURIs: []string{demo.DocsCallback(c.BaseURL)}, Three: &server.Three{},
		}))
		return demo.NewDocs(c)
	}), newBrowser(t)
	if page := b.get(base + "/"); strings.Contains(page.body, "Signed in as") || !strings.Contains(page.body, "/oauth/v1/auth?app_id=") {
		t.Errorf("nobody yet:\n%s", page.body)
	}
	page := b.follow(demo.DocsLink(base))
	for _, want := range []string{"Signed in as 张三", demo.DocsAppID, p.issuer, "here for the first time"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("page lacks %q:\n%s", want, page.body)
		}
	}
	if at := page.Request.URL; at.Path != "/" || at.RawQuery != "" {
		t.Errorf("ended at %s", at)
	}

	refused := func(what string, page answer) {
		t.Helper()
		if page.StatusCode != http.StatusBadRequest || strings.Contains(page.body, "Signed in as") {
			t.Errorf("%s: %d", what, page.StatusCode)
		}
	}
	refused("another APPID", b.get(base+"/oauth/v1/auth?app_id=AK1"))
	refused("another target", b.get(base+"/oauth/v1/auth?"+url.Values{"app_id": {demo.DocsAppID}, "cb": {"https://evil.example/"}}.Encode()))
	refused("a target that begins alike", b.get(base+"/oauth/v1/auth?"+url.Values{"app_id": {demo.DocsAppID}, "cb": {base + ".evil.example/"}}.Encode()))
	refused("out of nowhere", newBrowser(t).get(demo.DocsCallback(base)+"&code=x&state=y"))

	// A code of another browser's sign-in.
	other := newBrowser(t)
	to, err := other.get(demo.DocsLink(base)).Location()
	must(t, err)
	back, err := other.get(to.String()).Location()
	must(t, err)
	refused("in another browser", newBrowser(t).get(back.String()))
	if page := other.follow(back.String()); !strings.Contains(page.body, "Signed in as 张三") {
		t.Errorf("in its own:\n%s", page.body)
	}
	refused("a second time", other.get(back.String()))
}
