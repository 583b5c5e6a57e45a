package demo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lanyard/auth"
)

const flowLife = 10 * time.Minute

// relying is an OpenID relying party made of go-oidc and x/oauth2.
type relying struct {
	app      string // its name in words and cookies
	enter    string // the path at which a sign-in begins
	cfg      AppConfig
	client   *http.Client
	sessions memory[visitor]
	flows    memory[notesFlow]

	mu       sync.Mutex
	provider *oidc.Provider // found at the first sign-in
}

// notesFlow is one sign-in under way; the browser that began it holds its name.
type notesFlow struct{ nonce, verifier, target string }

// NewNotes returns the app that signs in by OpenID Connect with a library: code flow,
// PKCE, nonce, and /login for sign-ins that others begin (OpenID Connect Core section
// 4, initiate_login_uri).
func NewNotes(cfg AppConfig) http.Handler { return newRelying("notes", "/login", cfg) }

// NewIntranet returns the app whose home page elsewhere, in a messenger's workbench say,
// is its authentication address (GenAuth's 认证地址): who comes there is signed in by the
// company's provider, whoever was here before. It is a public client: it has no secret
// and needs none, thanks to PKCE.
func NewIntranet(cfg AppConfig) http.Handler { return newRelying("intranet", "/auth", cfg) }

func newRelying(app, enter string, cfg AppConfig) http.Handler {
	n := &relying{app: app, enter: enter, cfg: cfg, client: &http.Client{Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", n.home)
	mux.HandleFunc("GET "+enter, n.login)
	mux.HandleFunc("GET /callback", n.callback)
	mux.HandleFunc("POST /logout", n.logout)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (n *relying) home(w http.ResponseWriter, r *http.Request) {
	if who, ok := n.sessions.get(cookie(r, n.app)); ok {
		showApp(w, r, n.cfg, n.app, who)
		return
	}
	showLeft(w, r, n.app, n.enter)
}

// login begins a sign-in. Anybody may send a browser here, so the issuer must be the
// one this app trusts, and where to go afterwards must be here.
func (n *relying) login(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if iss := q.Get("iss"); iss != "" && iss != n.cfg.Issuer {
		showProblem(w, r, http.StatusBadRequest, n.app, "demo.app.other_issuer", n.enter)
		return
	}
	provider, err := n.discover(r.Context())
	if err != nil {
		showProblem(w, r, http.StatusBadGateway, n.app, "demo.app.no_answer", n.enter)
		return
	}
	flow := notesFlow{nonce: auth.RandomToken(), verifier: oauth2.GenerateVerifier(), target: "/"}
	if path, ok := strings.CutPrefix(q.Get("target_link_uri"), n.cfg.BaseURL+"/"); ok {
		flow.target = "/" + strings.TrimLeft(path, `/\`)
	}
	state := n.flows.put(flow, flowLife)
	setCookie(w, n.cfg.BaseURL, n.app+"-flow", state, int(flowLife.Seconds()))
	opts := []oauth2.AuthCodeOption{oidc.Nonce(flow.nonce), oauth2.S256ChallengeOption(flow.verifier)}
	if hint := q.Get("login_hint"); hint != "" {
		opts = append(opts, oauth2.SetAuthURLParam("login_hint", hint))
	}
	http.Redirect(w, r, n.oauth2(provider).AuthCodeURL(state, opts...), http.StatusFound) //nolint:gosec // the provider's address
}

// callback ends a sign-in, in the browser that began it and once.
func (n *relying) callback(w http.ResponseWriter, r *http.Request) {
	state, iss := r.FormValue("state"), r.FormValue("iss")
	if cookie(r, n.app+"-flow") != state || iss != "" && iss != n.cfg.Issuer { // RFC 9207
		showProblem(w, r, http.StatusBadRequest, n.app, "demo.app.not_back", n.enter)
		return
	}
	setCookie(w, n.cfg.BaseURL, n.app+"-flow", "", -1)
	flow, ok := n.flows.take(state)
	if !ok || r.FormValue("code") == "" {
		showProblem(w, r, http.StatusBadRequest, n.app, "demo.app.not_back", n.enter)
		return
	}
	who, err := n.exchange(r.Context(), r.FormValue("code"), flow)
	if err != nil {
		showProblem(w, r, http.StatusBadGateway, n.app, "demo.app.no_answer", n.enter)
		return
	}
	setCookie(w, n.cfg.BaseURL, n.app, n.sessions.put(who, sessionLife), 0)
	http.Redirect(w, r, flow.target, http.StatusSeeOther) // no code stays in the history
}

// exchange trades the code for tokens, checks them, and returns who it is.
func (n *relying) exchange(ctx context.Context, code string, flow notesFlow) (visitor, error) {
	provider, err := n.discover(ctx)
	if err != nil {
		return visitor{}, err
	}
	ctx = oidc.ClientContext(ctx, n.client)
	tokens, err := n.oauth2(provider).Exchange(ctx, code, oauth2.VerifierOption(flow.verifier))
	if err != nil {
		return visitor{}, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: n.cfg.ClientID}).Verify(ctx, raw)
	if err != nil {
		return visitor{}, err
	}
	if id.Nonce != flow.nonce {
		return visitor{}, errors.New("check id_token: another nonce")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			return visitor{}, err
		}
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return visitor{}, err
	}
	if info.Subject != id.Subject {
		return visitor{}, errors.New("check userinfo: another subject")
	}
	var claims struct {
		Name string `json:"name"`
	}
	if err := info.Claims(&claims); err != nil {
		return visitor{}, err
	}
	return visitor{ID: id.Subject, Name: claims.Name}, nil
}

// discover finds the provider, again at each sign-in until it answers.
func (n *relying) discover(ctx context.Context) (*oidc.Provider, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.provider == nil {
		provider, err := oidc.NewProvider(oidc.ClientContext(ctx, n.client), n.cfg.Issuer)
		if err != nil {
			return nil, err
		}
		n.provider = provider
	}
	return n.provider, nil
}

func (n *relying) oauth2(provider *oidc.Provider) *oauth2.Config {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // never tried out with a code that works once
	return &oauth2.Config{
		ClientID: n.cfg.ClientID, ClientSecret: n.cfg.ClientSecret, Endpoint: endpoint,
		RedirectURL: n.cfg.BaseURL + "/callback", Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
}

func (n *relying) logout(w http.ResponseWriter, r *http.Request) {
	n.sessions.take(cookie(r, n.app))
	showLeft(w, r, n.app, n.enter)
}
