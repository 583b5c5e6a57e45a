package demo_test

import (
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/server/demo"
)

// wpsRedirect is what WPS sends: an address that has a query of its own.
const wpsRedirect = "https://open.wps.cn/oauth/v1/code?app_id=AK20211008GIMUUL&cb=https%3A%2F%2Fkdocs.cn"

const plainRedirect = "http://127.0.0.1:8200/oauth/v1/code"

// browser keeps cookies and follows no redirect.
type browser struct {
	*http.Client
	t *testing.T
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, t}
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	res, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(address string, form url.Values) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// back reads where an answer sends the browser.
func (a answer) back(t *testing.T) (address string, q url.Values) {
	t.Helper()
	if a.StatusCode != http.StatusFound {
		t.Fatalf("status %d, want 302; page:\n%s", a.StatusCode, a.body)
	}
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	q = u.Query()
	u.RawQuery = ""
	return u.String(), q
}

func startSSO(t *testing.T) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	base := "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = demo.NewSSO(demo.SSOConfig{BaseURL: base, RedirectURIs: []string{wpsRedirect, plainRedirect}})
	srv.Start()
	t.Cleanup(srv.Close)
	return base
}

// authorizeURL is the seed's first request, parameter by parameter.
func authorizeURL(base, redirect, state string) string {
	return base + "/authorize?client_id=c1ebe466-1cdc-4bd3-ab69-77c3561b9dee&response_type=code&redirect_uri=" +
		url.QueryEscape(redirect) + "&state=" + state
}

func tokenRequest(code string) url.Values {
	return url.Values{
		"client_id":     {"c1ebe466-1cdc-4bd3-ab69-77c3561b9dee"},
		"client_secret": {"d8346ea2-6017-43ed-ad68-19c0f971738b"},
		"grant_type":    {"authorization_code"},
		"code":          {code},
	}
}

func signIn(t *testing.T, b *browser, base, redirect string, form url.Values) (address string, q url.Values) {
	t.Helper()
	at := authorizeURL(base, redirect, "s1")
	if page := b.get(at); page.StatusCode != http.StatusOK || !strings.Contains(page.body, `name="username"`) {
		t.Fatalf("sign-in page: status %d\n%s", page.StatusCode, page.body)
	}
	return b.post(at, form).back(t)
}

// TestThreeInterfaces walks the seed's document letter by letter, with the token by GET
// and by POST.
func TestThreeInterfaces(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			base, b := startSSO(t), newBrowser(t)
			address, q := signIn(t, b, base, wpsRedirect, url.Values{"username": {"zhangsan"}, "password": {"lanyard"}})
			if address != "https://open.wps.cn/oauth/v1/code" || q.Get("app_id") != "AK20211008GIMUUL" ||
				q.Get("cb") != "https://kdocs.cn" || q.Get("state") != "s1" || q.Get("code") == "" || len(q) != 4 {
				t.Fatalf("back at %s with %v", address, q)
			}

			var res answer
			if method == http.MethodGet {
				res = b.get(base + "/accessToken?" + tokenRequest(q.Get("code")).Encode())
			} else {
				res = b.post(base+"/accessToken", tokenRequest(q.Get("code")))
			}
			checkHeaders(t, res, http.StatusOK)
			var token map[string]any
			if err := json.Unmarshal([]byte(res.body), &token); err != nil {
				t.Fatal(err)
			}
			if len(token) != 5 || token["token_type"] != "example" || token["expires_in"] != 3600.0 ||
				token["example_parameter"] != "example_value" || token["refresh_token"] == "" || token["access_token"] == "" {
				t.Errorf("token answer %v", token)
			}

			res = b.get(base + "/userInfo?access_token=" + fmt.Sprint(token["access_token"]))
			checkHeaders(t, res, http.StatusOK)
			want := `{"avatar":"` + base + `/avatar/zhangsan","union_id":"ZhangSan","user_name":"张三"}`
			if got := strings.TrimSpace(res.body); got != want {
				t.Errorf("user answer\ngot  %s\nwant %s", got, want)
			}
			picture := b.get(base + "/avatar/zhangsan")
			if _, err := png.Decode(strings.NewReader(picture.body)); err != nil || picture.Header.Get("Content-Type") != "image/png" {
				t.Errorf("avatar: %s, %v", picture.Header.Get("Content-Type"), err)
			}
		})
	}
}

