package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
	"lanyard/auth/server/console"
	"lanyard/auth/server/servertest"
	"lanyard/auth/server/setup"
)

const (
	acme  = servertest.Acme
	other = servertest.Other

	goodPassword = "correct horse battery"
	vendorSecret = "c4nary-vendor-secret"
	vendorToken  = "c4nary-vendor-token"
)

// must keeps the tests' lines short.
var must = servertest.Must

// vendor is a company's own sign-in of three interfaces. Each of its answers can be
// replaced.
type vendor struct {
	url string

	mu    sync.Mutex
	token func(http.ResponseWriter, *http.Request) bool // true: it has answered
	user  any
	state string // the name it sends the state back by
}

func (v *vendor) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

func newVendor(t testing.TB) *vendor {
	v := &vendor{user: map[string]any{"union_id": "ZhangSan", "user_name": "张三"}, state: "state"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		back, err := url.Parse(r.FormValue("redirect_uri"))
		must(t, err)
		q := back.Query()
		q.Set("code", "code-of-zhangsan")
		q.Set(v.state, r.FormValue("state"))
		back.RawQuery = q.Encode()
		w.Header().Set("Location", back.String())
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("POST /accessToken", func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.token != nil && v.token(w, r) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.PostFormValue("client_secret") != vendorSecret {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"`+vendorToken+`","expires_in":3600}`)
	})
	mux.HandleFunc("GET /userInfo", func(w http.ResponseWriter, _ *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v.user)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	v.url = s.URL
	return v
}

// values are the vendor's in the preset's blanks.
func (v *vendor) values() url.Values {
	return url.Values{
		"authorize_url": {v.url + "/authorize"}, "token_url": {v.url + "/accessToken"}, "user_url": {v.url + "/userInfo"},
		"client_id": {"acme"}, "client_secret": {vendorSecret},
	}
}

// gate lets in whoever the test says is signed in at an enterprise.
type gate struct {
	mu   sync.Mutex
	here map[string]string // person by enterprise
	away string            // the origin of the companies' sign-in
}

func (g *gate) Session(_ *http.Request, enterprise string) (server.Session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	person := g.here[enterprise]
	if person == "" {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	return server.Session{ID: "s", EnterpriseID: enterprise, PersonID: person}, nil
}

func (g *gate) Begin(w http.ResponseWriter, _ *http.Request, enterprise, ret string, _ server.BeginOptions) {
	w.Header().Set("Location", g.away+"/sso/"+enterprise+"?ret="+url.QueryEscape(ret))
	w.WriteHeader(http.StatusSeeOther)
}
func (g *gate) Attach(http.ResponseWriter, *http.Request, server.Session, auth.Secret) {}
func (g *gate) End(http.ResponseWriter, *http.Request, string) error                   { return nil }

// world is a console over a real store and the real workshop.
type world struct {
	*servertest.Site
	console *console.Console
	gate    *gate
	vendor  *vendor
	shelf   *shelf
	ended   func()                    // runs when a person's access has been ended
	found   func(server.AdminSession) // runs when an admin's session has been found
	known   func(server.Admin)        // runs when who signs in has been found
	asked   func()                    // runs when it has been asked whether a person is an admin
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Site: servertest.New(t), shelf: &shelf{}, gate: &gate{here: map[string]string{}}, vendor: newVendor(t)}
	s := w.Store
	policy := connector.Policy{Loopback: true}
	client := connector.NewHTTPClient(policy)
	shop, err := setup.New(setup.Config{
		Base: w.Base, Enterprises: s, Codes: s, Connectors: s, Keys: s, Clients: s, Catalogue: s, Drafts: s, Audiences: s, Removal: s,
		Engine: &connector.Engine{HTTP: client, Now: w.Now}, OIDC: &openid.Client{HTTP: client, Now: w.Now},
	})
	must(t, err)
	w.console, err = console.New(console.Config{
		Base: w.Base, Enterprises: s, Codes: s, People: ending{s, w}, PeopleList: s, Sessions: s, SignIns: s, Catalogue: s, Clients: s,
		Admins: finding{s, w}, Audits: s, Workshop: shop, Gate: w.gate, Pages: assets.ConsolePages,
		Audiences: s, Openings: s, Removal: s, Certificates: w.shelf, Reaches: policy.Reaches,
		ReadMetadata: func(xml []byte) (server.SAML, error) {
			if !strings.Contains(string(xml), "EntityDescriptor") {
				return server.SAML{}, auth.Fail(auth.SAMLMetadata, nil, errors.New("not metadata"))
			}
			return server.SAML{EntityID: "https://sp.example/saml", ACS: []string{"https://sp.example/acs"}}, nil
		},
	})
	must(t, err)
	mux := http.NewServeMux()
	w.console.Mount(mux)
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	w.Mux.Handle("/", w.console.Callbacks(mux))
	return w
}

// ending is the store's people, and says when somebody's access has been ended.
type ending struct {
	server.People
	w *world
}

func (e ending) EndPerson(ctx context.Context, enterprise, id string, now time.Time) error {
	err := e.People.EndPerson(ctx, enterprise, id, now)
	if e.w.ended != nil {
		e.w.ended()
	}
	return err
}

// finding is the store's admins, and says when one of them, or a session of theirs, has
// been found.
type finding struct {
	server.Admins
	w *world
}

func (f finding) AdminSession(ctx context.Context, cookieHash string, now time.Time) (server.AdminSession, error) {
	s, err := f.Admins.AdminSession(ctx, cookieHash, now)
	if err == nil && f.w.found != nil {
		f.w.found(s)
	}
	return s, err
}

func (f finding) AdminByName(ctx context.Context, name string) (server.Admin, error) {
	return f.says(f.Admins.AdminByName(ctx, name))
}

func (f finding) AdminByPerson(ctx context.Context, enterprise, person string) (server.Admin, error) {
	a, err := f.says(f.Admins.AdminByPerson(ctx, enterprise, person))
	if f.w.asked != nil {
		f.w.asked()
	}
	return a, err
}

func (f finding) says(a server.Admin, err error) (server.Admin, error) {
	if err == nil && f.w.known != nil {
		f.w.known(a)
	}
	return a, err
}

// populate makes the two enterprises, each with a person of the same name and an app.
func (w *world) populate() {
	w.T.Helper()
	ctx, now := context.Background(), w.Now()
	w.Companies()
	for id, code := range map[string]string{acme: "acme", other: "other"} {
		_, err := w.Store.UpsertPerson(ctx, server.Person{
			ID: "person-" + code, EnterpriseID: id, Key: "k", Account: "ZhangSan", Name: "张三 of " + code, CreatedAt: now, LastSeen: now,
		})
		must(w.T, err)
		must(w.T, w.Store.SaveSession(ctx, server.Session{
			ID: "session-" + code, EnterpriseID: id, PersonID: "person-" + code, Client: server.DesktopClient, Device: "Lanyard on " + code,
			AuthTime: now, ProvenAt: now, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		}))
		must(w.T, w.Store.SaveApp(ctx, server.App{
			ID: "app-" + code, EnterpriseID: id, Title: auth.Text{"en": "App of " + code}, Launch: json.RawMessage(`{"kind":"link","url":"https://a.example/"}`),
		}))
	}
}

// browser sends what a browser of today does.
type browser struct {
	*servertest.Browser
	w    *world
	lang string // the language that it prefers
}

func (w *world) browser() *browser { return &browser{w.Browser(), w, "en"} }

// page is an answer that says something to an admin.
type page struct{ servertest.Page }

// text is what the page says, entities decoded.
func (p page) text() string { return html.UnescapeString(p.Body) }

func (b *browser) Get(address string) page {
	b.w.T.Helper()
	return page{b.Do("GET", address, "", http.Header{"Accept-Language": {b.lang}})}
}

func (b *browser) Post(address string, form url.Values) page {
	b.w.T.Helper()
	return page{b.Do("POST", address, form.Encode(), http.Header{
		"Accept-Language": {b.lang}, "Content-Type": {servertest.FormType}, "Sec-Fetch-Site": {"same-origin"},
	})}
}

// follow goes where a page leads.
func (b *browser) follow(p page) page {
	b.w.T.Helper()
	for range 6 {
		if p.Location() == "" {
			return p
		}
		p = b.Get(p.Location())
	}
	b.w.T.Fatal("redirects without end")
	return p
}

// operatorWithoutPassword returns a browser that a one-time link has let in.
func (w *world) operatorWithoutPassword() *browser {
	w.T.Helper()
	link, err := console.NewLink(context.Background(), w.Base, w.Store)
	must(w.T, err)
	b := w.browser()
	if p := b.Post(link.Reveal(), nil); p.Location() != "/admin/password" {
		w.T.Fatalf("link: status %d, to %q\n%s", p.Status, p.Location(), p.Body)
	}
	return b
}

// operator returns a browser whose operator has a password and is signed in.
func (w *world) operator() *browser {
	w.T.Helper()
	b := w.operatorWithoutPassword()
	p := b.Post("/admin/password", url.Values{"password": {goodPassword}, "again": {goodPassword}})
	if !strings.HasPrefix(p.Location(), "/admin/") {
		w.T.Fatalf("password: status %d\n%s", p.Status, p.Body)
	}
	return b
}

// at makes the operator's browser work on an enterprise.
func (b *browser) at(enterprise string) *browser {
	b.w.T.Helper()
	if p := b.Post("/admin/companies", url.Values{"id": {enterprise}}); p.Location() != "/admin/" {
		b.w.T.Fatalf("choose company: status %d\n%s", p.Status, p.Body)
	}
	return b
}

// person returns a browser in which a person with a role has opened the console.
func (w *world) person(code string, role server.Role) *browser {
	w.T.Helper()
	id := map[string]string{"acme": acme, "other": other}[code]
	admin := server.Admin{ID: "admin-" + code + string(role), EnterpriseID: id, PersonID: "person-" + code, Name: "张三", Role: role}
	must(w.T, w.Store.SaveAdmin(context.Background(), admin))
	w.gate.mu.Lock()
	w.gate.here[id] = "person-" + code
	w.gate.mu.Unlock()
	b := w.browser()
	if p := b.Post("/admin/company", url.Values{"code": {code}}); p.Location() != "/admin/" {
		w.T.Fatalf("enter: status %d\n%s", p.Status, p.Body)
	}
	return b
}

func (p page) shows(t testing.TB, what string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(p.text(), w) {
			t.Errorf("%s: status %d to %q, page does not say %q:\n%s", what, p.Status, p.Location(), w, main(p.text()))
		}
	}
}

var mainPart = regexp.MustCompile(`(?s)<main.*</main>`)

// main is a page without what is the same on all.
func main(body string) string {
	if m := mainPart.FindString(body); m != "" {
		return m
	}
	return body
}
