//go:build linux

package cmd_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStagesOfWPS goes the road of an admin at WPS, which tries our three interfaces in
// stages before it shows its APPID: the callback without one works, one that nobody has
// registered is refused and named, and works once it stands in the app's blank, and no
// other does.
func TestStagesOfWPS(t *testing.T) {
	t.Parallel()
	const callback, mine, foreign = "https://open.wps.cn/oauth/v1/code", "AK20211008GIMUUL", "AK20261122EVILXX"
	listen, upstream := closedPort(t), vendor(t)
	c := &company{dir: t.TempDir(), origin: "http://" + listen}
	c.write(t, "server.yaml", fmt.Sprintf("listen: %s\npublic_url: %s\ndata: %s/data\nkey_file: %s/key\nallow: [%q]\nallow_http: [127.0.0.1]\nlookups_per_minute: 0\n",
		listen, c.origin, c.dir, c.dir, strings.TrimPrefix(upstream, "http://")))
	c.write(t, "wps-secret", "secret-of-wps")
	apply := func(vars string) {
		t.Helper()
		c.write(t, "enterprise.yaml", fmt.Sprintf(`schema: setup/1
code: acme
name: {en: Acme, zh: 顶点}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/accessToken, user_url: %[1]s/userInfo, client_id: acme}
  secrets: {client_secret: "env:ACME_SECRET"}
apps:
  - {id: wps, title: {en: WPS}, preset: wps, vars: {%[2]s}, secrets: {client_secret: "file:wps-secret"}}
`, upstream, vars))
		if apply := c.command(t, "apply", "-f", filepath.Join(c.dir, "enterprise.yaml")); apply.wait(t, 30*time.Second) != 0 {
			t.Fatalf("apply: %s", apply.err.String())
		}
	}
	apply(`wps_code: acme`)
	c.server = c.command(t, "run")
	c.server.line(t, "ready ", 30*time.Second)
	d := newDesk(t)
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	issuer, _, found := strings.Cut("http"+login.line(t, "http", 20*time.Second), "/authorize")
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
	form := url.Values{"client_id": {"wps"}, "client_secret": {"secret-of-wps"}, "grant_type": {"authorization_code"}, "code": {code}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/three/accessToken", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, _ := newWalker().read(t, req)
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
