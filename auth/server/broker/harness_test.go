package broker_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
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
	"lanyard/auth/server"
	"lanyard/auth/server/broker"
	"lanyard/auth/server/store"
	"lanyard/auth/words"
)

const (
	acme  = "0a11acme0000000000000000000000aa"
	other = "0b22other000000000000000000000bb"

	appSecret   = "the app's own secret"
	appRedirect = "https://notes.example/cb"
	postLogout  = "https://notes.example/bye"
)

// gate is server.Gate over the real store: a cookie named after the enterprise.
type gate struct {
	base  *server.Base
	store *store.Store
	away  string // where Begin sends the browser

	mu    sync.Mutex
	begun []server.BeginOptions
	ret   string
}

func (g *gate) Session(r *http.Request, enterprise string) (server.Session, error) {
	c, err := r.Cookie("sso-" + enterprise)
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	s, err := g.store.SessionByCookie(r.Context(), enterprise, server.Hash(c.Value), g.base.Time())
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, err)
	}
	return s, nil
}

func (g *gate) Begin(w http.ResponseWriter, _ *http.Request, _, ret string, opts server.BeginOptions) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.begun, g.ret = append(g.begun, opts), ret
	w.Header().Set("Location", g.away)
	w.WriteHeader(http.StatusSeeOther)
}

func (g *gate) Attach(http.ResponseWriter, *http.Request, server.Session, auth.Secret) {}

func (g *gate) End(_ http.ResponseWriter, r *http.Request, enterprise string) error {
	s, err := g.Session(r, enterprise)
	if err != nil {
		return err
	}
	return g.store.EndSession(r.Context(), enterprise, s.ID, g.base.Time())
}

// world is a broker over a real store, with two enterprises, apps and people.
type world struct {
	t         testing.TB
	url       string
	base      *server.Base
	store     *store.Store
	gate      *gate
	clock     *clock
	broker    *broker.Broker
	handler   http.Handler
	log       *strings.Builder
	upstream  error  // what it says of everybody
	activates string // whom a program's code stands for
	back      [][3]string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	level := slog.LevelDebug
	if _, ok := t.(*testing.B); ok {
		level = slog.LevelWarn
	}
	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "lanyard.db"))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(t, err)
	c := &clock{now: time.Now().UTC().Truncate(time.Second)}
	base := &server.Base{Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: c.Now}

	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	base.PublicURL = listener.URL

	w := &world{
		t: t, url: listener.URL, base: base, store: s, clock: c, handler: mux,
		gate: &gate{base: base, store: s, away: "https://idp.example/authorize"}, log: &strings.Builder{},
	}
	w.broker, err = broker.New(broker.Config{
		Base: base, Enterprises: s, People: s, Sessions: s, Clients: s, Grants: s, Keys: s, Devices: s, Farewells: s, HTTP: http.DefaultClient, Gate: w.gate, Prover: w, Activator: w,
		Audiences: s, Back: func(_ context.Context, enterprise, person, client string) {
			w.back = append(w.back, [3]string{enterprise, person, client})
		},
		Fail: func(rw http.ResponseWriter, _ *http.Request, _ string, err error) {
			fault, args := auth.FaultOf(err)
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, "page: "+string(fault)+": "+args["reason"])
		},
		Pages: assets.BrokerPages, Lang: words.Match, Text: words.T,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: level})),
	})
	must(t, err)
	w.broker.Mount(mux)

	for _, id := range []string{acme, other} {
		must(t, s.SaveEnterprise(ctx, server.Enterprise{
			Enterprise: auth.Enterprise{ID: id, Code: id[4:8] + "x", Name: auth.Text{"en": "Acme", "zh": "Acme 科技"}},
			CreatedAt:  c.Now(), UpdatedAt: c.Now(),
		}))
		must(t, s.SaveClient(ctx, server.Client{
			ID: "notes", EnterpriseID: id, Name: "Notes", SecretHash: server.Hash(appSecret),
			RedirectURIs: []string{appRedirect, "http://127.0.0.1/native"}, LogoutURIs: []string{postLogout}, Alg: "ES256", CreatedAt: c.Now(),
		}))
	}
	must(t, s.SaveClient(ctx, server.Client{
		ID: "handbook", EnterpriseID: acme, Name: "Handbook",
		RedirectURIs: []string{"https://handbook.example/cb"}, Alg: "RS256", CreatedAt: c.Now(),
	}))
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) issuer() string { return w.url + "/e/" + acme }

// person makes somebody at an enterprise.
func (w *world) person(enterprise, name string) server.Person {
	w.t.Helper()
	p, err := w.store.UpsertPerson(context.Background(), server.Person{
		ID: auth.RandomID(), EnterpriseID: enterprise, Key: server.Hash(enterprise + name), Name: name,
		Email: "zs@acme.example", EmailVerified: true, CreatedAt: w.clock.Now(), LastSeen: w.clock.Now(),
	})
	must(w.t, err)
	return p
}

// browser is a browser with cookies that follows nothing by itself.
type browser struct {
	w *world
	*http.Client
	session server.Session
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
	b.session = server.Session{
		ID: auth.RandomID(), EnterpriseID: p.EnterpriseID, PersonID: p.ID, CookieHash: server.Hash(value),
		Client: "browser", AuthTime: now, ProvenAt: now, CreatedAt: now, LastSeen: now,
		ExpiresAt: now.Add(b.w.base.Lifetimes.Session),
	}
	must(b.w.t, b.w.store.SaveSession(context.Background(), b.session))
	u, err := url.Parse(b.w.url)
	must(b.w.t, err)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "sso-" + p.EnterpriseID, Value: value, Path: "/"}})
}

