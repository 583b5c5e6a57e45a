package threestep_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
)

// A code goes nowhere but to the registered address: whatever else is asked for, the
// person is told and the browser is sent nowhere.
func TestRedirectInDisguise(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.client(acme, "plain", server.Three{})
	plain, err := w.Store.Client(t.Context(), acme, "plain")
	must(t, err)
	plain.RedirectURIs = []string{"https://plain.example/cb"}
	must(t, w.Store.SaveClient(t.Context(), plain))
	const origin, path = "https://open.wps.cn", "/oauth/v1/code"
	for what, uri := range map[string]string{
		"none":                   "",
		"another host":           "https://evil.example" + path + "?app_id=" + appID,
		"a longer host":          origin + ".evil.example" + path + "?app_id=" + appID,
		"the host as user":       origin + "@evil.example" + path + "?app_id=" + appID,
		"another user":           "https://a@open.wps.cn" + path + "?app_id=" + appID,
		"a port":                 origin + ":443" + path + "?app_id=" + appID,
		"plain http":             "http://open.wps.cn" + path + "?app_id=" + appID,
		"another case":           "https://OPEN.wps.cn" + path + "?app_id=" + appID,
		"another scheme's case":  "HTTPS://open.wps.cn" + path + "?app_id=" + appID,
		"no scheme":              "//open.wps.cn" + path + "?app_id=" + appID,
		"a script":               "javascript:alert(1)//" + origin + path + "?app_id=" + appID,
		"a longer path":          origin + path + "/x?app_id=" + appID,
		"a slash":                origin + path + "/?app_id=" + appID,
		"a way up":               origin + "/oauth/v1/../v1/code?app_id=" + appID,
		"an encoded path":        origin + "/oauth/v1/%63ode?app_id=" + appID,
		"a path parameter":       origin + path + ";x?app_id=" + appID,
		"a backslash":            origin + path + `\?app_id=` + appID,
		"a fragment":             callback + "#",
		"a fragment's code":      callback + "#code=x",
		"a space":                callback + " ",
		"a space before":         " " + callback,
		"a line":                 callback + "\r\nSet-Cookie: a=b",
		"a tab":                  "https://open\t.wps.cn" + path + "?app_id=" + appID,
		"a zero byte":            callback + "\x00",
		"letters like them":      "https://open.wрs.cn" + path + "?app_id=" + appID,
		"a broken escape":        callback + "&cb=%zz",
		"a semicolon":            callback + "&a=1;app_id=AKEVIL",
		"no app_id":              origin + path,
		"another app_id":         origin + path + "?app_id=AKEVIL",
		"a second app_id":        callback + "&app_id=AKEVIL",
		"the first app_id":       origin + path + "?app_id=AKEVIL&app_id=" + appID,
		"an encoded app_id":      origin + path + "?app%5Fid=AKEVIL",
		"a second, encoded":      callback + "&app%5fid=AKEVIL",
		"app_id in another case": callback + "&APP_ID=AKEVIL",
		"a longer app_id":        callback + "X",
		"a field twice":          callback + "&cb=a&cb=b",
		"a code of its own":      callback + "&code=x",
		"an encoded code":        callback + "&%63ode=x",
		"a state of its own":     callback + "&state=x",
		"too long":               callback + "&cb=" + strings.Repeat("x", 9000),
	} {
		p := b.Get(w.at("authorize?" + ask("redirect_uri", uri).Encode()))
		if p.Status != http.StatusBadRequest || p.Location() != "" || !strings.Contains(p.Body, "request_invalid") {
			t.Errorf("%s: %d %q %s", what, p.Status, p.Location(), p.Body)
		}
	}
	// Where no app_id is registered, none may be brought along.
	for uri, ok := range map[string]bool{
		"https://plain.example/cb": true, "https://plain.example/cb?": true, "https://plain.example/cb?x=1": true,
		"https://plain.example/cb?app_id=" + appID: false,
	} {
		p := b.Get(w.at("authorize?" + ask("client_id", "plain", "redirect_uri", uri).Encode()))
		if (p.Status == http.StatusFound) != ok || strings.Contains(p.Location(), "?&") {
			t.Errorf("%s: %d %s", uri, p.Status, p.Location())
		}
		// The admin, who may have it from nowhere else, is told which one it was.
		if !ok && !strings.Contains(p.Body, "the app_id "+appID+" is not registered") {
			t.Errorf("%s: %s", uri, p.Body)
		}
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.client(acme, "crm", server.Three{Params: map[string]string{"app_id": "appid"}})
	must(t, w.Store.SaveClient(t.Context(), server.Client{ID: "notes", EnterpriseID: acme, RedirectURIs: []string{callback}}))
	w.client(other, "theirs", server.Three{})
	for what, query := range map[string]string{
		"no client":              ask("client_id", "").Encode(),
		"unknown client":         ask("client_id", "nobody").Encode(),
		"an OpenID client":       ask("client_id", "notes").Encode(),
		"the desktop":            ask("client_id", server.DesktopClient).Encode(),
		"another enterprise's":   ask("client_id", "theirs").Encode(),
		"two clients":            ask("appid", "crm").Encode(),
		"another client's name":  ask("client_id", "crm").Encode(),
		"client twice":           ask().Encode() + "&client_id=wps",
		"redirect twice":         ask().Encode() + "&redirect_uri=https%3A%2F%2Fevil.example",
		"state twice":            ask().Encode() + "&state=x",
		"an unknown field twice": ask().Encode() + "&x=1&x=2",
		"no response type":       ask("response_type", "").Encode(),
		"implicit":               ask("response_type", "token").Encode(),
		"hybrid":                 ask("response_type", "code token").Encode(),
		"a semicolon":            ask().Encode() + ";x=1",
		"too long":               ask("state", strings.Repeat("x", 9000)).Encode(),
	} {
		p := b.Get(w.at("authorize?" + query))
		if p.Status != http.StatusBadRequest || p.Location() != "" || !strings.Contains(p.Body, "request_invalid") {
			t.Errorf("%s: %d %q %s", what, p.Status, p.Location(), p.Body)
		}
	}
	if p := b.Do("HEAD", w.at("authorize?"+ask().Encode()), "", nil); p.Status != http.StatusMethodNotAllowed || p.Location() != "" {
		t.Errorf("HEAD: %d", p.Status)
	}
	// Another enterprise's session signs nobody in here.
	foreign := w.browser()
	foreign.SignIn(w.person(other, "外人"))
	if p := foreign.Get(w.at("authorize?" + ask().Encode())); p.Location() != "https://idp.example/authorize" {
		t.Errorf("another enterprise's session: %d %s", p.Status, p.Location())
	}
}

func TestTokenRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.client(acme, "crm", server.Three{})
	w.client(acme, "open", server.Three{})
	open, err := w.Store.Client(t.Context(), acme, "open")
	must(t, err)
	open.SecretHash = ""
	must(t, w.Store.SaveClient(t.Context(), open))
	must(t, w.Store.SaveClient(t.Context(), server.Client{ID: "notes", EnterpriseID: acme, SecretHash: server.Hash(appSecret), RedirectURIs: []string{callback}}))
	for what, c := range map[string]struct {
		form   url.Values
		status int
		err    string
	}{
		"no client":             {trade(b.code(ask()), "client_id", ""), 401, "invalid_client"},
		"unknown client":        {trade(b.code(ask()), "client_id", "x"), 401, "invalid_client"},
		"an OpenID client":      {trade(b.code(ask()), "client_id", "notes"), 401, "invalid_client"},
		"wrong secret":          {trade(b.code(ask()), "client_secret", "x"), 401, "invalid_client"},
		"no secret":             {trade(b.code(ask()), "client_secret", ""), 401, "invalid_client"},
		"the secret's hash":     {trade(b.code(ask()), "client_secret", server.Hash(appSecret)), 401, "invalid_client"},
		"a client without one":  {trade(b.code(ask("client_id", "open")), "client_id", "open", "client_secret", ""), 401, "invalid_client"},
		"another grant":         {trade(b.code(ask()), "grant_type", "password"), 400, "unsupported_grant_type"},
		"no grant":              {trade(b.code(ask()), "grant_type", ""), 400, "unsupported_grant_type"},
		"no code":               {trade(""), 400, "invalid_grant"},
		"an invented code":      {trade(auth.RandomToken()), 400, "invalid_grant"},
		"another client's code": {trade(b.code(ask("client_id", "crm"))), 400, "invalid_grant"},
		"another redirect":      {trade(b.code(ask()), "redirect_uri", callback), 400, "invalid_grant"},
		"too long":              {trade(b.code(ask()), "x", strings.Repeat("x", 9000)), 400, "invalid_request"},
	} {
		status, v := w.token(c.form)
		if status != c.status || v["error"] != c.err || v["access_token"] != nil {
			t.Errorf("%s: %d %v, want %d %s", what, status, v, c.status, c.err)
		}
	}
	if status, v := w.token(trade(b.code(ask()), "redirect_uri", asked)); status != http.StatusOK {
		t.Errorf("with the same redirect: %d %v", status, v)
	}

	// The form of the request.
	raw := func(method, query, body, kind string) (int, map[string]any) {
		header := http.Header{}
		if kind != "" {
			header.Set("Content-Type", kind)
		}
		return w.fields(b.Do(method, w.at("accessToken")+query, body, header))
	}
	code := b.code(ask())
	form := trade(code).Encode()
	for what, c := range map[string]struct{ method, query, body, kind string }{
		"GET":                        {"GET", "?" + form, "", ""},
		"secret in a POST's address": {"POST", "?client_secret=" + url.QueryEscape(appSecret), trade(code, "client_secret", "").Encode(), servertest.FormType},
		"form and address":           {"POST", "?code=x", form, servertest.FormType},
		"JSON":                       {"POST", "", `{"client_id":"wps"}`, "application/json"},
		"no type":                    {"POST", "", form, ""},
		"a field twice":              {"POST", "", form + "&code=x", servertest.FormType},
		"a broken escape":            {"POST", "", form + "&x=%zz", servertest.FormType},
	} {
		if status, v := raw(c.method, c.query, c.body, c.kind); status < 400 || v["access_token"] != nil {
			t.Errorf("%s: %d %v", what, status, v)
		}
	}
	if p := b.Do("HEAD", w.at("accessToken?"+form), "", nil); p.Status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", p.Status)
	}
	// None of those used up the code.
	if status, v := raw("POST", "?fixed=1", form, servertest.FormType+"; charset=utf-8"); status != http.StatusOK {
		t.Errorf("the code after all that: %d %v", status, v)
	}
	if strings.Contains(w.Log.String(), appSecret) {
		t.Error("the log tells the secret")
	}
}

