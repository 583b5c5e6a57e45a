package threestep_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
	"lanyard/auth/server/threestep"
)

const (
	acme  = servertest.Acme
	other = servertest.Other

	appID     = "AK20211008GIMUUL"
	appSecret = "c4nary-app-secret"
	callback  = "https://open.wps.cn/oauth/v1/code?app_id=" + appID
	asked     = callback + "&cb=https%3A%2F%2Fkdocs.cn"
)

// must keeps the tests' lines short.
var must = servertest.Must

// world is a Provider over a real store, with two enterprises.
type world struct {
	*servertest.Site
	gate   *servertest.Gate
	meet   func()            // runs once, when a code is about to be used
	back   [][3]string       // what Back heard
	closed map[string]string // "app " (signing in) or "client …" → person who may not
	due    time.Time         // who was proved before then has to pass the company's page
}

// prover says who is due.
type prover struct {
	server.Prover
	w *world
}

func (p prover) Due(_ context.Context, s server.Session) (bool, error) {
	return s.ProvenAt.Before(p.w.due), nil
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

// meeting is the store's grants, and says when a code is about to be used.
type meeting struct {
	server.Grants
	w *world
}

func (m meeting) UseGrant(ctx context.Context, g server.Grant, s *server.Session) error {
	if meet := m.w.meet; meet != nil {
		m.w.meet = nil
		meet()
	}
	return m.Grants.UseGrant(ctx, g, s)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	site := servertest.New(t)
	w := &world{Site: site, gate: site.Gate(), closed: map[string]string{}}
	p, err := threestep.New(threestep.Config{
		Base: w.Base, People: w.Store, Clients: w.Store, Grants: meeting{w.Store, w}, Gate: w.gate, Audiences: audiences{w: w},
		Back: func(_ context.Context, enterprise, person, client string) {
			w.back = append(w.back, [3]string{enterprise, person, client})
		},
		Prover: prover{w: w}, Fail: servertest.Fail, Logger: w.Logger,
	})
	must(t, err)
	p.Mount(w.Mux)
	w.Companies()
	for _, id := range []string{acme, other} {
		w.client(id, "wps", server.Three{})
	}
	return w
}

// client makes a client of the three interfaces.
func (w *world) client(enterprise, id string, names server.Three) {
	w.T.Helper()
	must(w.T, w.Store.SaveClient(context.Background(), server.Client{
		ID: id, EnterpriseID: enterprise, Name: id, SecretHash: server.Hash(appSecret),
		RedirectURIs: []string{callback}, Three: &names, CreatedAt: w.Now(),
	}))
}

func (w *world) at(path string) string { return w.URL + "/e/" + acme + "/three/" + path }

func (w *world) person(enterprise, name string) server.Person {
	w.T.Helper()
	p, err := w.Store.UpsertPerson(context.Background(), server.Person{
		ID: auth.RandomID(), EnterpriseID: enterprise, Key: server.Hash(enterprise + name), Name: name,
		Avatar: "https://acme.example/a.png", CreatedAt: w.Now(), LastSeen: w.Now(),
	})
	must(w.T, err)
	return p
}

// browser gets codes and tokens too.
type browser struct {
	*servertest.Browser
	w *world
}

func (w *world) browser() *browser { return &browser{w.Browser(), w} }

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
	b.w.T.Helper()
	p := b.Get(b.w.at("authorize?" + v.Encode()))
	_, code, found := strings.Cut(p.Location(), "&code=")
	if p.Status != http.StatusFound || !found {
		b.w.T.Fatalf("authorize: %d %q %s", p.Status, p.Location(), p.Body)
	}
	code, _, _ = strings.Cut(code, "&")
	return code
}

// token posts a token request and returns the answer's fields.
func (w *world) token(v url.Values) (int, map[string]any) {
	w.T.Helper()
	return w.fields(w.Browser().Post(w.at("accessToken"), v))
}

func (w *world) fields(p servertest.Page) (int, map[string]any) {
	w.T.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(p.Body), &v); err != nil {
		w.T.Fatalf("answer %d is no data: %s", p.Status, p.Body)
	}
	if p.Header.Get("Content-Type") != "application/json;charset=UTF-8" || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Pragma") != "no-cache" {
		w.T.Errorf("headers are not the document's: %v", p.Header)
	}
	return p.Status, v
}

// given has an access token given to the application.
func (b *browser) given() string {
	b.w.T.Helper()
	status, v := b.w.token(trade(b.code(ask())))
	token, _ := v["access_token"].(string)
	if status != http.StatusOK || token == "" {
		b.w.T.Fatalf("token: %d %v", status, v)
	}
	return token
}

func (w *world) who(token string) (int, map[string]any) {
	w.T.Helper()
	return w.fields(w.Browser().Get(w.at("userInfo?" + url.Values{"access_token": {token}}.Encode())))
}
