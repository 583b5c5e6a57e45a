package threestep_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
	"lanyard/auth/server/threestep"
)

const (
	acme  = "0a11acme0000000000000000000000aa"
	other = "0b22other000000000000000000000bb"

	appID     = "AK20211008GIMUUL"
	appSecret = "c4nary-app-secret"
	callback  = "https://open.wps.cn/oauth/v1/code?app_id=" + appID
	asked     = callback + "&cb=https%3A%2F%2Fkdocs.cn"
)

// world is a Provider over a real store, with two enterprises.
type world struct {
	t      testing.TB
	url    string
	base   *server.Base
	store  *store.Store
	begun  string            // where the last trip upstream was to come back to
	back   [][3]string       // what Back heard
	closed map[string]string // "app " (signing in) or "client …" → person who may not

	mu  sync.Mutex
	log strings.Builder
	now time.Time
}

// Write takes the log's lines.
func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// audiences closes what the test says and leaves the rest to the store's nobody.
type audiences struct {
	server.Audiences
	w *world
}

func (a audiences) Admission(_ context.Context, p server.Person, app string) (server.Admission, error) {
	return server.Admission{Allowed: a.w.closed["app "+app] != p.ID}, nil
}

func (a audiences) ClientAdmission(_ context.Context, p server.Person, client string) (server.Admission, error) {
	return server.Admission{Allowed: a.w.closed["client "+client] != p.ID}, nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "lanyard.db"))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(t, err)
	w := &world{t: t, store: s, closed: map[string]string{}, now: time.Now().UTC().Truncate(time.Second)}
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	w.base = &server.Base{PublicURL: w.url, Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}}
	p, err := threestep.New(threestep.Config{
		Base: w.base, People: s, Clients: s, Grants: s, Gate: gate{w}, Audiences: audiences{w: w},
		Back: func(_ context.Context, enterprise, person, client string) {
			w.back = append(w.back, [3]string{enterprise, person, client})
		},
		Fail: func(rw http.ResponseWriter, _ *http.Request, _ string, err error) {
			fault, args := auth.FaultOf(err)
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, "page: "+string(fault)+": "+args["reason"])
		},
		Logger: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	must(t, err)
	p.Mount(mux)
	for _, id := range []string{acme, other} {
		must(t, s.SaveEnterprise(ctx, server.Enterprise{Enterprise: auth.Enterprise{ID: id, Code: id[4:8] + "x", Name: auth.Text{"en": "Acme"}}, CreatedAt: w.now, UpdatedAt: w.now}))
		w.client(id, "wps", server.Three{})
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client makes a client of the three interfaces.
func (w *world) client(enterprise, id string, names server.Three) {
	w.t.Helper()
	must(w.t, w.store.SaveClient(context.Background(), server.Client{
		ID: id, EnterpriseID: enterprise, Name: id, SecretHash: server.Hash(appSecret),
		RedirectURIs: []string{callback}, Three: &names, CreatedAt: w.now,
	}))
}

func (w *world) at(path string) string { return w.url + "/e/" + acme + "/three/" + path }

func (w *world) person(enterprise, name string) server.Person {
	w.t.Helper()
	p, err := w.store.UpsertPerson(context.Background(), server.Person{
		ID: auth.RandomID(), EnterpriseID: enterprise, Key: server.Hash(enterprise + name), Name: name,
		Avatar: "https://acme.example/a.png", CreatedAt: w.now, LastSeen: w.now,
	})
	must(w.t, err)
	return p
}

// gate is server.Gate over the real store: a cookie named after the enterprise.
type gate struct{ w *world }

func (g gate) Session(r *http.Request, enterprise string) (server.Session, error) {
	c, err := r.Cookie("sso-" + enterprise)
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	s, err := g.w.store.SessionByCookie(r.Context(), enterprise, server.Hash(c.Value), g.w.base.Time())
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, err)
	}
	return s, nil
}