func checkHeaders(t *testing.T, res answer, status int) {
	t.Helper()
	h := res.Header
	if res.StatusCode != status || h.Get("Content-Type") != "application/json;charset=UTF-8" ||
		h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" {
		t.Errorf("status %d, headers %v", res.StatusCode, h)
	}
}

func TestSecondSignInIsSilent(t *testing.T) {
	base, b := startSSO(t), newBrowser(t)
	// One click on an account is a form of its own.
	signIn(t, b, base, plainRedirect, url.Values{"account": {"lisi"}})
	address, q := b.get(authorizeURL(base, plainRedirect, "s2")).back(t)
	if address != plainRedirect || q.Get("state") != "s2" || q.Get("code") == "" {
		t.Errorf("second sign-in: back at %s with %v", address, q)
	}
	if page := b.get(authorizeURL(base, plainRedirect, "s3") + "&prompt=login"); page.StatusCode != http.StatusOK {
		t.Errorf("prompt=login: status %d, want the page", page.StatusCode)
	}
	if page := b.get(base + "/"); !strings.Contains(page.body, "Signed in as 李四") {
		t.Errorf("home:\n%s", page.body)
	}
	b.post(base+"/logout", nil)
	if page := b.get(authorizeURL(base, plainRedirect, "s4")); page.StatusCode != http.StatusOK {
		t.Errorf("after signing out: status %d, want the page", page.StatusCode)
	}
}

