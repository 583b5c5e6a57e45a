package sso

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// The stages of the sign-in log.
const (
	stageAuthorize = "authorize"
	stageCallback  = "callback"
	stageToken     = "token"
	stagePerson    = "person"
)

// trip is what the callback needs of a flow and nobody may see, sealed in the store.
type trip struct {
	Nonce       string        `json:"nonce"`
	Verifier    string        `json:"verifier"`
	RedirectURI string        `json:"redirect_uri"`
	TellAsker   bool          `json:"tell_asker,omitempty"` // see server.BeginOptions
	MaxAge      time.Duration `json:"max_age,omitempty"`    // see server.BeginOptions
	Edition     int64         `json:"edition"`              // of the connector; see edition
	Fresh       bool          `json:"fresh,omitempty"`      // see server.BeginOptions
	Second      bool          `json:"second,omitempty"`     // the connector changed during the first
}

// edition tells a connector from what it was before it changed: a code that was made for
// the one goes to no other.
func edition(c server.Connector) int64 { return c.UpdatedAt.UnixMilli() }

// callbackPath is where the connector's provider sends the browser back to.
func (c loaded) callbackPath() string {
	if c.doc.Redirect.Path == sharedCallback {
		return sharedCallback
	}
	return "/c/" + c.ID + "/callback"
}

// pinned is the APPID in the shared callback's address, which tells its connectors
// apart; "" where the provider refuses a query there.
func (c loaded) pinned() string {
	if c.callbackPath() != sharedCallback || c.doc.Redirect.Query == "forbidden" {
		return ""
	}
	return c.AppID
}

func (s *SSO) redirectURI(c loaded) string {
	uri := s.cfg.Base.PublicURL + c.callbackPath()
	if id := c.pinned(); id != "" {
		uri += "?app_id=" + url.QueryEscape(id)
	}
	return uri
}

// Begin implements server.Gate: it sends the browser to the enterprise's provider, to
// come back to ret.
func (s *SSO) Begin(w http.ResponseWriter, r *http.Request, enterprise, ret string, opts server.BeginOptions) {
	s.begin(w, r, &attempt{ret: ret}, enterprise, opts)
}

// begin is Begin, once more where the attempt has been on its way already.
func (s *SSO) begin(w http.ResponseWriter, r *http.Request, a *attempt, enterprise string, opts server.BeginOptions) {
	a.reference, a.stage, a.fresh, a.maxAge = opts.Reference, stageAuthorize, opts.Fresh, opts.MaxAge
	if a.reference == "" {
		a.reference = auth.NewTrace()
	}
	address, cookie, err := s.depart(r, a, enterprise, opts)
	if err != nil {
		s.failed(w, r, a, err)
		return
	}
	http.SetCookie(w, cookie)
	s.log.DebugContext(r.Context(), "sign-in begun", "enterprise", enterprise, "connector", a.connector, "reference", a.reference)
	seeOther(w, address)
}

// depart stores the flow and returns the provider's address and the flow's cookie.
func (s *SSO) depart(r *http.Request, a *attempt, enterprise string, opts server.BeginOptions) (string, *http.Cookie, error) {
	ctx := r.Context()
	if !localPath(a.ret) {
		a.ret = ""
		return "", nil, auth.Fail(auth.BadInput, nil, errors.New("return address is not a path at this server"))
	}
	if opts.TellAsker {
		a.asker = a.ret
	}
	var err error
	if a.enterprise, err = s.cfg.Enterprises.Enterprise(ctx, enterprise); err != nil {
		return "", nil, noEnterprise(err)
	}
	row, err := s.cfg.Connectors.ActiveConnector(ctx, enterprise)
	if errors.Is(err, auth.ErrNotFound) {
		return "", nil, auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": "no connector is active"}, err)
	}
	if err != nil {
		return "", nil, err
	}
	a.connector, a.edition = row.ID, edition(row)
	c, err := s.load(row)
	if err != nil {
		return "", nil, err
	}
	request, err := s.authorizeRequest(ctx, c, opts, words.Match(server.AcceptLanguage(r, opts.Locales)))
	if err != nil {
		return "", nil, err
	}
	return s.saveFlow(ctx, a, request)
}

// freshAge is how old a proof may be where a new one is asked for. It obliges the provider
// to say when the person gave it (OpenID Connect Core section 3.1.2.1); some loop at 0.
const freshAge = time.Minute

