package connectortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"lanyard/auth"
)

// Person is somebody at a vendor.
type Person struct {
	ID, Name, Email, Avatar string
	Tenant                  string // the company they belong to there
}

// None stands for a row of the suite that a vendor cannot have.
const None auth.Fault = "none"

// Traits are where a vendor differs from the others in what a row of the suite ends
// with. An empty fault is the usual one, [None] leaves the row out.
type Traits struct {
	Denied    auth.Fault // the page said no: SignInDenied
	BadCode   auth.Fault // an expired or used code: ProviderFailed
	BadSecret auth.Fault // our secret is wrong: ProviderSecret
	Stranger  auth.Fault // somebody of another company: SignInWrongCompany
	Nameless  auth.Fault // the identifier is missing or renamed: FieldMissing
	Gone      auth.Fault // asked about a person who has left: AccessEnded
	// Subject is the field that identifies a person.
	Subject string
	// AppToken is the call ("host/path") that fetches the app-level token.
	AppToken string
	// Optional are the calls whose failure keeps nobody out.
	Optional []string
	// Email says that the vendor vouches for the address, Unnamed that it tells no name.
	Email, Unnamed bool
}

// Vendor is a simulated vendor, in place of the network: an http.RoundTripper.
type Vendor struct {
	Traits
	// Vars and Secrets fill the preset's blanks.
	Vars    map[string]string
	Secrets map[string]string
	// Callback is the redirect address that is registered at the vendor.
	Callback string
	// AllowHTTP are the vendor's hosts without https.
	AllowHTTP []string

	page      string // "host/path" of the sign-in page
	authorize func(c *call) url.Values
	endpoints map[string]func(c *call) reply

	mu       sync.Mutex
	person   Person
	gone     map[string]bool // by person's ID
	deny     bool
	codes    map[string]*grant
	access   map[string]*grant
	refresh  map[string]*grant
	apps     map[string]bool // app-level tokens
	handed   []string        // everything that must stay secret
	calls    []string
	spoiled  map[string]spoil
	rename   func(map[string]any)
	problems []string
}

// grant is what a code or token of the vendor stands for.
type grant struct {
	person    Person
	challenge string
	nonce     string
	used      bool
	expired   bool
}

// spoil is a way in which a call goes wrong.
type spoil int

const (
	fine   spoil = iota
	down         // no answer
	busy         // 503
	slow         // none in time
	webish       // a web page
	huge         // 5 MB of good JSON
)

func newVendor(t Traits) *Vendor {
	for _, d := range []struct {
		at    *auth.Fault
		usual auth.Fault
	}{
		{&t.Denied, auth.SignInDenied},
		{&t.BadCode, auth.ProviderFailed},
		{&t.BadSecret, auth.ProviderSecret},
		{&t.Stranger, auth.SignInWrongCompany},
		{&t.Nameless, auth.FieldMissing},
		{&t.Gone, auth.AccessEnded},
	} {
		if *d.at == "" {
			*d.at = d.usual
		}
	}
	return &Vendor{
		Traits: t, Callback: "https://login.acme.com/c/0a11/callback", gone: map[string]bool{},
		codes: map[string]*grant{}, access: map[string]*grant{}, refresh: map[string]*grant{},
		apps: map[string]bool{}, spoiled: map[string]spoil{},
	}
}

// RoundTrip implements http.RoundTripper: the vendor is the whole network.
func (v *Vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	place := r.URL.Host + r.URL.Path
	v.mu.Lock()
	v.calls = append(v.calls, place)
	how := v.spoiled[place]
	v.mu.Unlock()
	rec := httptest.NewRecorder()
	switch how {
	case down:
		return nil, errors.New("connection refused")
	case slow:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case busy:
		http.Error(rec, "try later", http.StatusServiceUnavailable)
	case webish:
		rec.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rec, "<!doctype html><title>登录</title><form></form>")
	case huge:
		rec.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rec, `{"padding":"`+strings.Repeat("x", 5<<20)+`"}`)
	case fine:
		v.answer(rec, r, place, body)
	}
	answer := rec.Result() //nolint:bodyclose // its reader closes it
	answer.Request = r
	return answer, nil
}

