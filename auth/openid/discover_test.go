package openid_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

func TestDiscoverFaults(t *testing.T) {
	const path = "/.well-known/openid-configuration"
	document := func(change func(map[string]any)) authtest.Faults { return authtest.Faults{Discovery: change} }
	tests := map[string]struct {
		faults authtest.Faults
		fault  auth.Fault
	}{
		"another issuer":          {document(set("issuer", "https://evil.example")), auth.EnterpriseMisconfig},
		"issuer and slash":        {document(func(d map[string]any) { d["issuer"] = d["issuer"].(string) + "/" }), auth.EnterpriseMisconfig},
		"no issuer":               {document(without("issuer")), auth.EnterpriseMisconfig},
		"no token endpoint":       {document(without("token_endpoint")), auth.EnterpriseMisconfig},
		"no keys":                 {document(without("jwks_uri")), auth.EnterpriseMisconfig},
		"plain http":              {document(set("token_endpoint", "http://sso.acme.example/token")), auth.InsecureAddress},
		"plain http to open":      {document(set("authorization_endpoint", "http://sso.acme.example/a")), auth.InsecureAddress},
		"plain http to revoke":    {document(set("revocation_endpoint", "http://sso.acme.example/r")), auth.InsecureAddress},
		"a program's scheme":      {document(set("authorization_endpoint", "ms-settings:x")), auth.EnterpriseMisconfig},
		"user in the address":     {document(set("authorization_endpoint", "https://acme.example@evil.example/")), auth.EnterpriseMisconfig},
		"look-alike letters":      {document(set("authorization_endpoint", "https://асme.example/")), auth.EnterpriseMisconfig},
		"an address that is none": {document(set("userinfo_endpoint", "https://[::1/x")), auth.EnterpriseMisconfig},
		"a fragment":              {document(set("authorization_endpoint", "https://sso.acme.example/#/a")), auth.EnterpriseMisconfig},
		"a list":                  {document(set("token_endpoint", []string{"x"})), auth.AnswerNotData},
		"a web page":              {answer(path, authtest.HTML), auth.AnswerNotData},
		"5 MB":                    {answer(path, authtest.Huge), auth.AnswerNotData},
		"not there":               {answer(path, authtest.Status(404)), auth.ProviderFailed},
		"redirect":                {answer(path, http.RedirectHandler("/x", http.StatusFound).ServeHTTP), auth.ProviderFailed},
		"500":                     {answer(path, authtest.Status(500)), auth.ProviderUnreachable},
		"slow":                    {authtest.Faults{}, auth.ProviderUnreachable},
		"not reached":             {answer(path, hangUp), auth.ProviderUnreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			idp := authtest.NewProvider(t, test.faults)
			ctx := t.Context()
			if name == "slow" {
				ctx = slow(t, idp, path)
			}
			p, err := client(nil).Discover(ctx, conn(idp))
			expectFault(t, err, test.fault, "")
			if p != nil {
				t.Error("a refused document gave a provider")
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(nil).Discover(ctx, conn(authtest.NewProvider(t, authtest.Faults{})))
	expectFault(t, err, auth.SignInCanceled, "")
}

func TestDiscoverRefusesConnectors(t *testing.T) {
	idp := authtest.NewProvider(t, authtest.Faults{})
	for name, change := range map[string]func(c *connector.Connector){
		"steps":           func(c *connector.Connector) { c.Kind = connector.KindSteps },
		"no client":       func(c *connector.Connector) { c.OIDC.ClientID = "" },
		"alg none":        func(c *connector.Connector) { c.OIDC.Algs = []string{"RS256", "none"} },
		"alg HS256":       func(c *connector.Connector) { c.OIDC.Algs = []string{"HS256"} },
		"state from data": func(c *connector.Connector) { c.OIDC.Extra = []connector.Pair{{"state", "fixed"}} },
		"plain challenge": func(c *connector.Connector) { c.OIDC.Extra = []connector.Pair{{"code_challenge_method", "plain"}} },
	} {
		c := conn(idp)
		change(c)
		if _, err := client(nil).Discover(t.Context(), c); !errors.Is(err, auth.EnterpriseMisconfig) {
			t.Errorf("%s: %v, want enterprise_misconfig", name, err)
		}
	}
}

func TestDiscoverFillsFromFallback(t *testing.T) {
	idp := authtest.NewProvider(t, authtest.Faults{Discovery: func(d map[string]any) {
		delete(d, "revocation_endpoint")
		delete(d, "response_modes_supported")
		delete(d, "authorization_response_iss_parameter_supported")
	}})
	c := conn(idp)
	c.OIDC.Discovery = idp.Issuer + "/.well-known/openid-configuration"
	c.OIDC.Fallback = map[string]string{
		"revocation_endpoint": idp.Issuer + "/revoke", "token_endpoint": "https://never.example/",
	}
	p, err := client(nil).Discover(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if p.RevocationEndpoint != idp.Issuer+"/revoke" || p.TokenEndpoint != idp.Issuer+"/token" {
		t.Errorf("endpoints are %q and %q", p.RevocationEndpoint, p.TokenEndpoint)
	}
	if p.FormPost || p.IssParameter {
		t.Errorf("form_post %v and iss %v, want neither", p.FormPost, p.IssParameter)
	}
	c.OIDC.Fallback["revocation_endpoint"] = "http://sso.acme.example/"
	if _, err := client(nil).Discover(t.Context(), c); !errors.Is(err, auth.InsecureAddress) {
		t.Errorf("a plain http fallback: %v, want insecure_address", err)
	}
}

func TestPlainHTTPWhereTheServerAllowsIt(t *testing.T) {
	idp := authtest.NewProvider(t, authtest.Faults{Discovery: set("authorization_endpoint", "http://sso.corp/authorize")})
	c := client(nil)
	c.AllowHTTP = []string{"sso.corp"}
	if _, err := c.Discover(t.Context(), conn(idp)); err != nil {
		t.Error(err)
	}
}

func TestAuthorizeRequest(t *testing.T) {
	idp := authtest.NewProvider(t, authtest.Faults{})
	idp.Set(authtest.Faults{Discovery: set("authorization_endpoint", idp.Issuer+"/authorize?tenant=a%2Fb")})
	c := conn(idp)
	c.OIDC.Extra = []connector.Pair{{"prompt", "consent"}, {"ext_idp_conn_id", ""}, {"lang", "zh CN"}}
	p, err := client(nil).Discover(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	r := p.AuthorizeRequest(redirectURI, openid.Options{LoginHint: "张三", UILocales: "zh en", FormPost: true})
	if !strings.HasPrefix(r.URL, idp.Issuer+"/authorize?tenant=a%2Fb&response_type=code&client_id=lanyard&") {
		t.Errorf("the fixed query or the order is lost: %s", r.URL)
	}
	if strings.Contains(r.URL, "+") || !strings.Contains(r.URL, "scope=openid%20profile%20email%20offline_access") {
		t.Errorf("a space is not %%20: %s", r.URL)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"redirect_uri": redirectURI, "state": r.State.Reveal(), "nonce": r.Nonce.Reveal(),
		"code_challenge_method": "S256", "response_mode": "form_post", "prompt": "consent",
		"login_hint": "张三", "ui_locales": "zh en", "lang": "zh CN",
	} {
		if len(q[name]) != 1 || q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q[name], want)
		}
	}
	if q.Has("ext_idp_conn_id") || strings.Contains(r.URL, r.Verifier.Reveal()) {
		t.Errorf("an empty parameter or the verifier is sent: %s", r.URL)
	}
	if len(r.State.Reveal()) != 64 || len(r.Verifier.Reveal()) < 43 {
		t.Errorf("state of %d and verifier of %d characters", len(r.State.Reveal()), len(r.Verifier.Reveal()))
	}

	if q.Has("max_age") {
		t.Errorf("a max_age is sent that nobody wants: %s", r.URL)
	}
	other := p.AuthorizeRequest(redirectURI, openid.Options{Prompt: "login", MaxAge: new(time.Minute)})
	if other.State.Equal(r.State) || other.Nonce.Equal(r.Nonce) || other.Verifier.Equal(r.Verifier) {
		t.Error("two requests share a secret")
	}
	u, err = url.Parse(other.URL)
	if err != nil || len(u.Query()["prompt"]) != 1 || u.Query().Get("prompt") != "login" {
		t.Errorf("the sign-in's own prompt does not win: %s", other.URL)
	}
	if got := u.Query()["max_age"]; len(got) != 1 || got[0] != "60" {
		t.Errorf("max_age is %q, want 60: %s", got, other.URL)
	}
	if u.Query().Has("response_mode") || u.Query().Has("login_hint") {
		t.Errorf("what was not asked for is sent: %s", other.URL)
	}
}
