package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

type (
	doc   = map[string]any
	texts = map[string]string
	paths = map[string]connector.Paths
)

// serve starts a vendor and returns an engine that may call it.
func serve(t testing.TB, h http.HandlerFunc) (string, *connector.Engine) {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, &connector.Engine{HTTP: connector.NewHTTPClient(connector.Policy{Loopback: true})}
}

func reply(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }

// loaded loads a steps connector whose addresses are below base.
func loaded(t testing.TB, base string, c connector.Connector) *connector.Connector {
	t.Helper()
	c.Schema, c.ID, c.Kind = connector.Schema, "test", connector.KindSteps
	c.Vars = texts{"client_id": "app 1", "corp": "acme", "base": ""}
	c.Secrets = []string{"client_secret"}
	c.Authorize = &connector.Request{URL: base + "/authorize", Params: []connector.Pair{{"state", "{state}"}, {"redirect_uri", "{redirect_uri}"}}}
	out, err := connector.Load(c, texts{"base": base})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func secrets(m texts) connector.Run {
	r := connector.Run{Vars: texts{"redirect_uri": "https://a/cb", "state": "00ff"}, Secrets: map[string]auth.Secret{"client_secret": auth.NewSecret("s3cr3t/+ %")}}
	for k, v := range m {
		r.Secrets[k] = auth.NewSecret(v)
	}
	return r
}

// The answer of a step reaches the next ones encoded for its place, whatever is in it.
func TestEncodingByPlace(t *testing.T) {
	const evil = "../a b&c=d?e#f\"g\\h/张三%2F"
	var got *http.Request
	var body []byte
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			reply(w, doc{"v": evil, "sub": "u"})
			return
		}
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
		reply(w, doc{})
	})
	c := loaded(t, base, connector.Connector{Steps: []connector.Step{
		{Method: "GET", URL: "{base}/first", Set: paths{"v": {"v"}, "sub": {"sub"}}},
		{
			Method: "POST", URL: "{base}/p/{v}/q?fixed=1&u={v}&gone={nothing?}", Query: texts{"w": "x{v}", "gone": "{nothing?}"},
			JSON:    map[string]any{"a": "{v}", "n": 7, "list": []any{"{v}", "{nothing?}"}, "gone": "{nothing?}"},
			Headers: texts{"X-V": "{v}", "X-Gone": "{nothing?}"}, Set: paths{"nothing": {"none"}},
		},
	}[:1]})
	c.Steps = append(c.Steps, connector.Step{
		Method: "POST", URL: base + "/p/{v}/q?fixed=1&u={v}&gone={nothing?}", Query: texts{"w": "x{v}", "gone": "{nothing?}"},
		JSON:    map[string]any{"a": "{v}", "n": 7, "list": []any{"{v}", "{nothing?}"}, "gone": "{nothing?}"},
		Headers: texts{"X-V": "{v}", "X-Gone": "{nothing?}"},
	})
	if _, err := engine.Exchange(context.Background(), c, secrets(nil), auth.NewSecret("c")); err != nil {
		t.Fatal(err)
	}
	if want := "/p/" + url.PathEscape(evil) + "/q"; got.URL.EscapedPath() != want {
		t.Errorf("path %s, want %s", got.URL.EscapedPath(), want)
	}
	want := url.Values{"fixed": {"1"}, "u": {evil}, "w": {"x" + evil}}
	if !reflect.DeepEqual(got.URL.Query(), want) {
		t.Errorf("query %v, want %v", got.URL.Query(), want)
	}
	if got.Header.Get("X-V") != evil || got.Header["X-Gone"] != nil || got.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("headers %v", got.Header)
	}
	var sent doc
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	if want := (doc{"a": evil, "n": 7.0, "list": []any{evil}}); !reflect.DeepEqual(sent, want) {
		t.Errorf("json %v, want %v", sent, want)
	}
}

// A value that cannot be made safe for its place fails the step before it is sent.
func TestUnsafeValues(t *testing.T) {
	calls := 0
	base, engine := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls++; reply(w, doc{}) })
	c := loaded(t, base, connector.Connector{Steps: []connector.Step{{Method: "GET", URL: base, Set: paths{"sub": {"sub"}}}}})
	for name, s := range map[string]connector.Step{
		"header": {Method: "GET", URL: base, Headers: texts{"X": "{access_token}"}},
		"dots":   {Method: "GET", URL: base + "/x/{sub}/y"},
		"empty":  {Method: "GET", URL: base, Query: texts{"a": "{tenant}"}},
	} {
		_, stages, err := engine.Run(context.Background(), c, []connector.Step{s}, secrets(texts{"access_token": "a\r\nHost: b", "sub": ".."}))
		if fault, args := auth.FaultOf(err); fault != auth.EnterpriseMisconfig || strings.Contains(args["reason"], "Host: b") {
			t.Errorf("%s: %v", name, err)
		}
		if len(stages) != 1 || stages[0].Err == nil {
			t.Errorf("%s: stages %v", name, stages)
		}
	}
	if calls != 0 {
		t.Errorf("%d calls were made", calls)
	}
}