func (v *Vendor) answer(w http.ResponseWriter, r *http.Request, place string, body []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	endpoint := v.endpoints[place]
	if endpoint == nil {
		v.problem("%s %s://%s is none of the vendor's addresses", r.Method, r.URL.Scheme, place)
		http.NotFound(w, r)
		return
	}
	if r.URL.Scheme != "https" && !slices.Contains(v.AllowHTTP, r.URL.Host) {
		v.problem("%s is called by %s", place, r.URL.Scheme)
	}
	c := &call{v: v, place: place, method: r.Method, query: r.URL.Query(), header: r.Header, body: body}
	a := endpoint(c)
	if v.rename != nil {
		v.rename(a.body)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// Register makes callback the redirect address that is registered.
func (v *Vendor) Register(callback string) { v.set(func() { v.Callback = callback }) }

// Serves reports whether a host is the vendor's.
func (v *Vendor) Serves(host string) bool {
	if strings.HasPrefix(v.page, host+"/") {
		return true
	}
	for place := range v.endpoints {
		if strings.HasPrefix(place, host+"/") {
			return true
		}
	}
	return false
}

// Who is the person at the vendor's browser.
func (v *Vendor) Who() (p Person) {
	v.set(func() { p = v.person })
	return p
}

// Leave lets the vendor's person leave the company.
func (v *Vendor) Leave() { v.set(func() { v.gone[v.person.ID] = true }) }

// Problems are the ways in which the vendor was called wrongly.
func (v *Vendor) Problems() (list []string) {
	v.set(func() { list = slices.Clone(v.problems) })
	return list
}

// Browse opens an address of the vendor's in the browser where its person is signed in
// and returns the query that the browser brings back to the callback.
func (v *Vendor) Browse(address string) (url.Values, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("browse: %w", err)
	}
	if strings.Contains(u.RawQuery, "+") {
		v.problem("the sign-in page's address writes a space as +")
	}
	c := &call{v: v, place: u.Host + u.Path, method: http.MethodGet, query: u.Query(), fragment: u.Fragment}
	if c.place != v.page || u.Scheme != "https" && !slices.Contains(v.AllowHTTP, u.Host) {
		return nil, fmt.Errorf("browse: %s://%s is not the vendor's page", u.Scheme, c.place)
	}
	back := v.authorize(c)
	if back == nil {
		return nil, fmt.Errorf("browse: the vendor's page does not accept %s", u.RawQuery)
	}
	registered, err := url.Parse(v.Callback)
	if err != nil {
		return nil, fmt.Errorf("browse: %w", err)
	}
	// The page adds to a redirect address that has a query already.
	for name, values := range registered.Query() {
		back[name] = values
	}
	return back, nil
}

// problem notes something that the vendor would not take; v.mu is held.
func (v *Vendor) problem(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// set changes the vendor while nobody is being answered.
func (v *Vendor) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// hand makes a value that must stay between vendor and client; v.mu is held.
func (v *Vendor) hand() string {
	s := auth.RandomToken()
	v.handed = append(v.handed, s)
	return s
}

// code gives the signed-in person's browser a code.
func (v *Vendor) code(g grant) string {
	g.person = v.person
	s := v.hand()
	v.codes[s] = &g
	return s
}

// take redeems a code: nil where there is no such code, and once only.
func (v *Vendor) take(code string) *grant {
	g := v.codes[code]
	if g == nil || g.used || g.expired {
		return nil
	}
	g.used = true
	return g
}

// appToken makes an app-level token.
func (v *Vendor) appToken() string {
	s := v.hand()
	v.apps[s] = true
	return s
}

// userToken makes an access token and a refresh token for a person.
func (v *Vendor) userToken(g *grant) (access, refresh string) {
	access, refresh = v.hand(), v.hand()
	again := *g
	again.used = false
	v.access[access], v.refresh[refresh] = g, &again
	return access, refresh
}

// rotate takes a refresh token, once.
func (v *Vendor) rotate(token string) *grant {
	g := v.refresh[token]
	delete(v.refresh, token)
	return g
}

// reply is what an endpoint answers.
type reply struct {
	status int
	body   map[string]any
}

func ok(body map[string]any) reply { return reply{http.StatusOK, body} }