// Another application of the company that has got hold of a code ends nothing with it, at the
// same moment no more than afterwards.
func TestAnothersCodeAtOnce(t *testing.T) {
	w := newWorld(t)
	w.client(acme, "crm", server.Three{})
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	code := b.code(ask())
	var given map[string]any
	w.meet = func() { _, given = w.token(trade(code)) }
	if status, v := w.token(trade(code, "client_id", "crm")); status != http.StatusBadRequest || v["error"] != "invalid_grant" {
		t.Errorf("another's code: %d %v", status, v)
	}
	token, _ := given["access_token"].(string)
	if status, v := w.who(token); status != http.StatusOK {
		t.Errorf("its own application: %v, then %d %v", given, status, v)
	}
}

// A code that comes twice ends what it gave: nobody knows which of the two stole it.
func TestReplayEndsTheToken(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	code := b.code(ask())
	_, v := w.token(trade(code))
	token, _ := v["access_token"].(string)
	if status, _ := w.who(token); status != http.StatusOK {
		t.Fatalf("userInfo: %d", status)
	}
	if status, v := w.token(trade(code)); status != http.StatusBadRequest || v["error"] != "invalid_grant" {
		t.Errorf("the code again: %d %v", status, v)
	}
	if status, _ := w.who(token); status != http.StatusUnauthorized {
		t.Errorf("the token after the code came again: %d", status)
	}
}