func (g gate) Begin(w http.ResponseWriter, _ *http.Request, _, ret string, _ server.BeginOptions) {
	g.w.begun = ret
	w.Header().Set("Location", "https://idp.example/authorize")
	w.WriteHeader(http.StatusSeeOther)
}

func (g gate) Attach(http.ResponseWriter, *http.Request, server.Session, auth.Secret) {}

func (g gate) End(http.ResponseWriter, *http.Request, string) error { return nil }

// browser is one with cookies that follows nothing by itself.
type browser struct {
	w *world
	*http.Client
	session string
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &browser{w: w, Client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signIn gives the browser a session of the person.
func (b *browser) signIn(p server.Person) {
	b.w.t.Helper()
	value, now := auth.RandomToken(), b.w.base.Time()
	b.session = auth.RandomID()
	must(b.w.t, b.w.store.SaveSession(context.Background(), server.Session{
		ID: b.session, EnterpriseID: p.EnterpriseID, PersonID: p.ID, CookieHash: server.Hash(value),
		Client: "browser", AuthTime: now, ProvenAt: now, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
	}))
	u, err := url.Parse(b.w.url)
	must(b.w.t, err)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "sso-" + p.EnterpriseID, Value: value, Path: "/"}})
}

type page struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, address, body, kind string) page {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	must(b.w.t, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := b.Do(r)
	must(b.w.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(b.w.t, err)
	return page{answer.StatusCode, answer.Header, string(text)}
}

func (b *browser) get(address string) page { b.w.t.Helper(); return b.do("GET", address, "", "") }

const formType = "application/x-www-form-urlencoded"

// values are a request's fields, with changes as name, value pairs; an empty value takes
// the field out.
func values(v url.Values, changes ...string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

// ask is WPS's authorize request, as the document shows it.
func ask(changes ...string) url.Values {
	return values(url.Values{
		"client_id": {"wps"}, "response_type": {"code"}, "redirect_uri": {asked}, "state": {"st"},
	}, changes...)
}

// trade is WPS's token request.
func trade(code string, changes ...string) url.Values {
	return values(url.Values{
		"client_id": {"wps"}, "client_secret": {appSecret}, "grant_type": {"authorization_code"}, "code": {code},
	}, changes...)
}

// code has a code given to the browser.
func (b *browser) code(v url.Values) string {
	b.w.t.Helper()
	p := b.get(b.w.at("authorize?" + v.Encode()))
	_, code, found := strings.Cut(p.header.Get("Location"), "&code=")
	if p.status != http.StatusFound || !found {
		b.w.t.Fatalf("authorize: %d %q %s", p.status, p.header.Get("Location"), p.body)
	}
	code, _, _ = strings.Cut(code, "&")
	return code
}

// token posts a token request and returns the answer's fields.
func (w *world) token(v url.Values) (int, map[string]any) {
	w.t.Helper()
	return w.fields(w.browser().do("POST", w.at("accessToken"), v.Encode(), formType))
}

func (w *world) fields(p page) (int, map[string]any) {
	w.t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(p.body), &v); err != nil {
		w.t.Fatalf("answer %d is no data: %s", p.status, p.body)
	}
	if p.header.Get("Content-Type") != "application/json;charset=UTF-8" || p.header.Get("Cache-Control") != "no-store" || p.header.Get("Pragma") != "no-cache" {
		w.t.Errorf("headers are not the document's: %v", p.header)
	}
	return p.status, v
}

// given has an access token given to the application.
func (b *browser) given() string {
	b.w.t.Helper()
	status, v := b.w.token(trade(b.code(ask())))
	token, _ := v["access_token"].(string)
	if status != http.StatusOK || token == "" {
		b.w.t.Fatalf("token: %d %v", status, v)
	}
	return token
}

func (w *world) who(token string) (int, map[string]any) {
	w.t.Helper()
	return w.fields(w.browser().get(w.at("userInfo?" + url.Values{"access_token": {token}}.Encode())))
}
