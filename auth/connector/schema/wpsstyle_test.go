package schema_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
)

// setUp fills the shipped preset for the vendor and returns an engine that may call it.
func setUp(t *testing.T, v *vendor, more map[string]string) (*connector.Engine, *connector.Connector) {
	t.Helper()
	preset, err := schema.FindPreset("wps-style")
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{
		"authorize_url": v.URL + "/authorize?theme=blue", "token_url": v.URL + "/accessToken",
		"user_url": v.URL + "/userInfo", "client_id": clientID, "token_method": v.method,
	}
	maps.Copy(vars, more)
	c, err := connector.Load(preset.Connector, vars)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(v.URL, "http://")
	return &connector.Engine{HTTP: connector.NewHTTPClient(connector.Policy{Allow: []string{host}, AllowHTTP: []string{"127.0.0.1"}})}, c
}

func run(secret string) connector.Run {
	return connector.Run{
		Vars:    map[string]string{"redirect_uri": "https://login.acme.com/oauth/v1/code", "state": auth.RandomState()},
		Secrets: map[string]auth.Secret{"client_secret": auth.NewSecret(secret)},
	}
}

func TestWPSStyleSignsIn(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			v := newVendor(t, method)
			engine, c := setUp(t, v, nil)
			r := run(clientSecret)

			address, err := engine.AuthorizeURL(c, r)
			if err != nil {
				t.Fatal(err)
			}
			want := v.URL + "/authorize?theme=blue&client_id=" + clientID + "&response_type=code" +
				"&redirect_uri=https%3A%2F%2Flogin.acme.com%2Foauth%2Fv1%2Fcode&state=" + r.Vars["state"]
			if address != want {
				t.Errorf("authorize address\n got %s\nwant %s", address, want)
			}
			back := c.ReadCallback(url.Values{"code": {"code-1"}, "state": {r.Vars["state"]}, "app_id": {"AK20211008GIMUUL"}, "cb": {"xxx"}})
			if err := back.Err(); err != nil || back.State != r.Vars["state"] {
				t.Fatalf("callback: %v", err)
			}
			begin := time.Now()
			got, err := engine.Exchange(context.Background(), c, r, back.Code)
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject != "ZhangSan" || got.Name != "张三" || got.Avatar != "http://demo.com/avatar/zhangsan" {
				t.Errorf("got %s %s %s", got.Subject, got.Name, got.Avatar)
			}
			if got.Tokens.Access.Reveal() != accessToken || got.Tokens.Refresh.Reveal() != refreshToken {
				t.Error("tokens are not the vendor's")
			}
			if life := got.Tokens.Expiry.Sub(begin); life < 3599*time.Second || life > 3700*time.Second {
				t.Errorf("expires in %v", life)
			}
			if len(got.Stages) != 2 || got.Stages[0].ID != "token" || got.Stages[1].ID != "user" {
				t.Fatalf("stages %v", got.Stages)
			}
			for _, s := range got.Stages {
				for _, secret := range []string{accessToken, refreshToken, clientSecret, "code-1"} {
					if strings.Contains(s.Request+s.Answer, secret) {
						t.Errorf("stage %s shows %s:\n%s\n%s", s.ID, secret, s.Request, s.Answer)
					}
				}
			}
			if !strings.Contains(got.Stages[1].Answer, `"union_id": "ZhangSan"`) {
				t.Errorf("stage user shows\n%s", got.Stages[1].Answer)
			}
		})
	}
}

// Every field name of the seed's table can be another one.
func TestWPSStyleFieldNames(t *testing.T) {
	v := newVendor(t, http.MethodPost)
	v.token = func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.URL.Query().Get("tenant") != "acme" || r.PostForm.Get("appid") != clientID ||
			r.PostForm.Get("appkey") != clientSecret || r.PostForm.Get("oauth_code") != "code-1" {
			answer(w, http.StatusBadRequest, map[string]any{"msg": r.URL.RawQuery + " " + r.PostForm.Encode()})
			return
		}
		answer(w, http.StatusOK, map[string]any{"code": 0, "data": map[string]any{"tok": "T1"}})
	}
	v.user = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "fixed=1&at=T1" {
			answer(w, http.StatusBadRequest, map[string]any{"msg": r.URL.RawQuery})
			return
		}
		// An identifier that a float64 cannot hold.
		_, _ = w.Write([]byte(`{"data":[{"uid":12345678901234567890,"nick":"李四","pic":"https://demo.com/l.png"}]}`))
	}
	engine, c := setUp(t, v, map[string]string{
		"token_url": v.URL + "/accessToken?tenant=acme", "user_url": v.URL + "/userInfo?fixed=1",
		"redirect_field": "redirect_url", "state_field": "st", "code_field": "oauth_code",
		"client_id_field": "appid", "client_secret_field": "appkey", "token_code_field": "oauth_code",
		"token_field": "$.data.tok", "token_param": "at",
		"user_id_field": "$.data[0].uid", "name_field": "data.0.nick", "avatar_field": "data.0.pic",
	})
	r := run(clientSecret)
	address, err := engine.AuthorizeURL(c, r)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("redirect_url") != r.Vars["redirect_uri"] || u.Query().Get("st") != r.Vars["state"] || u.Query().Get("appid") != clientID {
		t.Errorf("authorize address %s", address)
	}
	back := c.ReadCallback(url.Values{"oauth_code": {"code-1"}, "st": {r.Vars["state"]}})
	if back.State != r.Vars["state"] {
		t.Errorf("state %q", back.State)
	}
	got, err := engine.Exchange(context.Background(), c, r, back.Code)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "12345678901234567890" || got.Name != "李四" || got.Avatar != "https://demo.com/l.png" {
		t.Errorf("got %s %s %s", got.Subject, got.Name, got.Avatar)
	}
	if strings.Contains(got.Stages[0].Answer, "T1") {
		t.Errorf("a token under another name shows: %s", got.Stages[0].Answer)
	}
}