// Codes and tokens of elsewhere open nothing here, nor ours there.
func TestAnothersCodeOrToken(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	there := strings.Replace(w.at("accessToken"), acme, other, 1)
	if status, v := w.fields(b.Post(there, trade(b.code(ask())))); status != http.StatusBadRequest {
		t.Errorf("our code at another enterprise: %d %v", status, v)
	}
	token := b.given()
	if status, _ := w.fields(b.Get(strings.Replace(w.at("userInfo?access_token="+token), acme, other, 1))); status != http.StatusUnauthorized {
		t.Errorf("our token at another enterprise: %d", status)
	}
	saved := func(audience, client string) string {
		g := server.Grant{ID: auth.RandomID(), EnterpriseID: acme, ClientID: client, PersonID: zhang.ID, SessionID: b.Session.ID}
		must(t, w.Store.SaveGrant(context.Background(), g))
		return w.Base.NewAccessToken(g, audience, w.Base.Lifetimes.AccessToken)
	}
	w.client(acme, "crm", server.Three{Params: map[string]string{"access_token": "ticket"}})
	for what, query := range map[string]string{
		"none":                  "",
		"an invented one":       "access_token=" + auth.RandomToken(),
		"an app's":              "access_token=" + saved(server.AudienceUserinfo, "wps"),
		"the desktop's":         "access_token=" + saved(server.AudienceAPI, server.DesktopClient),
		"of a client that went": "access_token=" + saved(server.AudienceThree, "gone"),
		"another name":          "ticket=" + token,
		"another client's":      "access_token=" + saved(server.AudienceThree, "crm"),
	} {
		if status, v := w.fields(b.Get(w.at("userInfo?" + query))); status != http.StatusUnauthorized || v["error"] != "invalid_token" {
			t.Errorf("%s: %d %v", what, status, v)
		}
	}
	if status, _ := w.fields(b.Get(w.at("userInfo?access_token=" + token + "&access_token=x"))); status != http.StatusBadRequest {
		t.Errorf("token twice: %d", status)
	}
	if p := b.Post(w.at("userInfo?access_token="+token), nil); p.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", p.Status)
	}
	if p := b.Do("GET", w.at("userInfo"), "", http.Header{"Authorization": {"Bearer " + token}}); p.Status != http.StatusUnauthorized {
		t.Errorf("in a header: %d", p.Status)
	}
}