func TestSignInPage(t *testing.T) {
	base, b := startSSO(t), newBrowser(t)
	at := authorizeURL(base, plainRedirect, "s1")
	req, _ := http.NewRequest(http.MethodGet, at, nil)
	req.Header.Set("Accept-Language", "zh-CN,zh;q=0.9")
	page := b.do(req)
	for _, want := range []string{"登录云莓科技", "张三", "李四", "lanyard", `lang="zh"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("page lacks %q:\n%s", want, page.body)
		}
	}
	if n := strings.Count(page.body, "<form"); n != 3 {
		t.Errorf("%d forms, want 3", n)
	}
	for name, form := range map[string]url.Values{
		"wrong password": {"username": {"zhangsan"}, "password": {"wrong"}},
		"no password":    {"username": {"zhangsan"}},
		"nobody":         {"username": {`<script>`}, "password": {"lanyard"}},
		"no account":     {"account": {"root"}},
	} {
		res := b.post(at, form)
		if res.StatusCode != http.StatusUnauthorized || !strings.Contains(res.body, "User name or password is wrong") ||
			strings.Contains(res.body, "<script>") || len(res.Cookies()) != 0 {
			t.Errorf("%s: status %d\n%s", name, res.StatusCode, res.body)
		}
	}
	_, q := b.get(strings.Replace(at, "/authorize", "/cancel", 1)).back(t)
	if q.Get("error") != "access_denied" || q.Get("state") != "s1" || q.Has("code") {
		t.Errorf("cancel: back with %v", q)
	}
	req, _ = http.NewRequest(http.MethodPost, at, strings.NewReader("account=lisi"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if res := b.do(req); res.StatusCode != http.StatusForbidden {
		t.Errorf("form of another site: status %d, want 403", res.StatusCode)
	}
}

// An admin tries out a server of their own with the company, whatever it calls back by.
func TestAuthorizeForOwnServer(t *testing.T) {
	base := startSSO(t)
	for _, redirect := range []string{
		"http://127.0.0.1:8300/oauth/v1/code?app_id=AK20211008GIMUUL", "http://localhost:1/oauth/v1/code", "http://localhost:8300/c/conn1/callback",
	} {
		at, q := newBrowser(t).post(authorizeURL(base, redirect, "s1"), url.Values{"account": {"lisi"}}).back(t)
		if !strings.HasPrefix(redirect, at) || q.Get("code") == "" {
			t.Errorf("%s: back to %s, code %q", redirect, at, q.Get("code"))
		}
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	base, b := startSSO(t), newBrowser(t)
	good := authorizeURL(base, plainRedirect, "s1")
	for name, at := range map[string]string{
		"another client":     strings.Replace(good, "c1ebe466", "00000000", 1),
		"no client":          strings.Replace(good, "client_id", "client", 1),
		"another redirect":   authorizeURL(base, "https://evil.com/", "s1"),
		"redirect and more":  authorizeURL(base, plainRedirect+"/../evil", "s1"),
		"redirect with more": authorizeURL(base, plainRedirect+"?x=1", "s1"),
		"by https":           authorizeURL(base, "https://127.0.0.1:8300/oauth/v1/code", "s1"),
		"not this computer":  authorizeURL(base, "http://127.0.0.1:8300@evil.com/oauth/v1/code", "s1"),
		"another path":       authorizeURL(base, "http://127.0.0.1:8300/steal", "s1"),
		"no redirect":        base + "/authorize?client_id=" + demo.ClientID + "&response_type=code",
		"another type":       strings.Replace(good, "response_type=code", "response_type=token", 1),
	} {
		for _, res := range []answer{b.get(at), b.post(at, url.Values{"account": {"lisi"}}), b.get(strings.Replace(at, "/authorize", "/cancel", 1))} {
			if res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" {
				t.Errorf("%s: status %d, Location %q", name, res.StatusCode, res.Header.Get("Location"))
			}
		}
	}
}

func TestTokenRefuses(t *testing.T) {
	base, b := startSSO(t), newBrowser(t)
	code := func() string {
		_, q := signIn(t, newBrowser(t), base, plainRedirect, url.Values{"account": {"zhangsan"}})
		return q.Get("code")
	}
	used := code()
	if res := b.post(base+"/accessToken", tokenRequest(used)); res.StatusCode != http.StatusOK {
		t.Fatalf("first use: status %d", res.StatusCode)
	}
	for name, tt := range map[string]struct {
		change func(url.Values)
		status int
		code   string
	}{
		"reused code":  {func(f url.Values) { f.Set("code", used) }, 400, "invalid_grant"},
		"unknown code": {func(f url.Values) { f.Set("code", "x") }, 400, "invalid_grant"},
		"no code":      {func(f url.Values) { f.Del("code") }, 400, "invalid_grant"},
		"wrong secret": {func(f url.Values) { f.Set("client_secret", "x") }, 401, "invalid_client"},
		"no secret":    {func(f url.Values) { f.Del("client_secret") }, 401, "invalid_client"},
		"wrong client": {func(f url.Values) { f.Set("client_id", "x") }, 401, "invalid_client"},
		"other grant":  {func(f url.Values) { f.Set("grant_type", "password") }, 400, "unsupported_grant_type"},
	} {
		form := tokenRequest(code())
		tt.change(form)
		for _, res := range []answer{b.get(base + "/accessToken?" + form.Encode()), b.post(base+"/accessToken", form)} {
			checkHeaders(t, res, tt.status)
			if got := strings.TrimSpace(res.body); got != `{"error":"`+tt.code+`"}` {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	// By POST the parameters are the form's, not the address's.
	if res := b.post(base+"/accessToken?"+tokenRequest(code()).Encode(), nil); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("POST with a query: status %d", res.StatusCode)
	}
	// A wrong secret does not cost the code.
	kept := tokenRequest(code())
	wrong := tokenRequest(kept.Get("code"))
	wrong.Set("client_secret", "x")
	b.post(base+"/accessToken", wrong)
	if res := b.post(base+"/accessToken", kept); res.StatusCode != http.StatusOK {
		t.Errorf("after somebody else's wrong secret: status %d", res.StatusCode)
	}
	for _, token := range []string{"", "x"} {
		checkHeaders(t, b.get(base+"/userInfo?access_token="+token), http.StatusUnauthorized)
	}
	if res := b.get(base + "/avatar/nobody"); res.StatusCode != http.StatusNotFound {
		t.Errorf("avatar of nobody: status %d", res.StatusCode)
	}
}
