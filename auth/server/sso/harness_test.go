package sso_test

import (
	"context"
	"encoding/json"
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
	"lanyard/auth/server/servertest"
	"lanyard/auth/server/sso"
)

const (
	acme  = servertest.Acme
	other = servertest.Other

	clientSecret = "c4nary-client-secret"
	vendorToken  = "c4nary-vendor-token"
	vendorAgain  = "c4nary-vendor-refresh"
)

// What all tests of the server share, by a short name.
type page = servertest.Page

var must = servertest.Must

// vendor is a company's own sign-in of three interfaces. It signs whoever is set in
// at once and accepts a code one time.
type vendor struct {
	url string

	mu     sync.Mutex
	user   map[string]any
	deny   string // answered instead of a code
	broken bool   // userInfo says no
	asked  url.Values
	codes  map[string]bool

	redeemed int // codes that it was shown
}

func newVendor(t testing.TB, union, name string) *vendor {
	v := &vendor{user: map[string]any{"union_id": union, "user_name": name}, codes: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", v.authorize)
	mux.HandleFunc("POST /accessToken", v.accessToken)
	mux.HandleFunc("GET /userInfo", v.userInfo)
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) { // where somebody found a way to redirect
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusFound)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	v.url = s.URL
	return v
}

func (v *vendor) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

func (v *vendor) authorize(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = r.URL.Query()
	back := v.asked.Get("redirect_uri")
	if strings.Contains(back, "?") {
		back += "&"
	} else {
		back += "?"
	}
	if v.deny != "" {
		back += url.Values{"error": {v.deny}, "error_description": {"Not <b>you"}, "state": {v.asked.Get("state")}}.Encode()
	} else {
		code := auth.RandomToken()
		v.codes[code] = true
		back += url.Values{"code": {code}, "state": {v.asked.Get("state")}}.Encode()
	}
	w.Header().Set("Location", back)
	w.WriteHeader(http.StatusFound)
}