func TestBasicAuth(t *testing.T) {
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		reply(w, doc{"sub": id + " " + secret})
	})
	c := loaded(t, base, connector.Connector{Steps: []connector.Step{{ID: "token", Method: "POST", Auth: "basic", URL: "{base}/t", Form: texts{"code": "{code}"}, Set: paths{"sub": {"sub"}}}}})
	got, err := engine.Exchange(context.Background(), c, secrets(nil), auth.NewSecret("c0de"))
	if err != nil {
		t.Fatal(err)
	}
	// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
	if want := "app+1 s3cr3t%2F%2B+%25"; got.Subject != want {
		t.Errorf("got %q, want %q", got.Subject, want)
	}
	shown := got.Stages[0].Request + got.Stages[0].Answer
	if strings.Contains(shown, "s3cr3t") || strings.Contains(shown, "c0de") || !strings.Contains(shown, "Authorization: Basic ••••") {
		t.Errorf("stage shows\n%s", shown)
	}
}

func TestResult(t *testing.T) {
	answer := doc{
		"id": 7, "corp": "acme", "n": " 张三\n", "mail": "zs@acme.com", "pic": "javascript:alert(1)",
		"deps": []any{doc{"name": "研发"}, doc{"name": ""}, doc{"name": 12}}, "upn": "zhangsan",
	}
	base, engine := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, answer) })
	make := func(authoritative ...string) *connector.Connector {
		return loaded(t, base, connector.Connector{
			Steps: []connector.Step{{Method: "GET", URL: "{base}/u", Set: paths{
				"sub": {"id"}, "tenant": {"corp"}, "name": {"nope", "n"}, "email": {"mail"}, "email_verified": {"ok"},
				"avatar": {"pic"}, "groups": {"deps.*.name"}, "upn": {"upn"}, "other": {"upn"},
			}}},
			Authoritative: authoritative,
			Expect:        texts{"tenant": "{corp}"},
			Recheck:       []connector.Step{{Method: "GET", URL: "{base}/r/{upn}", Query: texts{"t": "{access_token?}"}}},
		})
	}
	got, err := engine.Exchange(context.Background(), make(), secrets(nil), auth.NewSecret("c"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "7" || got.Tenant != "acme" || got.Name != "张三" || got.Avatar != "" || got.Email != "" || got.Authoritative != nil {
		t.Errorf("got %+v", got)
	}
	if !reflect.DeepEqual(got.Groups, []string{"研发", "12"}) {
		t.Errorf("groups %q", got.Groups)
	}
	if len(got.Kept) != 1 || got.Kept["upn"].Reveal() != "zhangsan" {
		t.Errorf("kept %v", got.Kept)
	}
	got, _ = engine.Exchange(context.Background(), make("email", "upn"), secrets(nil), auth.NewSecret("c"))
	if got.Email != "zs@acme.com" || !maps.Equal(got.Authoritative, texts{"email": "zs@acme.com", "upn": "zhangsan"}) {
		t.Errorf("authoritative: %q %v", got.Email, got.Authoritative)
	}
	for value, want := range map[any]string{true: "zs@acme.com", "true": "zs@acme.com", 1: "zs@acme.com", false: "", "no": ""} {
		answer["ok"] = value
		if got, _ := engine.Exchange(context.Background(), make(), secrets(nil), auth.NewSecret("c")); got.Email != want {
			t.Errorf("email_verified %v: %q", value, got.Email)
		}
	}
}

// A body that says no is a failure at HTTP 200 too; codes compare as strings, and ""
// stands for a code that is not there.
func TestSuccess(t *testing.T) {
	var body string
	base, engine := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	for _, row := range []struct {
		body string
		in   []string
		want auth.Fault
	}{
		{`{"code":0,"sub":"u"}`, []string{"0"}, ""},
		{`{"code":"0","sub":"u"}`, []string{"0"}, ""},
		{`{"code":0.0,"sub":"u"}`, []string{"0"}, auth.ProviderFailed},
		{`{"sub":"u"}`, []string{"0"}, auth.ProviderFailed},
		{`{"sub":"u"}`, []string{"0", ""}, ""},
		{`{"code":41501,"message":"bad code","sub":"u"}`, []string{"0", ""}, auth.ProviderFailed},
		{`{"code":10007,"message":"wrong pair"}`, []string{"0"}, auth.ProviderSecret},
		{`{"code":60111,"message":"no such user"}`, []string{"0"}, auth.AccessEnded},
		{`{"code":20010,"message":"not for you"}`, []string{"0"}, auth.SignInDenied},
		{`{"code":20037,"message":"refresh token expired"}`, []string{"0"}, auth.SignInRequired},
		{`{"code":-1,"message":"system busy"}`, []string{"0"}, auth.ProviderUnreachable},
		{"\xef\xbb\xbf" + `{"code":0,"sub":"u"}`, []string{"0"}, ""},
	} {
		body = row.body
		c := loaded(t, base, connector.Connector{Steps: []connector.Step{{
			ID: "user", Method: "GET", URL: "{base}/u", OK: &connector.Match{Path: "code", In: row.in},
			Fail: connector.Fail{Code: []string{"code"}, Text: []string{"message"}, Means: texts{
				"10007": "secret", "60111": "gone", "20010": "denied", "20037": "again", "-1": "down",
			}},
			Set: paths{"sub": {"sub"}}, Require: []string{"sub"},
		}}})
		_, err := engine.Exchange(context.Background(), c, secrets(nil), auth.NewSecret("c"))
		fault, args := auth.FaultOf(err)
		if err == nil {
			fault = ""
		}
		if fault != row.want {
			t.Errorf("%s: got %v, want %q", row.body, err, row.want)
		}
		if err != nil && args["stage"] != "user" {
			t.Errorf("%s: args %v", row.body, args)
		}
	}
}

func TestOptionalStep(t *testing.T) {
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/profile" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		reply(w, doc{"id": "u"})
	})
	c := loaded(t, base, connector.Connector{Steps: []connector.Step{
		{ID: "user", Method: "GET", URL: "{base}/u", Set: paths{"sub": {"id"}}, Require: []string{"sub"}},
		{ID: "profile", Optional: true, Method: "GET", URL: "{base}/profile", Set: paths{"name": {"name"}}, Require: []string{"name"}},
	}})
	got, err := engine.Exchange(context.Background(), c, secrets(nil), auth.NewSecret("c"))
	if err != nil || got.Subject != "u" || got.Stages[1].Err == nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A revocation answers 200 with nothing in it (RFC 7009 section 2.2).
