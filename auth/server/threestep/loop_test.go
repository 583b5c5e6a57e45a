package threestep_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/openid"
	"lanyard/auth/server"
	"lanyard/auth/server/demo"
	"lanyard/auth/server/servertest"
	"lanyard/auth/server/sso"
	"lanyard/auth/server/store"
	"lanyard/auth/server/threestep"
)

// TestOwnPresetSignsInHere closes the loop: the people of one enterprise sign in at the
// pretend company's SSO; another enterprise on the same server has the shipped preset of
// three interfaces pointed at the first one. What we expect of others and what we offer
// to others are the same letters, by POST and by GET, with the document's names and with
// others.
func TestOwnPresetSignsInHere(t *testing.T) {
	for name, way := range map[string]struct {
		three server.Three
		vars  map[string]string
	}{
		"as the document has it": {},
		"by GET":                 {server.Three{Get: true}, map[string]string{"token_method": "GET"}},
		"other names": {
			server.Three{
				Params: map[string]string{
					"app_id": "appid", "app_secret": "appkey", "redirect_uri": "redirect_url", "state": "st",
					"code": "oauth_code", "access_token": "ticket",
				},
				Answers: map[string]string{"access_token": "ticket", "user_id": "uid", "name": "nickname", "avatar": "picture"},
			},
			map[string]string{
				"client_id_field": "appid", "client_secret_field": "appkey", "redirect_field": "redirect_url", "state_field": "st",
				"code_field": "oauth_code", "token_code_field": "oauth_code", "token_param": "ticket", "token_field": "ticket",
				"user_id_field": "uid", "name_field": "nickname", "avatar_field": "picture",
			},
		},
	} {
		t.Run(name, func(t *testing.T) { loop(t, way.three, way.vars) })
	}
}

func loop(t *testing.T, three server.Three, vars map[string]string) {
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "lanyard.db"))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	must(t, err)
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	base := &server.Base{PublicURL: listener.URL, Sealer: sealer, Lifetimes: server.DefaultLifetimes()}
	client := connector.NewHTTPClient(connector.Policy{Loopback: true})
	gate, err := sso.New(sso.Config{
		Base: base, Enterprises: s, Connectors: s, People: s, Flows: s, Sessions: s, SignIns: s,
		Engine: &connector.Engine{HTTP: client}, OIDC: &openid.Client{HTTP: client}, Pages: assets.SSOPages,
	})
	must(t, err)
	gate.Mount(mux)
	p, err := threestep.New(threestep.Config{Base: base, People: s, Clients: s, Grants: s, Gate: gate, Fail: gate.Fail})
	must(t, err)
	p.Mount(mux)
	mux.HandleFunc("GET /e/{id}/home", func(w http.ResponseWriter, r *http.Request) {
		session, err := gate.Session(r, r.PathValue("id"))
		if err != nil {
			gate.Begin(w, r, r.PathValue("id"), r.URL.Path, server.BeginOptions{})
			return
		}
		person, err := s.Person(r.Context(), r.PathValue("id"), session.PersonID)
		must(t, err)
		_, _ = io.WriteString(w, "home of "+person.Name+" "+person.Account+" "+person.Avatar)
	})

	// The first enterprise signs in at the pretend company's SSO and is the provider.
	shared := listener.URL + "/oauth/v1/code?app_id="
	var company http.Handler
	sso := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { company.ServeHTTP(w, r) }))
	t.Cleanup(sso.Close)
	company = demo.NewSSO(demo.SSOConfig{BaseURL: sso.URL, RedirectURIs: []string{shared + "AK1"}})
	connect := func(enterprise, appID, secret string, fill map[string]string) {
		t.Helper()
		now := base.Time()
		must(t, s.SaveEnterprise(ctx, server.Enterprise{Enterprise: auth.Enterprise{ID: enterprise, Code: enterprise[4:8] + "x", Name: auth.Text{"en": "A company"}}, CreatedAt: now, UpdatedAt: now}))
		preset, err := schema.FindPreset("wps-style")
		must(t, err)
		filled, err := connector.Load(preset.Connector, fill)
		must(t, err)
		document, err := json.Marshal(filled)
		must(t, err)
		secrets, err := json.Marshal(map[string]string{"client_secret": secret})
		must(t, err)
		must(t, s.SaveConnector(ctx, server.Connector{
			ID: enterprise, EnterpriseID: enterprise, AppID: appID, Document: document,
			Sealed: sealer.Seal(secrets, enterprise), Active: true, CreatedAt: now, UpdatedAt: now,
		}))
	}
	connect(acme, "AK1", demo.ClientSecret, map[string]string{
		"authorize_url": sso.URL + "/authorize", "token_url": sso.URL + "/accessToken", "user_url": sso.URL + "/userInfo",
		"client_id": demo.ClientID,
	})
	must(t, s.SaveClient(ctx, server.Client{
		ID: "beta", EnterpriseID: acme, Name: "Beta", SecretHash: server.Hash(appSecret),
		RedirectURIs: []string{shared + "AK2"}, Three: &three, CreatedAt: time.Now(),
	}))

	// The second one is its application.
	issuer := base.Issuer(acme) + "/three/"
	fill := map[string]string{
		"authorize_url": issuer + "authorize", "token_url": issuer + "accessToken", "user_url": issuer + "userInfo",
		"client_id": "beta",
	}
	for name, value := range vars {
		fill[name] = value
	}
	connect(other, "AK2", appSecret, fill)

	b := (&servertest.Site{T: t, URL: listener.URL}).Browser()
	b.Client.CheckRedirect = nil // as a browser does
	at := listener.URL + "/e/" + other + "/home"
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, at, nil)
	must(t, err)
	answer, err := b.Client.Do(r)
	must(t, err)
	defer answer.Body.Close()
	signIn := answer.Request.URL
	if signIn.Path != "/authorize" || !strings.HasPrefix(signIn.String(), sso.URL) {
		t.Fatalf("sent to %s", signIn)
	}
	page := b.Post(signIn.String(), url.Values{"account": {"zhangsan"}})
	people, err := s.FindPeople(ctx, acme, "", 10, 0)
	must(t, err)
	if len(people) != 1 {
		t.Fatalf("%d people at the provider; the last page: %s", len(people), page.Body)
	}
	if want := "home of 张三 " + people[0].ID + " " + sso.URL + "/avatar/zhangsan"; page.Body != want {
		t.Errorf("page = %q, want %q", page.Body, want)
	}
}
