package demo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/server/demo"
)

// turn switches a fault as the page's form does.
func turn(t *testing.T, base, name string) {
	t.Helper()
	if res := newBrowser(t).post(base+"/faults", url.Values{"fault": {name}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("switch %s: %d %s", name, res.StatusCode, res.body)
	}
}

// Each fault changes what the sign-in answers, and ends when it is switched off.
func TestFaults(t *testing.T) {
	base, b := startSSO(t), newBrowser(t)
	at := authorizeURL(base, plainRedirect, "s1")
	zhangsan := url.Values{"username": {"zhangsan"}, "password": {demo.Password}}
	tokens := func() answer {
		_, q := signIn(t, newBrowser(t), base, plainRedirect, zhangsan)
		return newBrowser(t).post(base+"/accessToken", tokenRequest(q.Get("code")))
	}
	field := func(res answer, name string) string {
		_, rest, _ := strings.Cut(res.body, `"`+name+`":"`)
		value, _, _ := strings.Cut(rest, `"`)
		return value
	}
	given := tokens()
	user := func() answer { return b.get(base + "/userInfo?access_token=" + field(given, "access_token")) }
	refresh := func() answer {
		form := tokenRequest("")
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", field(given, "refresh_token"))
		return b.post(base+"/accessToken", form)
	}
	if res := refresh(); res.StatusCode != http.StatusOK || field(res, "access_token") == "" {
		t.Fatalf("refresh: %d %s", res.StatusCode, res.body)
	}

	signIn(t, b, base, plainRedirect, zhangsan)
	turn(t, base, "password")
	if page := b.get(at); page.StatusCode != http.StatusOK || strings.Contains(page.body, `name="account"`) || !strings.Contains(page.body, demo.NewPassword) {
		t.Errorf("password changed: %d\n%s", page.StatusCode, page.body)
	}
	if page := b.post(at, zhangsan); page.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old password: %d", page.StatusCode)
	}
	if page := b.post(at, url.Values{"account": {"zhangsan"}}); page.StatusCode != http.StatusUnauthorized {
		t.Errorf("one click: %d", page.StatusCode)
	}
	signIn(t, b, base, plainRedirect, url.Values{"username": {"zhangsan"}, "password": {demo.NewPassword}})
	turn(t, base, "password")

	signIn(t, b, base, plainRedirect, zhangsan)
	turn(t, base, "left")
	if _, q := b.get(at).back(t); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("a leaver with a session: %v", q)
	}
	if page := newBrowser(t).post(at, zhangsan); page.StatusCode != http.StatusForbidden || !strings.Contains(page.body, "closed") {
		t.Errorf("a leaver: %d\n%s", page.StatusCode, page.body)
	}
	for what, res := range map[string]answer{"userInfo": user(), "refresh": refresh()} {
		if res.StatusCode != http.StatusForbidden || field(res, "error") != "user_left" {
			t.Errorf("a leaver's %s: %d %s", what, res.StatusCode, res.body)
		}
	}
	signIn(t, newBrowser(t), base, plainRedirect, url.Values{"account": {"lisi"}}) // who has not left
	turn(t, base, "left")

	turn(t, base, "renamed")
	if res := user(); field(res, "user_id") != "ZhangSan" || strings.Contains(res.body, "union_id") {
		t.Errorf("renamed: %s", res.body)
	}
	turn(t, base, "renamed")

	turn(t, base, "secret")
	for what, res := range map[string]answer{"code": tokens(), "refresh": refresh()} {
		if res.StatusCode != http.StatusUnauthorized || field(res, "error") != "invalid_client" {
			t.Errorf("secret expired, %s: %d %s", what, res.StatusCode, res.body)
		}
	}
	turn(t, base, "secret")

	turn(t, base, "down")
	if res, err := b.Get(base + "/userInfo"); err == nil {
		t.Errorf("down, and answers %d", res.StatusCode)
	}
	if page := b.get(base + "/"); !strings.Contains(page.body, `aria-checked="true"`) {
		t.Error("down, and the switch is gone")
	}
	turn(t, base, "down")
	if res := user(); field(res, "union_id") != "ZhangSan" {
		t.Errorf("when all is over: %d %s", res.StatusCode, res.body)
	}
	if page := b.get(base + "/"); strings.Contains(page.body, `aria-checked="true"`) {
		t.Error("a switch is still on")
	}
}

// The switches are for whoever sits at this computer, by this page.
func TestSwitchesAreNobodyElses(t *testing.T) {
	sso := demo.NewSSO(demo.SSOConfig{BaseURL: "http://localhost:8201"})
	ask := func(remote, host string, header ...string) int {
		r := httptest.NewRequest(http.MethodPost, "http://"+host+"/faults", strings.NewReader("fault=down"))
		r.RemoteAddr = remote
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		sso.ServeHTTP(w, r)
		return w.Code
	}
	const here, host = "127.0.0.1:5000", "localhost:8201"
	for what, status := range map[string]int{
		"another computer":  ask("192.168.1.7:5000", host),
		"no address":        ask("", host),
		"a name made ours":  ask(here, "evil.example:8201"),
		"another port":      ask(here, "localhost:8302"),
		"another site":      ask(here, host, "Sec-Fetch-Site", "cross-site"),
		"another app here":  ask(here, host, "Sec-Fetch-Site", "same-site"),
		"another origin":    ask(here, host, "Origin", "http://localhost:8302"),
		"an origin of none": ask(here, host, "Origin", "null"),
	} {
		if status != http.StatusForbidden {
			t.Errorf("%s: %d", what, status)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://"+host+"/", nil)
	w := httptest.NewRecorder()
	sso.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), `aria-checked="true"`) {
		t.Error("one of them has switched it")
	}
	if status := ask(here, host, "Sec-Fetch-Site", "same-origin", "Origin", "http://"+host); status != http.StatusSeeOther {
		t.Errorf("the page itself: %d", status)
	}
}