func TestWPSStyleFailures(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Sign in to Acme</title>"))
	}
	body := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	for _, row := range []struct {
		name        string
		vars        map[string]string
		secret      string
		code        string
		token, user http.HandlerFunc
		refuse      bool // no allow list: the vendor's address is private
		slow        bool
		fault       auth.Fault
		args        auth.Args
		kind        error
	}{
		{
			name: "wrong secret", secret: "not-the-secret", fault: auth.ProviderSecret,
			args: auth.Args{"stage": "token", "code": "invalid_client", "reason": "invalid_client: wrong secret ••••"},
		},
		{
			name: "expired code", code: "code-0", fault: auth.ProviderFailed,
			args: auth.Args{"stage": "token", "code": "60008", "reason": "60008: code •••• is invalid or expired"},
		},
		{
			name: "error at HTTP 200", token: body(http.StatusOK, `{"error":"invalid_grant","error_description":"used"}`),
			fault: auth.ProviderFailed, args: auth.Args{"reason": "invalid_grant: used"},
		},
		{
			name: "not found", token: body(http.StatusNotFound, "404 page not found"),
			fault: auth.ProviderFailed, args: auth.Args{"reason": "HTTP 404 Not Found"},
		},
		{
			name: "web page", token: page, fault: auth.AnswerNotData,
			args: auth.Args{"stage": "token", "found": `a web page titled "Sign in to Acme"`},
		},
		{
			name: "text", user: body(http.StatusOK, "access denied"), fault: auth.AnswerNotData,
			args: auth.Args{"stage": "user", "found": "text that is no JSON"},
		},
		{name: "two documents", user: body(http.StatusOK, `{"union_id":"a"}{"union_id":"b"}`), fault: auth.AnswerNotData},
		{name: "empty", user: body(http.StatusOK, ""), fault: auth.AnswerNotData, args: auth.Args{"found": "an empty answer"}},
		{
			name: "5 MB", user: body(http.StatusOK, `{"union_id":"ZhangSan","x":"`+strings.Repeat("x", 5<<20)+`"}`),
			fault: auth.AnswerNotData, args: auth.Args{"stage": "user", "found": "more than 1 MiB"}, kind: connector.ErrTooLarge,
		},
		{
			name: "renamed field", vars: map[string]string{"user_id_field": "userid"}, fault: auth.FieldMissing,
			args: auth.Args{"stage": "user", "field": "userid", "found": "avatar, union_id, user_name"},
		},
		{
			name: "empty field", user: body(http.StatusOK, `{"union_id":""}`), fault: auth.FieldMissing,
			args: auth.Args{"field": "union_id", "found": "an empty text"},
		},
		{name: "null field", user: body(http.StatusOK, `{"union_id":null}`), fault: auth.FieldMissing, args: auth.Args{"found": "nothing"}},
		{name: "true is nobody", user: body(http.StatusOK, `{"union_id":true}`), fault: auth.FieldMissing, args: auth.Args{"found": "true or false"}},
		{name: "object is nobody", user: body(http.StatusOK, `{"union_id":{}}`), fault: auth.FieldMissing, args: auth.Args{"found": "an object"}},
		{name: "control character", user: body(http.StatusOK, `{"union_id":"Zhang\nSan"}`), fault: auth.FieldMissing},
		{
			name: "no token", token: body(http.StatusOK, `{"code":0,"data":{}}`), fault: auth.FieldMissing,
			args: auth.Args{"field": "access_token", "found": "code, data"},
		},
		{
			name: "other tenant", vars: map[string]string{"tenant_field": "corp", "tenant_expected": "acme"},
			user:  body(http.StatusOK, `{"union_id":"LiSi","user_name":"李四","corp":"beta"}`),
			fault: auth.SignInWrongCompany, args: auth.Args{"name": "李四"}, kind: auth.ErrDenied,
		},
		{
			name: "no tenant", vars: map[string]string{"tenant_field": "corp", "tenant_expected": "acme"},
			fault: auth.FieldMissing, args: auth.Args{"field": "tenant"},
		},
		{name: "redirect to another host", user: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		}, fault: auth.EnterpriseMisconfig, args: auth.Args{"stage": "user"}},
		{name: "redirected form", token: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/userInfo", http.StatusFound)
		}, fault: auth.EnterpriseMisconfig, args: auth.Args{"stage": "token"}},
		{name: "redirects for ever", user: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
		}, fault: auth.EnterpriseMisconfig},
		{name: "private address", refuse: true, fault: auth.EnterpriseMisconfig, args: auth.Args{"stage": "token"}},
		{name: "slow", slow: true, fault: auth.ProviderUnreachable, args: auth.Args{"stage": "token"}, kind: auth.ErrOffline},
		{name: "down", token: body(http.StatusServiceUnavailable, "<html>"), fault: auth.ProviderUnreachable, kind: auth.ErrOffline},
		{name: "broken", user: body(http.StatusInternalServerError, "oops"), fault: auth.ProviderUnreachable},
		{name: "broken in its own words", user: body(http.StatusInternalServerError, `{"code":"E7","msg":"no"}`), fault: auth.ProviderFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := newVendor(t, http.MethodPost)
			v.token, v.user = row.token, row.user
			engine, c := setUp(t, v, row.vars)
			if row.refuse {
				engine.HTTP = connector.NewHTTPClient(connector.Policy{AllowHTTP: []string{"127.0.0.1"}})
			}
			if row.slow {
				engine.HTTP.Timeout = 50 * time.Millisecond
				v.token = func(_ http.ResponseWriter, r *http.Request) {
					_ = r.ParseForm() // only then does the server notice that the client left
					<-r.Context().Done()
				}
			}
			secret, code := clientSecret, "code-1"
			if row.secret != "" {
				secret = row.secret
			}
			if row.code != "" {
				code = row.code
			}
			got, err := engine.Exchange(context.Background(), c, run(secret), auth.NewSecret(code))
			if err == nil {
				t.Fatalf("signed in as %s", got.Subject)
			}
			fault, args := auth.FaultOf(err)
			if fault != row.fault {
				t.Fatalf("got %v, want %v", err, row.fault)
			}
			for name, want := range row.args {
				if args[name] != want {
					t.Errorf("%s is %q, want %q", name, args[name], want)
				}
			}
			if row.kind != nil && !errors.Is(err, row.kind) {
				t.Errorf("%v is no %v", err, row.kind)
			}
			if got.Subject != "" || len(got.Stages) == 0 {
				t.Errorf("a failed sign-in gave %+v", got)
			}
			all := fmt.Sprint(err, args)
			for _, s := range got.Stages {
				all += fmt.Sprint(s.ID, s.Request, s.Answer, s.Err)
			}
			for _, hide := range []string{accessToken, refreshToken, secret, code} {
				if strings.Contains(all, hide) {
					t.Errorf("%q shows in %s", hide, all)
				}
			}
		})
	}
}

