package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
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
	"lanyard/auth/server/setup"
	"lanyard/auth/server/store"
)

const (
	acme  = "0a11acme0000000000000000000000aa"
	other = "0b22other000000000000000000000bb"

	goodPassword = "correct horse battery"
	vendorSecret = "c4nary-vendor-secret"
	vendorToken  = "c4nary-vendor-token"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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
	t       testing.TB
	url     string
	base    *server.Base
	store   *store.Store
	console *console.Console
	gate    *gate
	vendor  *vendor
	shelf   *shelf
	ended   func() // runs when a person's access has been ended

	mu  sync.Mutex
	now time.Time
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "lanyard.db"))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(t, err)
	w := &world{t: t, store: s, shelf: &shelf{}, gate: &gate{here: map[string]string{}}, now: time.Now().UTC().Truncate(time.Second)}
	w.base = &server.Base{Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: w.Now}
	mux := http.NewServeMux()
	var handler http.Handler
	listener := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(listener.Close)
	w.url, w.base.PublicURL = listener.URL, listener.URL
	policy := connector.Policy{Loopback: true}
	client := connector.NewHTTPClient(policy)
	shop, err := setup.New(setup.Config{
		Base: w.base, Enterprises: s, Codes: s, Connectors: s, Keys: s, Clients: s, Catalogue: s, Drafts: s, Audiences: s, Removal: s,
		Engine: &connector.Engine{HTTP: client, Now: w.Now}, OIDC: &openid.Client{HTTP: client, Now: w.Now},
	})
	must(t, err)
	w.console, err = console.New(console.Config{
		Base: w.base, Enterprises: s, Codes: s, People: ending{s, w}, PeopleList: s, Sessions: s, SignIns: s, Catalogue: s, Clients: s,
		Admins: s, Audits: s, Workshop: shop, Gate: w.gate, Pages: assets.ConsolePages,
		Audiences: s, Openings: s, Removal: s, Certificates: w.shelf, Reaches: policy.Reaches,
		ReadMetadata: func(xml []byte) (server.SAML, error) {
			if !strings.Contains(string(xml), "EntityDescriptor") {
				return server.SAML{}, auth.Fail(auth.SAMLMetadata, nil, errors.New("not metadata"))
			}
			return server.SAML{EntityID: "https://sp.example/saml", ACS: []string{"https://sp.example/acs"}}, nil
		},
	})
	must(t, err)
	w.console.Mount(mux)
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	handler = w.console.Callbacks(mux)
	w.vendor = newVendor(t)
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

// companies makes two enterprises, each with a person of the same name and an app.
func (w *world) companies() {
	w.t.Helper()
	ctx := context.Background()
	for id, code := range map[string]string{acme: "acme", other: "other"} {
		must(w.t, w.store.SaveEnterprise(ctx, server.Enterprise{
			Enterprise: auth.Enterprise{ID: id, Code: code, Name: auth.Text{"en": strings.ToUpper(code)}}, CreatedAt: w.now, UpdatedAt: w.now,
		}))
		_, err := w.store.UpsertPerson(ctx, server.Person{
			ID: "person-" + code, EnterpriseID: id, Key: "k", Name: "张三 of " + code, CreatedAt: w.now, LastSeen: w.now,
		})
		must(w.t, err)
		must(w.t, w.store.SaveSession(ctx, server.Session{
			ID: "session-" + code, EnterpriseID: id, PersonID: "person-" + code, Client: server.DesktopClient, Device: "Lanyard on " + code,
			AuthTime: w.now, ProvenAt: w.now, CreatedAt: w.now, LastSeen: w.now, ExpiresAt: w.now.Add(time.Hour),
		}))
		must(w.t, w.store.SaveApp(ctx, server.App{
			ID: "app-" + code, EnterpriseID: id, Title: auth.Text{"en": "App of " + code}, Launch: json.RawMessage(`{"kind":"link","url":"https://a.example/"}`),
		}))
	}
}

// browser is one with cookies that follows nothing by itself.
type browser struct {
	w *world
	*http.Client
	lang string
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &browser{w: w, Client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type page struct {
	status int
	header http.Header
	body   string
}

func (p page) location() string { return p.header.Get("Location") }

// text is what the page says, entities decoded.
func (p page) text() string { return html.UnescapeString(p.body) }

func (b *browser) send(r *http.Request) page {
	b.w.t.Helper()
	if b.lang != "" {
		r.Header.Set("Accept-Language", b.lang)
	}
	answer, err := b.Do(r)
	must(b.w.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(b.w.t, err)
	return page{answer.StatusCode, answer.Header, string(body)}
}

func (b *browser) request(method, address string, form url.Values) *http.Request {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.url + address
	}
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	must(b.w.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func (b *browser) get(address string) page {
	b.w.t.Helper()
	return b.send(b.request("GET", address, nil))
}

func (b *browser) post(address string, form url.Values) page {
	b.w.t.Helper()
	return b.send(b.request("POST", address, form))
}

// follow goes where a page leads.
func (b *browser) follow(p page) page {
	b.w.t.Helper()
	for range 6 {
		if p.location() == "" {
			return p
		}
		p = b.get(p.location())
	}
	b.w.t.Fatal("redirects without end")
	return p
}

// operatorWithoutPassword returns a browser that a one-time link has let in.
func (w *world) operatorWithoutPassword() *browser {
	w.t.Helper()
	link, err := console.NewLink(context.Background(), w.base, w.store)
	must(w.t, err)
	b := w.browser()
	if p := b.post(link.Reveal(), nil); p.location() != "/admin/password" {
		w.t.Fatalf("link: status %d, to %q\n%s", p.status, p.location(), p.body)
	}
	return b
}

// operator returns a browser whose operator has a password and is signed in.
func (w *world) operator() *browser {
	w.t.Helper()
	b := w.operatorWithoutPassword()
	p := b.post("/admin/password", url.Values{"password": {goodPassword}, "again": {goodPassword}})
	if !strings.HasPrefix(p.location(), "/admin/") {
		w.t.Fatalf("password: status %d\n%s", p.status, p.body)
	}
	return b
}

// at makes the operator's browser work on an enterprise.
func (b *browser) at(enterprise string) *browser {
	b.w.t.Helper()
	if p := b.post("/admin/companies", url.Values{"id": {enterprise}}); p.location() != "/admin/" {
		b.w.t.Fatalf("choose company: status %d\n%s", p.status, p.body)
	}
	return b
}

// person returns a browser in which a person with a role has opened the console.
func (w *world) person(code string, role server.Role) *browser {
	w.t.Helper()
	id := map[string]string{"acme": acme, "other": other}[code]
	admin := server.Admin{ID: "admin-" + code + string(role), EnterpriseID: id, PersonID: "person-" + code, Name: "张三", Role: role}
	must(w.t, w.store.SaveAdmin(context.Background(), admin))
	w.gate.mu.Lock()
	w.gate.here[id] = "person-" + code
	w.gate.mu.Unlock()
	b := w.browser()
	if p := b.post("/admin/company", url.Values{"code": {code}}); p.location() != "/admin/" {
		w.t.Fatalf("enter: status %d\n%s", p.status, p.body)
	}
	return b
}

func (p page) shows(t testing.TB, what string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(p.text(), w) {
			t.Errorf("%s: status %d to %q, page does not say %q:\n%s", what, p.status, p.location(), w, main(p.text()))
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