// page is an answer read to its end.
type page struct {
	status int
	header http.Header
	body   string
}

func (p page) location() *url.URL {
	u, err := url.Parse(p.header.Get("Location"))
	if err != nil {
		return &url.URL{}
	}
	return u
}

func (b *browser) do(method, address string, form url.Values, header http.Header) page {
	b.w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, address, body)
	must(b.w.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := b.Do(r)
	must(b.w.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(b.w.t, err)
	return page{answer.StatusCode, answer.Header, string(text)}
}

func (b *browser) get(address string) page { b.w.t.Helper(); return b.do("GET", address, nil, nil) }

func (b *browser) post(address string, form url.Values) page {
	b.w.t.Helper()
	return b.do("POST", address, form, nil)
}

// The verifier of every request here, and its challenge.
var (
	verifier  = strings.Repeat("v", 43)
	challenge = func() string {
		sum := sha256.Sum256([]byte(verifier))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}()
)

// ask is an app's authorize request, with changes as name, value pairs; an empty value
// takes the parameter out.
func ask(changes ...string) url.Values {
	v := url.Values{
		"client_id": {"notes"}, "redirect_uri": {appRedirect}, "response_type": {"code"},
		"scope": {"openid profile email offline_access"}, "state": {"the state"}, "nonce": {"the nonce"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

// askDesktop is the desktop program's.
func askDesktop(changes ...string) url.Values {
	return ask(append([]string{"client_id", "lanyard", "redirect_uri", "http://127.0.0.1:40123/callback"}, changes...)...)
}

func (w *world) authorizeURL(v url.Values) string { return w.issuer() + "/authorize?" + v.Encode() }

// code has an app's code given to the browser.
func (b *browser) code(v url.Values) string {
	b.w.t.Helper()
	p := b.get(b.w.authorizeURL(v))
	code := p.location().Query().Get("code")
	if p.status != http.StatusSeeOther || code == "" {
		b.w.t.Fatalf("authorize: status %d, location %q, body %q", p.status, p.header.Get("Location"), p.body)
	}
	return code
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// hidden returns a page's form.
func hidden(p page) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(p.body, -1) {
		form.Set(m[1], unescape(m[2]))
	}
	return form
}

func unescape(s string) string {
	return strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(s)
}

// desktopCode has the desktop's code given, through the page.
func (b *browser) desktopCode(v url.Values) string {
	b.w.t.Helper()
	form := hidden(b.get(b.w.authorizeURL(v)))
	form.Set("answer", "yes")
	p := b.post(b.w.issuer()+"/authorize", form)
	code := p.location().Query().Get("code")
	if code == "" {
		b.w.t.Fatalf("consent: status %d, location %q, body %q", p.status, p.header.Get("Location"), p.body)
	}
	return code
}

// answer is what the token endpoint says.
type answer struct {
	status      int
	raw         string
	Access      string `json:"access_token"`
	Type        string `json:"token_type"`
	Refresh     string `json:"refresh_token"`
	ID          string `json:"id_token"`
	Scope       string `json:"scope"`
	Expires     int    `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (w *world) tokenAt(issuer string, form url.Values) answer {
	w.t.Helper()
	p := w.browser().post(issuer+"/token", form)
	a := answer{status: p.status, raw: p.body}
	if err := json.Unmarshal([]byte(p.body), &a); err != nil {
		w.t.Fatalf("token: status %d, body %q", p.status, p.body)
	}
	return a
}

func (w *world) token(form url.Values) answer { w.t.Helper(); return w.tokenAt(w.issuer(), form) }

func redeem(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appRedirect},
		"code_verifier": {verifier}, "client_id": {"notes"}, "client_secret": {appSecret},
	}
}

func redeemDesktop(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:40123/callback"},
		"code_verifier": {verifier}, "client_id": {"lanyard"},
	}
}

func renew(refresh string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"lanyard"}}
}

// desktop signs a desktop program in.
func (w *world) desktop(p server.Person) answer {
	w.t.Helper()
	b := w.browser()
	b.signIn(p)
	a := w.token(redeemDesktop(b.desktopCode(askDesktop())))
	if a.Refresh == "" {
		w.t.Fatalf("desktop sign-in: %+v", a)
	}
	return a
}

func (a answer) want(t *testing.T, what, code string) {
	t.Helper()
	if a.Error != code || a.Access != "" {
		t.Errorf("%s: got error %q (%s), token given: %v; want %q", what, a.Error, a.Description, a.Access != "", code)
	}
}

// claims reads an id_token's payload; its signature is checked by the foreign relying party.
func (a answer) claims(t *testing.T) map[string]any {
	t.Helper()
	parts := strings.Split(a.ID, ".")
	if len(parts) != 3 {
		t.Fatalf("id_token has %d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var c map[string]any
	must(t, json.Unmarshal(payload, &c))
	return c
}

// bearer asks an endpoint of the issuer with an access token.
func (w *world) bearer(path, token string) page {
	w.t.Helper()
	return w.browser().do("GET", w.issuer()+path, nil, http.Header{"Authorization": {"Bearer " + token}})
}
