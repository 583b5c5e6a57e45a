package connector_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth/connector"
)

func preset() connector.Connector {
	return connector.Connector{
		Schema: connector.Schema, ID: "p", Kind: connector.KindSteps,
		Vars:    texts{"base": "", "host": "sso.acme.com", "realm": "a/b", "corp": "acme", "field": "$.data[0].id", "scope": "", "method": "POST"},
		Secrets: []string{"client_secret"},
		Blanks:  []connector.Blank{{Name: "method", Choices: []string{"GET", "POST"}}},
		Authorize: &connector.Request{
			URL:    "https://{host}/{realm}/authorize?x={corp}",
			Params: []connector.Pair{{"state", "{state}"}, {"redirect_uri", "{redirect_uri}"}, {"scope", "{scope?}"}, {"{corp}", "{corp}"}},
		},
		Steps: []connector.Step{{
			ID: "user", Method: "{method}", URL: "{base}/user/{code}", Params: texts{"{corp}_id": "{corp}", "gone": "{scope?}"},
			JSON: nil, Set: paths{"sub": {"{field}"}, "name": {"{scope?}"}}, Require: []string{"sub"},
		}},
		Expect: texts{},
	}
}

func TestLoad(t *testing.T) {
	p := preset()
	c, err := connector.Load(p, texts{"base": "https://api.acme.com/v1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Authorize.URL != "https://sso.acme.com/a%2Fb/authorize?x=acme" {
		t.Errorf("authorize %s", c.Authorize.URL)
	}
	if want := []connector.Pair{{"state", "{state}"}, {"redirect_uri", "{redirect_uri}"}, {"acme", "acme"}}; !slices.Equal(c.Authorize.Params, want) {
		t.Errorf("params %v", c.Authorize.Params)
	}
	s := c.Steps[0]
	if s.Method != http.MethodPost || s.URL != "https://api.acme.com/v1/user/{code}" || !reflect.DeepEqual(s.Params, texts{"acme_id": "acme"}) ||
		!reflect.DeepEqual(s.Set, paths{"sub": {"data.0.id"}}) {
		t.Errorf("step %+v", s)
	}
	if c.Redirect.Via != "broker" {
		t.Errorf("redirect %+v", c.Redirect)
	}
	if !reflect.DeepEqual(p, preset()) {
		t.Error("Load changed the preset")
	}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var kept connector.Connector
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	again, err := connector.Load(kept, nil)
	if err != nil || !reflect.DeepEqual(again.Steps, c.Steps) || !reflect.DeepEqual(again.Authorize, c.Authorize) {
		t.Errorf("loaded again: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		vars texts
		edit func(*connector.Connector)
		want string
	}{
		{"empty var", texts{"base": ""}, nil, "vars.base: must be filled in"},
		{"unknown var", texts{"bse": "x"}, nil, "vars.bse: this connector has no var of that name"},
		{"choice", texts{"method": "PUT"}, nil, "vars.method: must be GET or POST"},
		{"braces", texts{"corp": "{client_secret}"}, nil, "vars.corp: must be one line without braces"},
		{"line", texts{"corp": "a\nb"}, nil, "vars.corp: must be one line without braces"},
		{"host with a path", texts{"host": "evil.example/x"}, nil, "authorize.url: the var in the host must be a part of a host name"},
		{"host with a user", texts{"host": "a@evil.example"}, nil, "authorize.url: the var in the host must be a part of a host name"},
		{"climbing", texts{"realm": ".."}, nil, "authorize.url: a value of dots cannot stand in a path"},
		{"no address", texts{"base": "javascript:alert(1)"}, nil, "steps.0.url: must be an https:// address"},
		{"half an address", texts{"base": "https://"}, nil, "steps.0.url: must name a host"},
		{"user", texts{"base": "https://u:p@api.acme.com"}, nil, "steps.0.url: must name a host"},
		{"backslash", texts{"base": `https://api.acme.com\@evil.example`}, nil, "steps.0.url: must name a host"},
		{"port", texts{"base": "https://api.acme.com:99999"}, nil, "steps.0.url: must be an https:// address"},
		{"fragment", texts{"base": "https://api.acme.com/#"}, nil, "steps.0.url: must be a whole address"},
		{"space", texts{"base": "https://api.acme.com/a b"}, nil, "steps.0.url: must be a whole address"},
		{"chinese host", texts{"base": "https://登录.example"}, nil, "steps.0.url: must name a host"},
		{"parameter twice", texts{"corp": "state"}, nil, `authorize.params.2: another parameter has the name "state"`},
		{"var of a taken name", nil, func(c *connector.Connector) { c.Vars["state"] = "fixed" }, "vars.state: has the name of a value of the sign-in itself"},
		{"secret of a taken name", nil, func(c *connector.Connector) { c.Secrets = []string{"code"} }, "secrets.0: has a name that is in use"},
		{"set replaces a secret", nil, func(c *connector.Connector) { c.Steps[0].Set["client_secret"] = connector.Paths{"x"} }, "steps.0.set.client_secret: has a name that is in use"},
		{"set replaces the state", nil, func(c *connector.Connector) { c.Steps[0].Set["redirect_uri"] = connector.Paths{"x"} }, "steps.0.set.redirect_uri: has a name that is in use"},
		{"steps on the desktop", nil, func(c *connector.Connector) { c.Redirect.Via = "loopback" }, "redirect.via: must be broker"},
		{"tenant unpinned", nil, func(c *connector.Connector) { c.Steps[0].Set["tenant"] = connector.Paths{"corp"} }, "steps.0.set.tenant: needs expect.tenant"},
		{"expects what nobody sets", nil, func(c *connector.Connector) { c.Expect["tenant"] = "acme" }, "expect.tenant: nothing sets tenant"},
		{"pkce without challenge", nil, func(c *connector.Connector) { c.PKCE = "S256" }, "authorize.params: no parameter carries {code_challenge}"},
		{"optional sub", nil, func(c *connector.Connector) { c.Steps[0].Optional = true }, "steps.0.optional: the step that sets sub must not be optional"},
		{"basic without secret", nil, func(c *connector.Connector) { c.Steps[0].Auth = "basic" }, "steps.0.auth: needs the var client_id"},
		{"two bodies", nil, func(c *connector.Connector) { c.Steps[0].Form = texts{}; c.Steps[0].JSON = doc{} }, "steps.0.json: stands beside form"},
		{"body by GET", texts{"method": "GET"}, func(c *connector.Connector) { c.Steps[0].JSON = doc{}; c.Steps[0].Params = nil }, "steps.0.json: cannot be sent by GET"},
		{"cache of nothing", nil, func(c *connector.Connector) { c.Steps[0].Cache = &connector.Cache{Var: "app", TTL: "life"} }, `steps.0.cache.var: "app" is not set by this step`},
		{"meaning", nil, func(c *connector.Connector) { c.Steps[0].Fail.Means = texts{"1": "bad"} }, "steps.0.fail.means.1: must be one of"},
		{"stars", nil, func(c *connector.Connector) { c.Steps[0].Set["name"] = connector.Paths{"a.*.b"} }, "steps.0.set.name.0: a list of values is for groups only"},
		{"filter", nil, func(c *connector.Connector) { c.Steps[0].Set["name"] = connector.Paths{"$..name"} }, "steps.0.set.name.0: must be a dotted path"},
		{"reverify", nil, func(c *connector.Connector) { c.Reverify = "soon" }, "reverify: must be"},
		{"list of apps elsewhere", nil, func(c *connector.Connector) { c.Steps[0].Items = "data" }, "steps.0.items: belongs to apps"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := preset()
			if row.edit != nil {
				row.edit(&p)
			}
			vars := texts{"base": "https://api.acme.com"}
			for k, v := range row.vars {
				vars[k] = v
			}
			_, err := connector.Load(p, vars)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

func TestLoadJoinsFaults(t *testing.T) {
	p := preset()
	p.Kind, p.Steps[0].Set = "step", paths{}
	p.Authorize.Params[0] = connector.Pair{"state", "{stat}"}
	_, err := connector.Load(p, nil)
	for _, want := range []string{"vars.base: must be filled in", "kind: must be oidc or steps", "authorize.params.0.1: holds {stat}", "steps.0.require.0: sub is set by no step"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

func TestLoadOIDC(t *testing.T) {
	make := func() connector.Connector {
		return connector.Connector{
			Schema: connector.Schema, ID: "o", Kind: connector.KindOIDC, Vars: texts{"issuer": "", "client_id": "c", "hint": ""},
			OIDC: &connector.OIDC{Discovery: "{issuer}/.well-known/openid-configuration", Extra: []connector.Pair{{"prompt", "consent"}, {"conn", "{hint?}"}}},
		}
	}
	c, err := connector.Load(make(), texts{"issuer": "https://acme.genauth.ai/oidc"})
	if err != nil {
		t.Fatal(err)
	}
	if c.OIDC.Issuer != "https://acme.genauth.ai/oidc" || c.OIDC.ClientID != "c" || len(c.OIDC.Extra) != 1 ||
		c.OIDC.Discovery != "https://acme.genauth.ai/oidc/.well-known/openid-configuration" {
		t.Errorf("got %+v", c.OIDC)
	}
	if want := (connector.Redirect{Via: "loopback", Host: "127.0.0.1", Path: "/callback"}); c.Redirect != want {
		t.Errorf("redirect %+v", c.Redirect)
	}
	for name, row := range map[string]struct {
		edit func(*connector.Connector)
		want string
	}{
		"google": {func(c *connector.Connector) { c.Vars["issuer"] = "https://accounts.google.com" }, "expect: is missing"},
		"entra":  {func(c *connector.Connector) { c.Vars["issuer"] = "https://login.microsoftonline.com/common/v2.0" }, "expect: is missing"},
		"slack":  {func(c *connector.Connector) { c.Vars["issuer"] = "https://slack.com" }, "expect: is missing"},
		"private": {func(c *connector.Connector) {
			c.Vars["issuer"] = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
		}, "expect: is missing"},
		"secret":      {func(c *connector.Connector) { c.Secrets = []string{"s"}; c.Redirect.Via = "loopback" }, "redirect.via: must be broker"},
		"HS256":       {func(c *connector.Connector) { c.OIDC.Algs = []string{"HS256"} }, "oidc.algs.0"},
		"tenant":      {func(c *connector.Connector) { c.Claims = paths{"tenant": {"tid"}} }, "claims.tenant: needs expect.tenant"},
		"posted apps": {func(c *connector.Connector) { c.Apps = []connector.Step{{Method: "POST", URL: "https://a"}} }, "apps.0.method: must be GET"},
		"run-time":    {func(c *connector.Connector) { c.OIDC.Extra[0][1] = "{state}" }, "oidc.extra.0.1: holds {state}; only a var may stand here"},
	} {
		c := make()
		c.Vars["issuer"] = "https://a.example"
		row.edit(&c)
		if _, err := connector.Load(c, nil); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReverifyAfter(t *testing.T) {
	for in, want := range map[string]time.Duration{"never": 0, "7d": 168 * time.Hour, "12h": 12 * time.Hour} {
		if got, err := connector.ReverifyAfter(in); err != nil || got != want {
			t.Errorf("%s: %v %v", in, got, err)
		}
	}
	for _, in := range []string{"", "0d", "-1h", "x", "9999999d"} {
		if _, err := connector.ReverifyAfter(in); err == nil {
			t.Errorf("%q accepted", in)
		}
	}
}

func TestReadCallbackErrorIf(t *testing.T) {
	c := &connector.Connector{Callback: connector.Callback{Code: []string{"authCode", "code"}, Error: []string{"error"}, ErrorText: []string{"message"}, ErrorIf: "message"}}
	if got := c.ReadCallback(url.Values{"authCode": {"a"}, "state": {"s"}}); got.Code.Reveal() != "a" || got.State != "s" || got.Err() != nil {
		t.Errorf("got %+v", got)
	}
	got := c.ReadCallback(url.Values{"code": {"60008"}, "message": {"code is invalid"}})
	if !got.Code.IsZero() || got.Error != "60008" || got.ErrorText != "code is invalid" {
		t.Errorf("got %+v", got)
	}
}

// Whatever a document says: loading and making the authorize address do not panic, and
// the browser goes to the host that the document names.
func FuzzConnector(f *testing.F) {
	p := preset()
	p.Vars["base"] = "https://api.acme.com"
	seed, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, "https://login.acme.com/cb", "hint")
	f.Add([]byte(`{"schema":"connector/1","id":"a","kind":"steps","vars":{"h":"a.b"},"authorize":{"url":"https://{h}/{state}?{login_hint?}","params":[["state","{state}"],["r","{redirect_uri}"]],"fragment":"{nonce}"},"steps":[{"method":"GET","url":"https://x","set":{"sub":"a"}}]}`), "x", "?/#@")
	f.Fuzz(func(t *testing.T, data []byte, redirect, hint string) {
		var c connector.Connector
		if json.Unmarshal(data, &c) != nil {
			return
		}
		_ = connector.Check(c)
		loaded, err := connector.Load(c, nil)
		if err != nil || loaded.Authorize == nil {
			return
		}
		got, err := (&connector.Engine{}).AuthorizeURL(loaded, connector.Run{Vars: texts{"state": "00ff", "redirect_uri": redirect, "login_hint": hint}})
		if err != nil {
			return
		}
		_, rest, _ := strings.Cut(loaded.Authorize.URL, "://")
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			rest = rest[:i]
		}
		u, err := url.Parse(got)
		if err != nil || u.Host != rest || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			t.Fatalf("%s from %s: %v", got, loaded.Authorize.URL, err)
		}
	})
}

// Any value comes out of an encoded place as it went in, and nothing beside it.
func FuzzEncoding(f *testing.F) {
	f.Add("../a b&c=d?e#f\"张三%2F")
	f.Fuzz(func(t *testing.T, value string) {
		c := &connector.Connector{Authorize: &connector.Request{URL: "https://a.example/x/{login_hint}/y?q={login_hint}", Params: []connector.Pair{{"p", "-{login_hint}-"}}}}
		got, err := (&connector.Engine{}).AuthorizeURL(c, connector.Run{Vars: texts{"state": "ab", "login_hint": value}})
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil || len(q) != 2 || len(q["q"]) != 1 || q.Get("q") != value || q.Get("p") != "-"+value+"-" {
			t.Fatalf("query %v of %s", q, got)
		}
		if u.Host != "a.example" || u.Path != "/x/"+value+"/y" || strings.Count(u.EscapedPath(), "/") != 3 {
			t.Fatalf("path %s of %s", u.EscapedPath(), got)
		}
	})
}
