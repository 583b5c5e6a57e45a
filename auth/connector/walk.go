package connector

import (
	"maps"
	"slices"
	"strconv"
)

// The names that have a value by themselves, by where a template stands. Whatever a
// step sets is known to the steps after it.
var (
	authorizeNames = names("redirect_uri", "state", "nonce", "code_challenge", "login_hint", "prompt", "ui_locales", "max_age", "now_utc")
	signInNames    = names("redirect_uri", "state", "nonce", "code", "code_verifier", "now_utc")
	laterNames     = names("access_token", "refresh_token", "id_token", "sub", "tenant", "nonce", "now_utc")
	activateNames  = names("code", "nonce", "now_utc")
	logoutNames    = names("redirect_uri", "state", "id_token", "sub", "tenant")
)

type nameSet map[string]bool

func names(list ...string) nameSet {
	set := make(nameSet, len(list))
	for _, n := range list {
		set[n] = true
	}
	return set
}

func (s nameSet) plus(more ...string) nameSet {
	out := maps.Clone(s)
	for _, n := range more {
		out[n] = true
	}
	return out
}

// spot is where a template stands in a document.
type spot struct {
	path  string // "steps.0.form.code"
	place place
	names nameSet // the run-time names that have a value there
}

// walker visits every template of a connector and builds a copy from what visit
// returns; a template that is not kept takes its parameter with it. Filling and
// checking are both walks, so that neither can forget a place.
type walker struct {
	visit func(at spot, template string) (out string, keep bool)
}

func (w walker) connector(c Connector) Connector {
	out := c
	out.Vars, out.Secrets, out.Authoritative = maps.Clone(c.Vars), slices.Clone(c.Secrets), slices.Clone(c.Authoritative)
	out.Targets = slices.Clone(c.Targets)
	out.Blanks = slices.Clone(c.Blanks)
	out.Authorize = w.request("authorize", c.Authorize, authorizeNames)
	out.Callback = Callback{
		Code:      w.list("callback.code", inText, nil, c.Callback.Code),
		State:     w.list("callback.state", inText, nil, c.Callback.State),
		Error:     w.list("callback.error", inText, nil, c.Callback.Error),
		ErrorText: w.list("callback.error_text", inText, nil, c.Callback.ErrorText),
		ErrorIf:   w.one("callback.error_if", inText, nil, c.Callback.ErrorIf),
	}
	signIn := signInNames.plus(c.Secrets...)
	later := laterNames.plus(c.Secrets...)
	for _, s := range c.Steps {
		for name := range s.Set {
			later[name] = true
		}
	}
	out.Steps = w.steps("steps", c.Steps, signIn)
	out.Refresh = w.steps("refresh", c.Refresh, later)
	out.Revoke = w.steps("revoke", c.Revoke, later)
	out.Recheck = w.steps("recheck", c.Recheck, later)
	out.Apps = w.steps("apps", c.Apps, later)
	out.Logout = w.request("logout", c.Logout, logoutNames)
	if c.Activate != nil {
		out.Activate = &Activate{
			Steps:   w.steps("activate.steps", c.Activate.Steps, activateNames.plus(c.Activate.Secrets...)),
			Secrets: slices.Clone(c.Activate.Secrets),
		}
	}
	out.OIDC = w.oidc(c.OIDC)
	out.Claims = w.paths("claims", c.Claims)
	out.Expect = w.mapping("expect", inText, nil, c.Expect)
	return out
}

func (w walker) oidc(o *OIDC) *OIDC {
	if o == nil {
		return nil
	}
	out := *o
	out.Discovery = w.one("oidc.discovery", inURL, nil, o.Discovery)
	out.Issuer = w.one("oidc.issuer", inURL, nil, o.Issuer)
	out.ClientID = w.one("oidc.client_id", inText, nil, o.ClientID)
	out.Scopes = w.list("oidc.scopes", inText, nil, o.Scopes)
	out.Extra = w.pairs("oidc.extra", nil, o.Extra)
	out.Algs = slices.Clone(o.Algs)
	out.Fallback = w.mapping("oidc.fallback", inURL, nil, o.Fallback)
	return &out
}