func (v *vendor) accessToken(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.redeemed++
	code := r.PostFormValue("code")
	// A code is its client's: a program's begins so.
	want := clientSecret
	if strings.HasPrefix(code, "sdk-") {
		want = "c4nary-sdk-secret"
	}
	if !v.codes[code] || r.PostFormValue("client_secret") != want {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return
	}
	delete(v.codes, code)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"access_token":"`+vendorToken+`","refresh_token":"`+vendorAgain+`","expires_in":3600}`)
}

func (v *vendor) userInfo(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if v.broken || r.URL.Query().Get("access_token") != vendorToken {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"code":10007,"msg":"no such user"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(v.user)
}

// connector is the vendor's, with its callback at a path of ours ("": the usual one).
func (v *vendor) connector(callbackPath string) connector.Connector {
	return connector.Connector{
		Schema: connector.Schema, ID: "wps-style", Kind: connector.KindSteps, Secrets: []string{"client_secret"},
		Vars:     map[string]string{"client_id": "c1"},
		Redirect: connector.Redirect{Via: "broker", Path: callbackPath},
		Authorize: &connector.Request{URL: v.url + "/authorize", Params: []connector.Pair{
			{"client_id", "{client_id}"},
			{"redirect_uri", "{redirect_uri}"},
			{"state", "{state}"},
			{"prompt", "{prompt?}"},
			{"max_age", "{max_age?}"},
			{"login_hint", "{login_hint?}"},
		}},
		Steps: []connector.Step{
			{
				ID: "token", Method: "POST", URL: v.url + "/accessToken",
				Form: map[string]string{"client_id": "{client_id}", "client_secret": "{client_secret}", "grant_type": "authorization_code", "code": "{code}"},
				Fail: connector.Fail{Code: []string{"error"}},
				Set: map[string]connector.Paths{
					"access_token": {"access_token"}, "refresh_token": {"refresh_token"}, "expires_in": {"expires_in"},
				},
				Require: []string{"access_token"},
			},
			{
				ID: "user", Method: "GET", URL: v.url + "/userInfo", Query: map[string]string{"access_token": "{access_token}"},
				Fail:    connector.Fail{Code: []string{"code"}, Text: []string{"msg"}},
				Set:     map[string]connector.Paths{"sub": {"union_id"}, "name": {"user_name"}},
				Require: []string{"sub"},
			},
		},
	}
}

// world is an SSO over a real store.
type world struct {
	*servertest.Site
	sso  *sso.SSO
	opts server.BeginOptions // of /start
	// activateSecret is what connect gives to an activate block.
	activateSecret string
	replaced       [][2]string // the persons of sessions that gave way in their browser
	down           error       // what ending upstream sessions comes to; nil: it works
}

// logouts is the store's, while it is not down.
type logouts struct {
	server.Logouts
	w *world
}

func (l logouts) EndUpstream(ctx context.Context, enterprise string, ends server.Logout, now time.Time) error {
	if l.w.down != nil {
		return l.w.down
	}
	return l.Logouts.EndUpstream(ctx, enterprise, ends, now)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, connector.Policy{Loopback: true})
}

// newWorldWith is a world whose server may call what policy says.
func newWorldWith(t testing.TB, policy connector.Policy) *world {
	t.Helper()
	w := &world{Site: servertest.New(t), activateSecret: "c4nary-sdk-secret"}
	s, mux := w.Store, w.Mux
	client := connector.NewHTTPClient(policy)
	t.Cleanup(client.CloseIdleConnections)
	var err error
	w.sso, err = sso.New(sso.Config{
		Base: w.Base, Enterprises: s, Connectors: s, People: s, Flows: s, Sessions: s, SignIns: s, Logouts: logouts{s, w}, Audiences: s,
		Replaced: func(_ context.Context, old, next server.Session) {
			w.replaced = append(w.replaced, [2]string{old.PersonID, next.PersonID})
		},
		Engine: &connector.Engine{HTTP: client, Now: w.Now, Logger: w.Logger},
		OIDC:   &openid.Client{HTTP: client, AllowHTTP: policy.AllowHTTP, Now: w.Now, Logger: w.Logger},
		Pages:  assets.SSOPages, Logger: w.Logger,
	})
	must(t, err)
	w.sso.Mount(mux)
	// What a page of the server does that needs a signed-in browser.
	mux.HandleFunc("GET /e/{enterprise}/home", func(rw http.ResponseWriter, r *http.Request) {
		session, err := w.sso.Session(r, r.PathValue("enterprise"))
		if err != nil {
			w.sso.Begin(rw, r, r.PathValue("enterprise"), r.URL.RequestURI(), w.opts)
			return
		}
		_, _ = io.WriteString(rw, "home of "+session.PersonID)
	})
	mux.HandleFunc("GET /start", func(rw http.ResponseWriter, r *http.Request) {
		w.sso.Begin(rw, r, acme, r.URL.Query().Get("ret"), w.opts)
	})
	mux.HandleFunc("GET /end", func(rw http.ResponseWriter, r *http.Request) {
		if err := w.sso.End(rw, r, acme); err != nil {
			w.sso.Fail(rw, r, acme, err)
		}
	})
	w.Companies(func(e *server.Enterprise) { e.Help = auth.Help{Name: "IT desk", Phone: "1234"} })
	return w
}

// connect makes c an enterprise's connector.
func (w *world) connect(enterprise, id, appID string, c connector.Connector) {
	w.T.Helper()
	filled, err := connector.Load(c, nil)
	must(w.T, err)
	document, err := json.Marshal(filled)
	must(w.T, err)
	declared := map[string]string{}
	for _, name := range filled.Secrets {
		declared[name] = clientSecret
	}
	if filled.Activate != nil {
		for _, name := range filled.Activate.Secrets {
			declared[name] = w.activateSecret
		}
	}
	secrets, err := json.Marshal(declared)
	must(w.T, err)
	must(w.T, w.Store.SaveConnector(context.Background(), server.Connector{
		ID: id, EnterpriseID: enterprise, AppID: appID, Document: document,
		Sealed: w.Base.Sealer.Seal(secrets, id), Active: true, CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}))
}

// browser goes through a company's sign-in.
type browser struct {
	*servertest.Browser
	w *world
}

func (w *world) browser() *browser { return &browser{w.Browser(), w} }

// callback goes on from address until the callback is next, and returns its address.
func (b *browser) callback(address string) string {
	b.w.T.Helper()
	for range 5 {
		p := b.Get(address)
		if address = p.Location(); address == "" {
			b.w.T.Fatalf("no callback: status %d, %s", p.Status, p.Body)
		}
		if strings.Contains(address, "/callback?") || strings.Contains(address, "/oauth/v1/code?") {
			return address
		}
	}
	b.w.T.Fatal("no callback")
	return ""
}

// signInAt goes through the connector and returns where the browser ends.
func (b *browser) signInAt(enterprise string) page {
	b.w.T.Helper()
	p := b.Get(b.callback("/e/" + enterprise + "/home"))
	if p.Status != http.StatusSeeOther {
		b.w.T.Fatalf("sign in: status %d, %s", p.Status, p.Body)
	}
	return b.Get(p.Location())
}

// signedIn reports whether the browser has a session.
func (b *browser) signedIn(enterprise string) bool {
	b.w.T.Helper()
	return b.Get("/e/"+enterprise+"/home").Status == http.StatusOK
}

var referenceForm = regexp.MustCompile(`Reference (\d{4}-\d{4})`)

// wantRefused checks that p is the page of a fault and returns its reference.
func wantRefused(t testing.TB, p page, what, title string) string {
	t.Helper()
	m := referenceForm.FindStringSubmatch(p.Body)
	if p.Location() != "" || p.Status < 400 || !strings.Contains(p.Body, "<h1>"+title+"</h1>") || m == nil {
		t.Errorf("%s: status %d, location %q, want page %q:\n%s", what, p.Status, p.Location(), title, p.Body)
		return ""
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
	} {
		if p.Header.Get(name) != want {
			t.Errorf("%s: header %s is %q", what, name, p.Header.Get(name))
		}
	}
	return m[1]
}

// logged returns the lines of the sign-in log for a reference.
func (w *world) logged(reference string) []server.SignIn {
	w.T.Helper()
	lines, err := w.Store.SignInsByReference(context.Background(), acme, reference)
	must(w.T, err)
	return lines
}
