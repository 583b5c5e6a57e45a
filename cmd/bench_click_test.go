//go:build linux

package cmd_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth/authtest"
	"lanyard/auth/openid"
)

// BenchmarkClick: from the click, at the running agent, to the app's page loaded in a real
// browser that runs and has never been here: launch link, the agent's proof, the session,
// the app's own sign-in by OpenID Connect with code and PKCE. The app needs no time of its
// own. To reach: ≤ 200 ms. Floor: the same browser loads the same page without a sign-in.
func BenchmarkClick(b *testing.B) {
	session := authtest.KeyringSession(b)
	upstream, app := vendor(b), quickApp(b)
	c := prepare(b, upstream)
	c.apply(b, acmeFile(upstream, fmt.Sprintf(`apps:
  - {id: wiki, title: {en: Wiki}, client: wiki, launch: {kind: oidc, url: "%[1]s/login"}}
clients:
  - {id: wiki, public: true, redirect_uris: ["%[1]s/callback"]}
`, app)))
	c.run(b)
	d := newDesk(b, session.Env...)
	c.signInAt(b, d)
	agent := d.dial(b)
	env := local.Env{"DISPLAY": ":99", "BROWSER": d.browser}
	running := newBrowser(b)
	var took, floor []time.Duration
	for range 21 {
		// Another person's browser, as far as cookies and caches go.
		load := func(address func() string) time.Duration {
			ctx, cancel := chromedp.NewContext(running.ctx, chromedp.WithNewBrowserContext())
			defer cancel()
			fresh := &browser{ctx: ctx, t: b}
			if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			fresh.open(address())
			spent := time.Since(begin)
			if text := fresh.text(); !strings.Contains(text, "The wiki of ") {
				b.Fatalf("at %s: %s", fresh.where(), text)
			}
			return spent
		}
		took = append(took, load(func() string {
			n := len(d.urls())
			if _, err := agent.Launch(b.Context(), local.LaunchRequest{App: "wiki", Env: env}); err != nil {
				b.Fatal(err)
			}
			d.untilOpened(b, n)
			return d.urls()[n]
		}))
		floor = append(floor, load(func() string { return app + "/page?name=nobody" }))
	}
	report(b, "click", took, floor)
}

// quickApp is an app that signs people in by OpenID Connect, shows who they are, and takes
// no time for anything of its own.
func quickApp(t testing.TB) string {
	t.Helper()
	var issuer string
	request, challenge := openid.CodeRequest()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	page := func(w http.ResponseWriter, name string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Wiki</title><p>The wiki of %s", html.EscapeString(name))
	}
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) { page(w, r.FormValue("name")) })
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		issuer = r.FormValue("iss") // one sign-in at a time
		http.Redirect(w, r, issuer+"/authorize?"+url.Values{
			"client_id": {"wiki"}, "response_type": {"code"}, "redirect_uri": {srv.URL + "/callback"}, "scope": {"openid profile"},
			"state": {"s"}, "nonce": {"n"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
		}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		ask := func(req *http.Request, err error, into any) {
			if err != nil {
				t.Error(err)
				return
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if err := json.NewDecoder(res.Body).Decode(into); err != nil {
				t.Error(err)
			}
		}
		var tokens struct {
			Access string `json:"access_token"`
		}
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, issuer+"/token", strings.NewReader(url.Values{
			"grant_type": {"authorization_code"}, "client_id": {"wiki"}, "code": {r.FormValue("code")},
			"redirect_uri": {srv.URL + "/callback"}, "code_verifier": {request.Verifier.Reveal()},
		}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		ask(req, err, &tokens)
		var person struct{ Name string }
		req, err = http.NewRequestWithContext(r.Context(), http.MethodGet, issuer+"/userinfo", nil)
		req.Header.Set("Authorization", "Bearer "+tokens.Access)
		ask(req, err, &person)
		if person.Name != "张三" {
			t.Errorf("the app was opened as %q", person.Name)
		}
		page(w, person.Name)
	})
	return srv.URL
}
