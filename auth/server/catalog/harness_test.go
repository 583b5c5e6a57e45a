package catalog_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
	"lanyard/auth/server/catalog"
	"lanyard/auth/server/servertest"
)

const (
	acme  = servertest.Acme
	other = servertest.Other
)

// must keeps the tests' lines short.
var must = servertest.Must

// world is a server with two companies, each with an agent that is signed in, and an
// app that remembers what a browser brought it.
type world struct {
	*servertest.Site
	app *httptest.Server
	// cookies that reached the app, and its address as it was last opened
	appCookies []*http.Cookie
	opened     string
	failed     error  // what the last failure page was about
	reference  string // the one that it showed
	begun      server.BeginOptions
	due        string // the person whom the company has not seen for too long
	minter     *minter
	posted     []server.Session // what the opener of kind saml was given
	refuses    error            // by the opener
}

// account is one person whose agent is signed in.
type account struct {
	enterprise, person, session, token string
}

func newWorld(t testing.TB) *world {
	w := &world{Site: servertest.New(t)}
	w.app = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.appCookies, w.opened = r.Cookies(), r.URL.String()
	}))
	t.Cleanup(w.app.Close)
	s := w.Store
	w.minter = newMinter(t, w)
	c, err := catalog.New(catalog.Config{
		Base: w.Base, Enterprises: s, People: s, Sessions: s, Catalogue: s, Launches: s, Audiences: s, Openings: s, SignIns: s,
		Gate: gate{w}, Bearer: gate{w}, Prover: w,
		Openers: map[string]server.Opener{server.LaunchSAML: opener{w}}, Minter: w.minter,
		Engine: &connector.Engine{HTTP: connector.NewHTTPClient(connector.Policy{Loopback: true}), Now: w.Now, Logger: w.Logger},
		Fail: func(rw http.ResponseWriter, r *http.Request, _ string, err error) {
			w.failed, w.reference = err, server.Reference(r.Context())
			w.Logger.Info("failed", "path", r.URL.Path, "err", err)
			http.Error(rw, "failed", http.StatusBadRequest)
		},
		Logger: w.Logger,
	})
	must(t, err)
	c.Mount(w.Mux)

	w.Companies()
	for _, id := range []string{acme, other} {
		must(t, s.SaveApp(t.Context(), server.App{
			ID: "notes", EnterpriseID: id, Title: auth.Text{"en": "Notes", "zh": "笔记"}, Plain: w.app.URL,
			Launch: raw(map[string]any{"kind": "oidc", "url": w.app.URL + "/login?x=1", "params": [][2]string{{"target_link_uri", w.app.URL + "/home"}}}),
		}))
	}
	return w
}

// Prove implements server.Prover.
func (w *world) Prove(context.Context, server.Session) error { return nil }

// Due implements server.Prover.
func (w *world) Due(_ context.Context, s server.Session) (bool, error) {
	return s.PersonID == w.due, nil
}

func (w *world) issuer(enterprise string) string { return w.URL + "/e/" + enterprise }

// signedIn makes a person with an agent that is signed in.
func (w *world) signedIn(enterprise, name string) account {
	w.T.Helper()
	now := w.Now().UTC().Truncate(time.Millisecond)
	p, err := w.Store.UpsertPerson(w.T.Context(), server.Person{
		ID: auth.RandomID(), EnterpriseID: enterprise, Key: name, Account: name, Name: name, Email: "z+s@acme.com", EmailVerified: true, CreatedAt: now,
	})
	must(w.T, err)
	a := account{enterprise: enterprise, person: p.ID, session: auth.RandomID()}
	must(w.T, w.Store.SaveSession(w.T.Context(), server.Session{
		ID: a.session, EnterpriseID: enterprise, PersonID: p.ID, Client: server.DesktopClient,
		AuthTime: now.Add(-time.Hour), ProvenAt: now.Add(-time.Minute), CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
	}))
	a.token = w.accessToken(a, server.AudienceAPI)
	return a
}

func (w *world) accessToken(a account, audience string) string {
	w.T.Helper()
	g := server.Grant{ID: auth.RandomID(), EnterpriseID: a.enterprise, PersonID: a.person, SessionID: a.session}
	must(w.T, w.Store.SaveGrant(w.T.Context(), g))
	return w.Base.NewAccessToken(g, audience, time.Hour)
}

