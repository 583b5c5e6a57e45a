//go:build linux

package cmd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestStagesOfWPS goes the road of an admin at WPS, which tries our three interfaces in
// stages before it shows its APPID: the callback without one works, one that nobody has
// registered is refused and named, and works once it stands in the app's blank, and no
// other does.
func TestStagesOfWPS(t *testing.T) {
	t.Parallel()
	const callback, mine, foreign = "https://open.wps.cn/oauth/v1/code", "AK20211008GIMUUL", "AK20261122EVILXX"
	upstream := vendor(t)
	c := prepare(t, upstream)
	c.write(t, "wps-secret", "secret-of-wps")
	apply := func(vars string) {
		t.Helper()
		c.apply(t, acmeFile(upstream, `apps:
  - {id: wps, title: {en: WPS}, preset: wps, vars: {`+vars+`}, secrets: {client_secret: "file:wps-secret"}}
`))
	}
	apply(`wps_code: acme`)
	c.run(t)
	d := newDesk(t)
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	issuer, _, found := strings.Cut(login.address(t), "/authorize")
	if !found {
		t.Fatalf("no issuer in %q", issuer)
	}

	// check is WPS's first stage: where the browser ends, and what it reads there.
	check := func(app string) (code, page string) {
		t.Helper()
		w, back := newWalker(), callback+"?cb=kdocs"
		if app != "" {
			back = callback + "?app_id=" + app + "&cb=kdocs"
		}
		w.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Host == "open.wps.cn" {
				if v := r.URL.Query(); v.Get("app_id") != app || v.Get("cb") != "kdocs" || v.Get("state") != "s" {
					t.Errorf("sent back to %s", r.URL)
				}
				code = r.URL.Query().Get("code")
				return http.ErrUseLastResponse
			}
			return nil
		}
		page, _ = w.get(t, issuer+"/three/authorize?"+url.Values{
			"client_id": {"wps"}, "response_type": {"code"}, "redirect_uri": {back}, "state": {"s"},
		}.Encode())
		return code, page
	}
	refused := func(when, app string) {
		t.Helper()
		if code, page := check(app); code != "" || !strings.Contains(page, "the app_id "+app+" is not registered") {
			t.Errorf("%s: %s got the code %q and the page\n%s", when, app, code, page)
		}
	}
	code, page := check("")
	if code == "" {
		t.Fatalf("stage 1 without an APPID:\n%s", page)
	}
	// Stages 2 and 3.
	answer, _ := newWalker().post(t, issuer+"/three/accessToken",
		"client_id", "wps", "client_secret", "secret-of-wps", "grant_type", "authorization_code", "code", code)
	_, token, _ := strings.Cut(answer, `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	if who, _ := newWalker().get(t, issuer+"/three/userInfo?access_token="+url.QueryEscape(token)); !strings.Contains(who, "张三") {
		t.Errorf("stage 2 said %s, stage 3 said %s", answer, who)
	}

	refused("before it is registered", mine)
	apply("wps_code: acme, wps_app_id: " + mine)
	if code, page := check(mine); code == "" {
		t.Errorf("stage 1 with the APPID:\n%s", page)
	}
	refused("of somebody else", foreign)
}