func TestEmptyAnswerWhereNothingIsWanted(t *testing.T) {
	base, engine := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := loaded(t, base, connector.Connector{
		Steps:  []connector.Step{{Method: "GET", URL: "{base}/u", Set: paths{"sub": {"id"}}}},
		Revoke: []connector.Step{{Method: "POST", URL: "{base}/revoke", Form: texts{"token": "{refresh_token}"}}},
	})
	if _, _, err := engine.Run(context.Background(), c, c.Revoke, secrets(texts{"refresh_token": "r"})); err != nil {
		t.Error(err)
	}
}

func TestRefresh(t *testing.T) {
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("refresh_token") != "old" {
			reply(w, doc{"code": 20037})
			return
		}
		reply(w, doc{"at": "new-access", "refresh_token": "new-refresh", "expires_in": "7200"})
	})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	engine.Now = func() time.Time { return now }
	c := loaded(t, base, connector.Connector{
		Steps: []connector.Step{{Method: "GET", URL: "{base}/u", Set: paths{"sub": {"id"}}}},
		Refresh: []connector.Step{{
			Method: "POST", URL: "{base}/t", Form: texts{"refresh_token": "{refresh_token}"},
			Fail: connector.Fail{Code: []string{"code"}, Means: texts{"20037": "again"}},
			Set:  paths{"access_token": {"at"}, "refresh_token": {"refresh_token"}, "expires_in": {"expires_in"}}, Require: []string{"access_token"},
		}},
	})
	values, stages, err := engine.Run(context.Background(), c, c.Refresh, secrets(texts{"refresh_token": "old"}))
	if err != nil {
		t.Fatal(err)
	}
	got := engine.Tokens(values)
	if got.Access.Reveal() != "new-access" || got.Refresh.Reveal() != "new-refresh" || !got.Expiry.Equal(now.Add(2*time.Hour)) {
		t.Errorf("got %v %v", got, got.Expiry)
	}
	if strings.Contains(stages[0].Answer, "new-") || strings.Contains(stages[0].Request, "old") {
		t.Errorf("stage shows\n%s\n%s", stages[0].Request, stages[0].Answer)
	}
	_, _, err = engine.Run(context.Background(), c, c.Refresh, secrets(texts{"refresh_token": "older"}))
	if !errors.Is(err, auth.ErrSignInRequired) {
		t.Errorf("got %v", err)
	}
}