// authorizeRequest makes the request at the provider.
func (s *SSO) authorizeRequest(ctx context.Context, c loaded, opts server.BeginOptions, lang string) (openid.Request, error) {
	prompt := ""
	var maxAge *time.Duration
	switch {
	case opts.Fresh:
		prompt, maxAge = "login", new(freshAge)
	case opts.MaxAge > 0 && !c.hasMaxAge():
		maxAge = &opts.MaxAge
	}
	if c.doc.Kind == connector.KindOIDC {
		p, err := s.providers.of(ctx, c)
		if err != nil {
			return openid.Request{}, err
		}
		return p.AuthorizeRequest(s.redirectURI(c), openid.Options{LoginHint: opts.LoginHint, Prompt: prompt, MaxAge: maxAge, UILocales: lang}), nil
	}
	request := openid.Request{
		State: auth.NewSecret(auth.RandomState()), Nonce: auth.NewSecret(auth.RandomState()),
		Verifier: auth.NewSecret(auth.RandomToken()), RedirectURI: s.redirectURI(c),
	}
	run := s.run(c, request)
	run.Vars["prompt"], run.Vars["login_hint"], run.Vars["ui_locales"] = prompt, opts.LoginHint, lang
	if maxAge != nil {
		run.Vars["max_age"] = strconv.Itoa(int(*maxAge / time.Second))
	}
	var err error
	request.URL, err = s.cfg.Engine.AuthorizeURL(c.doc, run)
	return request, err
}

// hasMaxAge reports whether the connector has a max_age of its own, which no app loosens.
func (c loaded) hasMaxAge() bool {
	return c.doc.OIDC != nil && slices.ContainsFunc(c.doc.OIDC.Extra, func(p connector.Pair) bool { return p[0] == "max_age" })
}

// run is what the engine needs beside the connector.
func (s *SSO) run(c loaded, q openid.Request) connector.Run {
	secrets := map[string]auth.Secret{"code_verifier": q.Verifier}
	for name, secret := range c.secrets {
		secrets[name] = secret
	}
	return connector.Run{
		Vars: map[string]string{
			"redirect_uri": q.RedirectURI, "state": q.State.Reveal(), "nonce": q.Nonce.Reveal(),
		},
		Secrets: secrets,
		Unseen:  true,
	}
}

// saveFlow keeps the flow under the hash of its state and ties it to the browser.
func (s *SSO) saveFlow(ctx context.Context, a *attempt, q openid.Request) (string, *http.Cookie, error) {
	hash := server.Hash(q.State.Reveal())
	sealed, err := json.Marshal(trip{
		Nonce: q.Nonce.Reveal(), Verifier: q.Verifier.Reveal(), RedirectURI: q.RedirectURI,
		TellAsker: a.asker != "", MaxAge: a.maxAge, Edition: a.edition, Fresh: a.fresh, Second: a.second,
	})
	if err != nil {
		return "", nil, err
	}
	value := auth.RandomToken()
	now := s.cfg.Base.Time()
	life := s.cfg.Base.Lifetimes.Flow
	err = s.cfg.Flows.SaveFlow(ctx, server.Flow{
		Hash: hash, EnterpriseID: a.enterprise.ID, ConnectorID: a.connector,
		CookieHash: server.Hash(value), Sealed: s.cfg.Base.Sealer.Seal(sealed, "flow "+hash),
		Return: a.ret, Reference: a.reference, CreatedAt: now, ExpiresAt: now.Add(life),
	})
	if err != nil {
		return "", nil, err
	}
	return q.URL, s.cookie(s.flowCookie(hash), value, life), nil
}

// localPath reports whether ret is a path with query at this server, however a
// browser may read it: "//host", "/\host" and control characters lead elsewhere.
func localPath(ret string) bool {
	const most = 16 << 10
	path, _, _ := strings.Cut(ret, "?")
	if len(ret) > most || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return false
	}
	if strings.ContainsFunc(ret, func(c rune) bool { return c <= 0x20 || c >= 0x7f }) {
		return false
	}
	u, err := url.Parse(ret)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.HasPrefix(u.Path, "//")
}

// seeOther sends the browser on and leaves no trace of the address it was at.
func seeOther(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}

func noEnterprise(err error) error {
	if errors.Is(err, auth.ErrNotFound) {
		return auth.Fail(auth.EnterpriseNone, nil, err)
	}
	return err
}