func (w walker) request(path string, r *Request, known nameSet) *Request {
	if r == nil {
		return nil
	}
	return &Request{
		URL:      w.one(path+".url", inURL, known, r.URL),
		Params:   w.pairs(path+".params", known, r.Params),
		Fragment: w.one(path+".fragment", inText, known, r.Fragment),
	}
}

func (w walker) steps(path string, steps []Step, known nameSet) []Step {
	if steps == nil {
		return nil
	}
	known = maps.Clone(known)
	out := make([]Step, len(steps))
	for i, s := range steps {
		out[i] = w.step(at(path, i), s, known)
		for name := range s.Set {
			known[name] = true
		}
	}
	return out
}

func (w walker) step(path string, s Step, known nameSet) Step {
	out := s
	out.Method = w.one(path+".method", inText, nil, s.Method)
	out.URL = w.one(path+".url", inURL, known, s.URL)
	out.Auth = w.one(path+".auth", inText, nil, s.Auth)
	out.Params = w.mapping(path+".params", inText, known, s.Params)
	out.Query = w.mapping(path+".query", inText, known, s.Query)
	out.Form = w.mapping(path+".form", inText, known, s.Form)
	if s.JSON != nil {
		out.JSON, _ = w.tree(path+".json", known, s.JSON).(map[string]any)
	}
	out.Headers = w.mapping(path+".headers", inHeader, known, s.Headers)
	if s.OK != nil {
		out.OK = &Match{
			Path: w.one(path+".ok.path", inPath, nil, s.OK.Path),
			In:   slices.Clone(s.OK.In),
		}
	}
	out.Fail = Fail{
		Code:  w.list(path+".fail.code", inPath, nil, s.Fail.Code),
		Text:  w.list(path+".fail.text", inPath, nil, s.Fail.Text),
		Means: maps.Clone(s.Fail.Means),
	}
	out.Set = w.paths(path+".set", s.Set)
	out.Require = slices.Clone(s.Require)
	if s.Cache != nil {
		kept := *s.Cache
		out.Cache = &kept
	}
	out.Items = w.one(path+".items", inPath, nil, s.Items)
	out.Item = w.paths(path+".item", s.Item)
	return out
}

func (w walker) one(path string, p place, known nameSet, s string) string {
	if s == "" {
		return ""
	}
	out, _ := w.visit(spot{path, p, known}, s)
	return out
}

func (w walker) list(path string, p place, known nameSet, list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, 0, len(list))
	for i, s := range list {
		if s, keep := w.visit(spot{at(path, i), p, known}, s); keep {
			out = append(out, s)
		}
	}
	return out
}

func (w walker) pairs(path string, known nameSet, pairs []Pair) []Pair {
	if pairs == nil {
		return nil
	}
	out := make([]Pair, 0, len(pairs))
	for i, p := range pairs {
		key, keepKey := w.visit(spot{at(path, i) + ".0", inText, nil}, p[0])
		value, keep := w.visit(spot{at(path, i) + ".1", inText, known}, p[1])
		if keepKey && keep {
			out = append(out, Pair{key, value})
		}
	}
	return out
}

func (w walker) mapping(path string, p place, known nameSet, m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		key, keepKey := w.visit(spot{path + "." + k, inText, nil}, k)
		value, keep := w.visit(spot{path + "." + k, p, known}, m[k])
		if keepKey && keep {
			out[key] = value
		}
	}
	return out
}

func (w walker) paths(path string, m map[string]Paths) map[string]Paths {
	if m == nil {
		return nil
	}
	out := make(map[string]Paths, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if list := w.list(path+"."+k, inPath, nil, m[k]); len(list) > 0 {
			out[k] = list
		}
	}
	return out
}

// tree walks a JSON body; its texts are templates, whatever else is in it stays.
func (w walker) tree(path string, known nameSet, v any) any {
	switch v := v.(type) {
	case string:
		if s, keep := w.visit(spot{path, inText, known}, v); keep {
			return s
		}
		return nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			key, keepKey := w.visit(spot{path + "." + k, inText, nil}, k)
			value := w.tree(path+"."+k, known, v[k])
			if keepKey && (value != nil || v[k] == nil) {
				out[key] = value
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for i, item := range v {
			if value := w.tree(at(path, i), known, item); value != nil || item == nil {
				out = append(out, value)
			}
		}
		return out
	default:
		return v
	}
}

func at(path string, i int) string { return path + "." + strconv.Itoa(i) }