func TestApps(t *testing.T) {
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at" {
			reply(w, doc{"statusCode": 401, "message": "token"})
			return
		}
		reply(w, doc{"statusCode": 200, "data": []any{
			doc{"appId": "1", "appName": "笔记", "appLoginUrl": "https://notes.acme.com/login", "active": true},
			doc{"appId": "2", "appName": "off", "appLoginUrl": "https://x", "active": false},
			doc{"appId": "3", "appName": "script", "appLoginUrl": "javascript:alert(1)"},
			doc{"appId": "1", "appName": "again", "appLoginUrl": "https://x"},
			doc{"appId": 5, "appLoginUrl": "https://wiki.acme.com"},
			"junk",
		}})
	})
	c := &connector.Connector{Apps: []connector.Step{{
		Method: "GET", URL: base + "/apps", Headers: texts{"Authorization": "Bearer {access_token}"},
		OK: &connector.Match{Path: "statusCode", In: []string{"200"}}, Fail: connector.Fail{Text: []string{"message"}},
		Items: "data", Item: paths{"id": {"appId"}, "title": {"appName"}, "url": {"appLoginUrl"}, "enabled": {"active"}},
	}}}
	got, err := engine.Apps(context.Background(), c, connector.Run{Secrets: map[string]auth.Secret{"access_token": auth.NewSecret("at")}})
	want := []auth.App{
		{ID: "1", Title: auth.Text{"en": "笔记"}, URL: "https://notes.acme.com/login"},
		{ID: "5", Title: auth.Text{"en": "wiki.acme.com"}, URL: "https://wiki.acme.com"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := engine.Apps(context.Background(), c, connector.Run{Secrets: map[string]auth.Secret{"access_token": auth.NewSecret("no")}}); err == nil {
		t.Error("a refused list is no error")
	}
}

func TestPKCEChallenge(t *testing.T) {
	c := &connector.Connector{Authorize: &connector.Request{URL: "https://a.example/x", Params: []connector.Pair{{"code_challenge", "{code_challenge}"}}, Fragment: "wechat_redirect"}}
	// RFC 7636 appendix B.
	run := connector.Run{Vars: texts{"state": "ab"}, Secrets: map[string]auth.Secret{"code_verifier": auth.NewSecret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")}}
	got, err := (&connector.Engine{}).AuthorizeURL(c, run)
	if want := "https://a.example/x?code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM#wechat_redirect"; err != nil || got != want {
		t.Errorf("got %s %v", got, err)
	}
}

func TestAuthorizeURLRefuses(t *testing.T) {
	c := &connector.Connector{Authorize: &connector.Request{URL: "https://a.example/x", Params: []connector.Pair{{"r", "{redirect_uri}"}}}, Redirect: connector.Redirect{Query: "forbidden"}}
	for name, vars := range map[string]texts{
		"no state":     {"redirect_uri": "https://b/cb"},
		"long state":   {"redirect_uri": "https://b/cb", "state": strings.Repeat("a", 65)},
		"odd state":    {"redirect_uri": "https://b/cb", "state": "a-b"},
		"query":        {"redirect_uri": "https://b/cb?x=1", "state": "ab"},
		"no redirect":  {"state": "ab"},
		"no authorize": nil,
	} {
		conn := c
		if vars == nil {
			conn, vars = &connector.Connector{}, texts{"state": "ab"}
		}
		if got, err := (&connector.Engine{}).AuthorizeURL(conn, connector.Run{Vars: vars}); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A run that nobody looks at writes nothing down and finds the same.
func TestUnseenRun(t *testing.T) {
	seen, unseen := secrets(nil), secrets(nil)
	unseen.Unseen = true
	for name, run := range map[string]connector.Run{"seen": seen, "unseen": unseen} {
		engine := &connector.Engine{HTTP: &http.Client{Transport: still{}}}
		r, err := engine.Exchange(t.Context(), threeSteps(t), run, auth.NewSecret("0123456789abcdef"))
		if err != nil || r.Subject != "ZhangSan" || len(r.Stages) != 2 {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		for _, stage := range r.Stages {
			if written := stage.Request != "" && stage.Answer != ""; stage.ID == "" || written == run.Unseen {
				t.Errorf("%s: stage %+v", name, stage)
			}
		}
	}
}
