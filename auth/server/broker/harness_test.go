package broker_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/broker"
	"lanyard/auth/server/servertest"
	"lanyard/auth/words"
)

const (
	acme  = servertest.Acme
	other = servertest.Other

	appSecret   = "the app's own secret"
	appRedirect = "https://notes.example/cb"
	postLogout  = "https://notes.example/bye"
)

// What all tests of the server share, by a short name.
type page = servertest.Page

var must = servertest.Must

// world is a broker over a real store, with two enterprises, apps and people.
type world struct {
	*servertest.Site
	gate      *servertest.Gate
	broker    *broker.Broker
	upstream  error     // what it says of everybody
	due       time.Time // who was proved before then has to pass the company's page
	activates string    // whom a program's code stands for
	between   *between
	back      [][3]string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	site, ctx := servertest.New(t), context.Background()
	s := site.Store
	w := &world{Site: site, gate: site.Gate(), between: &between{Store: s}}
	var err error
	w.broker, err = broker.New(broker.Config{
		Base: w.Base, Enterprises: s, People: s, Sessions: s, Clients: s, Grants: w.between, Keys: s, Devices: w.between, Farewells: s, HTTP: http.DefaultClient, Gate: w.gate, Prover: w, Activator: w,
		Audiences: s, Back: func(_ context.Context, enterprise, person, client string) {
			w.back = append(w.back, [3]string{enterprise, person, client})
		},
		Fail: servertest.Fail, Pages: assets.BrokerPages, Lang: words.Match, Text: words.T, Logger: w.Logger,
	})
	must(t, err)
	w.broker.Mount(w.Mux)
	w.Companies()
	for _, id := range []string{acme, other} {
		must(t, s.SaveClient(ctx, server.Client{
			ID: "notes", EnterpriseID: id, Name: "Notes", SecretHash: server.Hash(appSecret),
			RedirectURIs: []string{appRedirect, "http://127.0.0.1/native"}, LogoutURIs: []string{postLogout}, Alg: "ES256", CreatedAt: w.Now(),
		}))
	}
	must(t, s.SaveClient(ctx, server.Client{
		ID: "handbook", EnterpriseID: acme, Name: "Handbook",
		RedirectURIs: []string{"https://handbook.example/cb"}, Alg: "RS256", CreatedAt: w.Now(),
	}))
	return w
}

func (w *world) issuer() string { return w.URL + "/e/" + acme }

// person makes somebody at an enterprise.
func (w *world) person(enterprise, name string) server.Person {
	w.T.Helper()
	p, err := w.Store.UpsertPerson(context.Background(), server.Person{
		ID: auth.RandomID(), EnterpriseID: enterprise, Key: server.Hash(enterprise + name), Name: name,
		Email: "zs@acme.example", EmailVerified: true, CreatedAt: w.Now(), LastSeen: w.Now(),
	})
	must(w.T, err)
	return p
}

// browser gets codes too.
type browser struct {
	*servertest.Browser
	w *world
}

func (w *world) browser() *browser { return &browser{w.Browser(), w} }

// postWith sends a form with more in its header.
func (b *browser) postWith(address string, form url.Values, header http.Header) page {
	b.w.T.Helper()
	all := http.Header{"Content-Type": {servertest.FormType}}
	maps.Copy(all, header)
	return b.Do("POST", address, form.Encode(), all)
}

// location is where a page sends the browser, read.
func location(p page) *url.URL {
	u, err := url.Parse(p.Location())
	if err != nil {
		return &url.URL{}
	}
	return u
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
	b.w.T.Helper()
	p := b.Get(b.w.authorizeURL(v))
	code := location(p).Query().Get("code")
	if p.Status != http.StatusSeeOther || code == "" {
		b.w.T.Fatalf("authorize: status %d, location %q, body %q", p.Status, p.Location(), p.Body)
	}
	return code
}

// hidden returns a page's form.
func hidden(p page) url.Values { return servertest.Hidden(p.Body) }

// desktopCode has the desktop's code given, through the page.
func (b *browser) desktopCode(v url.Values) string {
	b.w.T.Helper()
	form := hidden(b.Get(b.w.authorizeURL(v)))
	form.Set("answer", "yes")
	p := b.Post(b.w.authorizeURL(v), form)
	code := location(p).Query().Get("code")
	if code == "" {
		b.w.T.Fatalf("consent: status %d, location %q, body %q", p.Status, p.Location(), p.Body)
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
	w.T.Helper()
	p := w.browser().Post(issuer+"/token", form)
	a := answer{status: p.Status, raw: p.Body}
	if err := json.Unmarshal([]byte(p.Body), &a); err != nil {
		w.T.Fatalf("token: status %d, body %q", p.Status, p.Body)
	}
	return a
}

func (w *world) token(form url.Values) answer { w.T.Helper(); return w.tokenAt(w.issuer(), form) }

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

// desktopCode is what a desktop program gets in a browser where the person signs in.
func (w *world) desktopCode(p server.Person) string {
	w.T.Helper()
	b := w.browser()
	b.SignIn(p)
	return b.desktopCode(askDesktop())
}

// desktop signs a desktop program in.
func (w *world) desktop(p server.Person) answer {
	w.T.Helper()
	a := w.token(redeemDesktop(w.desktopCode(p)))
	if a.Refresh == "" {
		w.T.Fatalf("desktop sign-in: %+v", a)
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
	w.T.Helper()
	return w.browser().Do("GET", w.issuer()+path, "", http.Header{"Authorization": {"Bearer " + token}})
}