// call is one request of a program.
func (w *world) call(method, address, token, body string, header ...string) (*http.Response, []byte) {
	w.T.Helper()
	r, err := http.NewRequestWithContext(w.T.Context(), method, address, strings.NewReader(body))
	must(w.T, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	must(w.T, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	must(w.T, err)
	return answer, data
}

type link struct {
	ID, URL, Key string
	ExpiresAt    time.Time `json:"expires_at"`
}

// mint asks for a launch link as an agent does.
func (w *world) mint(a account, port int, nonce string) link {
	w.T.Helper()
	return w.mintFor(a, "notes", port, nonce)
}

func (w *world) mintFor(a account, app string, port int, nonce string) link {
	w.T.Helper()
	answer, body := w.call(http.MethodPost, w.issuer(a.enterprise)+"/v1/launches", a.token, string(raw(map[string]any{"app": app, "port": port, "nonce": nonce})))
	if answer.StatusCode != http.StatusCreated {
		w.T.Fatalf("mint: %s %s", answer.Status, body)
	}
	var l link
	must(w.T, json.Unmarshal(body, &l))
	return l
}

// agent answers a browser for one launch, as app/agent does.
type agent struct {
	*httptest.Server
	nonce string
	link  link
	asked int
}

func (w *world) agent(a account) *agent {
	w.T.Helper()
	return w.agentFor(a, "notes")
}

func (w *world) agentFor(a account, app string) *agent {
	w.T.Helper()
	g := &agent{nonce: auth.RandomToken()}
	g.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		g.asked++
		if len(r.Cookies()) > 0 {
			w.T.Errorf("the agent got cookies %v", r.Cookies())
		}
		if r.URL.Path != "/launch/"+g.nonce {
			http.NotFound(rw, r)
			return
		}
		http.Redirect(rw, r, g.link.URL+"/proof?proof="+proof(g.link, r.URL.Query().Get("challenge")), http.StatusSeeOther)
	}))
	w.T.Cleanup(g.Close)
	g.link = w.mintFor(a, app, port(w.T, g.URL), g.nonce)
	return g
}

func proof(l link, challenge string) string {
	mac := hmac.New(sha256.New, []byte(l.Key))
	mac.Write([]byte(l.ID + "." + challenge))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// gate is a small server.Gate and server.Bearer on the real store.
type gate struct{ w *world }

func (g gate) Session(r *http.Request, enterprise string) (server.Session, error) {
	c, err := r.Cookie("sso-" + enterprise[:min(4, len(enterprise))])
	if err != nil {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	s, err := g.w.Store.SessionByCookie(r.Context(), enterprise, server.Hash(c.Value), g.w.Base.Time())
	if errors.Is(err, auth.ErrNotFound) {
		return s, auth.Fail(auth.SignInRequired, nil, err)
	}
	return s, err
}

func (g gate) Begin(w http.ResponseWriter, _ *http.Request, _, ret string, opts server.BeginOptions) {
	g.w.begun = opts
	w.Header().Set("Begin", ret)
	_, _ = io.WriteString(w, "company sign-in")
}

func (g gate) Attach(w http.ResponseWriter, _ *http.Request, s server.Session, cookie auth.Secret) {
	http.SetCookie(w, &http.Cookie{Name: "sso-" + s.EnterpriseID[:4], Value: cookie.Reveal(), Path: "/", HttpOnly: true})
}

func (g gate) End(w http.ResponseWriter, r *http.Request, enterprise string) error {
	s, err := g.Session(r, enterprise)
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: "sso-" + enterprise[:4], Path: "/", MaxAge: -1})
	return g.w.Store.EndSession(r.Context(), enterprise, s.ID, g.w.Base.Time())
}

func (g gate) Bearer(w http.ResponseWriter, r *http.Request, enterprise, audience string) (server.AccessToken, bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, err := g.w.Base.ReadAccessToken(r.Context(), g.w.Store, enterprise, token)
	if err != nil || t.Audience != audience {
		w.WriteHeader(http.StatusUnauthorized)
		return t, false
	}
	return t, true
}

func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func port(t testing.TB, address string) int {
	u, err := url.Parse(address)
	must(t, err)
	var p int
	must(t, json.Unmarshal([]byte(u.Port()), &p))
	return p
}