func TestWPSStyleCallback(t *testing.T) {
	_, c := setUp(t, newVendor(t, http.MethodGet), nil)
	for _, row := range []struct {
		name  string
		query url.Values
		fault auth.Fault
	}{
		{"denied", url.Values{"error": {"access_denied"}, "error_description": {"no\r\nway"}, "state": {"s"}, "code": {"c"}}, auth.SignInDenied},
		{"failed", url.Values{"error": {"server_error"}}, auth.ProviderFailed},
		{"nothing", url.Values{"state": {"s"}}, auth.FieldMissing},
		{"two codes", url.Values{"code": {"a", "b"}}, auth.FieldMissing},
	} {
		got := c.ReadCallback(row.query)
		if fault, args := auth.FaultOf(got.Err()); fault != row.fault || strings.ContainsAny(args["reason"], "\r\n") {
			t.Errorf("%s: %v %v", row.name, got.Err(), args)
		}
		if !got.Code.IsZero() {
			t.Errorf("%s gave a code", row.name)
		}
	}
}

// A second use of the same code fails: the vendor takes it once.
func TestWPSStyleReplay(t *testing.T) {
	engine, c := setUp(t, newVendor(t, http.MethodPost), nil)
	if _, err := engine.Exchange(context.Background(), c, run(clientSecret), auth.NewSecret("code-1")); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Exchange(context.Background(), c, run(clientSecret), auth.NewSecret("code-1"))
	if fault, _ := auth.FaultOf(err); fault != auth.ProviderFailed {
		t.Errorf("replay: %v", err)
	}
}
