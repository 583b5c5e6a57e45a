package authtest

import (
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
)

// ClientID is the one client that a [Provider] knows: with PKCE, and public unless it
// has a [Provider.Secret].
const ClientID = "lanyard"

// Provider is an OpenID provider that signs everybody in at once, as one [Provider.User],
// but is strict about the request: it checks the client, the redirect URI, PKCE S256,
// and that a code or a rotated refresh token is used once. Its answers are as faulty
// as its [Faults] say.
type Provider struct {
	// Issuer is its address.
	Issuer string
	// User are the claims of whoever signs in.
	User map[string]any
	// Redirects are the registered redirect URIs; the port of a loopback address is
	// free (RFC 8252 section 7.3).
	Redirects []string
	// Secret makes the client a confidential one, which shows it by Basic, or in the
	// form where SecretInForm is set. Set both before the first request.
	Secret       string
	SecretInForm bool
	// Devices offers the device grant (RFC 8628). Set it before the first request.
	Devices bool
	// Now tells the time; nil is time.Now.
	Now func() time.Time

	mu      sync.Mutex
	faults  Faults
	keys    keys
	codes   map[string]grant
	devices map[string]*deviceCode
	refresh map[string]grant
	access  map[string]bool
	counts  map[string]int
	queries map[string]url.Values
}

// grant is what a code or a refresh token stands for.
type grant struct {
	redirectURI, challenge, nonce, scope string
}

// NewProvider starts a provider, which ends with the test.
func NewProvider(t testing.TB, f Faults) *Provider {
	t.Helper()
	p := &Provider{
		User: map[string]any{
			"sub": "u-1001", "name": "张三", "picture": "https://acme.example/zhangsan.png",
			"email": "zhangsan@acme.example", "email_verified": true,
		},
		Redirects: []string{"http://127.0.0.1/callback", "http://localhost/callback"},
		faults:    f,
		keys:      newKeys(),
		codes:     map[string]grant{},
		devices:   map[string]*deviceCode{},
		refresh:   map[string]grant{},
		access:    map[string]bool{},
		counts:    map[string]int{},
		queries:   map[string]url.Values{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /device_authorization", p.deviceAuthorization)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	mux.HandleFunc("GET /keys", p.jwks)
	mux.HandleFunc("POST /revoke", p.revoke)
	server := httptest.NewServer(p.switched(mux))
	t.Cleanup(server.Close)
	p.Issuer = server.URL
	return p
}

// Set changes the faults from the next request on.
func (p *Provider) Set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

// RotateKeys makes new keys under new names; the old ones are forgotten.
func (p *Provider) RotateKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = newKeys()
}

// Count returns how often a path ("/keys") was asked for.
func (p *Provider) Count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[path]
}

// Last returns the query and form parameters of the last request to a path.
func (p *Provider) Last(path string) url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.queries[path])
}

// switched notes each request and hands it to the faults first.
func (p *Provider) switched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		_ = r.ParseForm() // what cannot be parsed lacks what an endpoint wants
		p.mu.Lock()
		p.counts[r.URL.Path]++
		p.queries[r.URL.Path] = r.Form
		answer := p.faults.Answer[r.URL.Path]
		p.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Provider) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	document := map[string]any{
		"issuer":                                         p.Issuer,
		"authorization_endpoint":                         p.Issuer + "/authorize",
		"token_endpoint":                                 p.Issuer + "/token",
		"userinfo_endpoint":                              p.Issuer + "/userinfo",
		"jwks_uri":                                       p.Issuer + "/keys",
		"revocation_endpoint":                            p.Issuer + "/revoke",
		"end_session_endpoint":                           p.Issuer + "/end-session",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query", "form_post"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"ES256", "RS256", "EdDSA"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	}
	if p.Devices {
		document["device_authorization_endpoint"] = p.Issuer + "/device_authorization"
	}
	if p.Secret != "" {
		document["token_endpoint_auth_methods_supported"] = []string{map[bool]string{false: "client_secret_basic", true: "client_secret_post"}[p.SecretInForm]}
	}
	if p.faults.Discovery != nil {
		p.faults.Discovery(document)
	}
	answerJSON(w, http.StatusOK, document)
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := p.keys.public()
	if p.faults.Keys != nil {
		set = p.faults.Keys(set)
	}
	answerJSON(w, http.StatusOK, map[string]any{"keys": set})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	redirectURI, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != ClientID || err != nil || !p.registered(redirectURI) {
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest)
		return
	}
	params := url.Values{"state": {q.Get("state")}, "iss": {p.Issuer}}
	switch {
	case p.faults.Deny != "":
		params.Set("error", p.faults.Deny)
		params.Set("error_description", "not in group Staff")
	case q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		params.Set("error", "invalid_request")
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		params.Set("error", "invalid_scope")
	default:
		code := auth.RandomToken()
		p.codes[code] = grant{
			redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"),
			nonce: q.Get("nonce"), scope: q.Get("scope"),
		}
		params.Set("code", code)
	}
	if p.faults.Callback != nil {
		p.faults.Callback(params)
	}
	if q.Get("response_mode") == "form_post" {
		answerForm(w, redirectURI.String(), params)
		return
	}
	redirectURI.RawQuery = params.Encode()
	http.Redirect(w, r, redirectURI.String(), http.StatusFound)
}

// GiveCode gives a code that no browser asked for, to whoever holds challenge's verifier:
// it is redeemed without a redirect URI, for everything.
func (p *Provider) GiveCode(challenge, nonce string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := auth.RandomToken()
	p.codes[code] = grant{challenge: challenge, nonce: nonce, scope: "openid profile email offline_access"}
	return code
}

// registered reports whether u is one of p.Redirects.
func (p *Provider) registered(u *url.URL) bool {
	asked := *u
	if slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname()) {
		asked.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return slices.Contains(p.Redirects, u.String()) || slices.Contains(p.Redirects, asked.String())
}

// answerForm answers as OAuth 2.0 Form Post Response Mode has it: a page that posts
// itself, with a button for a browser without scripts.
func answerForm(w http.ResponseWriter, action string, params url.Values) {
	var page strings.Builder
	page.WriteString(`<!doctype html><title>Signing in</title><body onload="document.forms[0].submit()">`)
	page.WriteString(`<form method="post" action="` + html.EscapeString(action) + `">`)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range params[name] {
			page.WriteString(`<input type="hidden" name="` + html.EscapeString(name) +
				`" value="` + html.EscapeString(value) + `">`)
		}
	}
	page.WriteString(`<button>Continue</button></form>`)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(page.String()))
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
