package connector

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard/auth"
)

// Engine runs the steps of connectors: a sign-in, a refresh, a recheck, a vendor's app
// list. It keeps the app-level tokens that steps share, so one server has one Engine;
// it is safe for concurrent use and must not be copied.
type Engine struct {
	HTTP   *http.Client     // see [NewHTTPClient]
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discard

	tokens tokenCache
}

// Run holds the values of one run that the connector itself does not know.
type Run struct {
	// Vars are not secret: redirect_uri, state, login_hint, prompt …
	Vars map[string]string
	// Secrets are the connector's own by name, code_verifier with PKCE, and for what
	// runs after the sign-in its tokens (access_token, refresh_token, id_token), sub,
	// tenant and what [Result].Kept held.
	Secrets map[string]auth.Secret
	// Unseen leaves requests and answers out of the stages. Writing them down for people,
	// secrets hidden, costs more than all the rest of a run.
	Unseen bool
}

// Result is who signed in, as the connector's last step left it.
type Result struct {
	Subject string // the vendor's identifier; a person only together with Tenant and connector
	Tenant  string
	Name    string
	Email   string // only where verified, or marked authoritative
	Avatar  string // an https or http address
	Groups  []string
	// Authoritative holds the results that other systems may trust as a name.
	Authoritative map[string]string
	Tokens        auth.TokenSet
	// Kept are the results that the connector's refresh, recheck, revoke, apps or logout
	// will want again; the caller seals them and gives them back in Run.Secrets.
	Kept   map[string]auth.Secret
	Stages []Stage
}

// Stage is one step as the admin sees it: what was sent and what came back, secrets
// replaced by dots.
type Stage struct {
	ID              string // the step's id, or "step 2"
	Request, Answer string
	Err             error // an *auth.Error; of an optional step too
	Duration        time.Duration
}

// Exchange runs the steps of a sign-in with the code that the callback brought and
// returns who it is. It fails closed: no sub, another tenant, an answer that does not
// say yes in both status and body, and nobody is signed in. The faults are
// ProviderFailed and ProviderSecret (args stage, code, reason), ProviderUnreachable,
// AnswerNotData, FieldMissing (args stage, field, found), SignInWrongCompany,
// SignInDenied, AccessEnded and EnterpriseMisconfig. On failure the Result holds
// nothing but the stages up to there.
func (e *Engine) Exchange(ctx context.Context, c *Connector, run Run, code auth.Secret) (*Result, error) {
	return e.exchange(ctx, c, c.Steps, run, code)
}

func (e *Engine) exchange(ctx context.Context, c *Connector, steps []Step, run Run, code auth.Secret) (*Result, error) {
	run.Secrets = maps.Clone(run.Secrets)
	if run.Secrets == nil {
		run.Secrets = map[string]auth.Secret{}
	}
	run.Secrets["code"] = code
	x := e.start(c, run)
	err := x.steps(ctx, steps)
	if err == nil {
		err = x.complete()
	}
	if err != nil {
		return &Result{Stages: x.stages}, err
	}
	return x.result(), nil
}

// Run runs any list of the connector's steps (Refresh, Revoke, Recheck) and returns
// what they set; see [Engine.Exchange] for the faults. A "groups" value is its
// elements, one a line.
func (e *Engine) Run(ctx context.Context, c *Connector, steps []Step, run Run) (map[string]string, []Stage, error) {
	x := e.start(c, run)
	if err := x.steps(ctx, steps); err != nil {
		return nil, x.stages, err
	}
	return x.values, x.stages, nil
}

// Tokens returns the tokens among the values of a run, as [Engine.Run] of a
// connector's Refresh gives them.
func (e *Engine) Tokens(values map[string]string) auth.TokenSet {
	t := auth.TokenSet{
		Access:  auth.NewSecret(values["access_token"]),
		Refresh: auth.NewSecret(values["refresh_token"]),
		ID:      auth.NewSecret(values["id_token"]),
		Scope:   values["scope"],
	}
	if life := seconds(values["expires_in"]); life > 0 && !t.Access.IsZero() {
		t.Expiry = e.now().Add(life)
	}
	return t
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

func (e *Engine) logger() *slog.Logger {
	if e.Logger != nil {
		return e.Logger
	}
	return slog.New(slog.DiscardHandler)
}

// execution is one run of some steps.
type execution struct {
	e      *Engine
	c      *Connector
	run    Run
	values map[string]string // what the steps have set
	nonce  string
	veil   veil
	stages []Stage
	kept   []keptToken // app tokens of earlier sign-ins that this run uses
	apps   []auth.App  // what the apps steps listed
}

// keptToken is a cached step's result in use.
type keptToken struct {
	key    cacheKey
	step   *Step
	id     string
	values map[string]string
}

func (e *Engine) start(c *Connector, run Run) *execution {
	x := &execution{e: e, c: c, run: run, values: map[string]string{}}
	for name, s := range run.Secrets {
		if name != "sub" && name != "tenant" {
			x.veil.add(s.Reveal())
		}
	}
	return x
}

// value returns the run-time value of a name, "" where there is none.
func (x *execution) value(name string) string {
	if v, ok := x.values[name]; ok {
		return v
	}
	if s, ok := x.run.Secrets[name]; ok {
		return s.Reveal()
	}
	if v, ok := x.run.Vars[name]; ok {
		return v
	}
	switch name {
	case "now_utc":
		return x.e.now().UTC().Format("2006-01-02T15:04:05Z")
	case "nonce":
		if x.nonce == "" {
			x.nonce = auth.RandomID()
		}
		return x.nonce
	case "code_challenge": // RFC 7636 section 4.2
		if v := x.run.Secrets["code_verifier"]; !v.IsZero() {
			sum := sha256.Sum256([]byte(v.Reveal()))
			return base64.RawURLEncoding.EncodeToString(sum[:])
		}
	}
	return ""
}

// complete checks what a sign-in must have by its end.
func (x *execution) complete() error {
	if x.values["sub"] == "" {
		return auth.Fail(auth.FieldMissing, auth.Args{"field": "sub", "found": "nothing"}, nil)
	}
	for name := range x.c.Expect {
		if x.values[name] == "" {
			return auth.Fail(auth.FieldMissing, auth.Args{"field": name, "found": "nothing"}, nil)
		}
	}
	return nil
}

func (x *execution) result() *Result {
	v := x.values
	r := &Result{
		Subject: v["sub"], Tenant: v["tenant"], Name: clean(v["name"]), Avatar: avatar(v["avatar"]),
		Tokens: x.e.Tokens(v), Stages: x.stages,
	}
	if v["groups"] != "" {
		r.Groups = strings.Split(v["groups"], "\n")
	}
	verified := v["email_verified"] == "true" || v["email_verified"] == "1"
	for _, name := range x.c.Authoritative {
		if v[name] == "" || name != "groups" && strings.ContainsFunc(v[name], isControl) {
			continue
		}
		if r.Authoritative == nil {
			r.Authoritative = map[string]string{}
		}
		r.Authoritative[name] = v[name]
		verified = verified || name == "email"
	}
	if verified {
		r.Email = clean(v["email"])
	}
	r.Kept = x.keep()
	delete(r.Kept, "refresh_token")
	delete(r.Kept, "id_token")
	return r
}

// avatar returns an address that a page may show as a picture, else "".
func avatar(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}
