package demo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/authtest"
	"lanyard/auth/server/demo"
)

// startApp starts one of the company's apps, whose provider is p.
func startApp(t *testing.T, issuer string, app func(demo.AppConfig) http.Handler) string {
	t.Helper()
	return startWith(t, func(base string) http.Handler {
		return app(demo.AppConfig{BaseURL: base, Issuer: issuer, ClientID: authtest.ClientID, ClientSecret: "app-secret"})
	})
}

// startWith starts a service that has to know its own origin, which it returns.
func startWith(t *testing.T, made func(base string) http.Handler) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	base := "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = made(base)
	srv.Start()
	t.Cleanup(srv.Close)
	return base
}

// follow goes where the answers lead, as a browser does, and returns the last.
func (b *browser) follow(address string) answer {
	b.t.Helper()
	for range 10 {
		res := b.get(address)
		if res.StatusCode/100 != 3 {
			return res
		}
		next, err := res.Location()
		if err != nil {
			b.t.Fatal(err)
		}
		address = next.String()
	}
	b.t.Fatal("more than 10 redirects")
	return answer{}
}

var apps = []struct {
	name, start, protocol string
	make                  func(demo.AppConfig) http.Handler
}{
	{"notes", "/login", "go-oidc", demo.NewNotes},
	{"handbook", "/", "by hand", demo.NewHandbook},
	{"intranet", "/auth", "authentication address", demo.NewIntranet},
}

// newProvider starts a provider whose only client is the app, with its secret in the form.
func newProvider(t *testing.T, f authtest.Faults) *authtest.Provider {
	t.Helper()
	p := authtest.NewProvider(t, f)
	p.Secret, p.SecretInForm = "app-secret", true
	return p
}

func TestAppsShowWhoIsSignedIn(t *testing.T) {
	for _, app := range apps {
		t.Run(app.name, func(t *testing.T) {
			p := newProvider(t, authtest.Faults{})
			base, b := startApp(t, p.Issuer, app.make), newBrowser(t)

			page := b.follow(base + app.start)
			for _, want := range []string{"Signed in as 张三", app.protocol, p.Issuer, "here for the first time"} {
				if !strings.Contains(page.body, want) {
					t.Errorf("page lacks %q:\n%s", want, page.body)
				}
			}
			if at := page.Request.URL; at.RawQuery != "" || at.Path != "/" {
				t.Errorf("the browser's address keeps the answer: %s", at)
			}
			if form := p.Last("/token"); form.Get("client_secret") != "app-secret" || form.Get("code_verifier") == "" {
				t.Error("token request without secret or verifier")
			}

			asked := p.Count("/authorize")
			if page = b.follow(base + "/"); !strings.Contains(page.body, "has been here before") {
				t.Errorf("second visit:\n%s", page.body)
			}
			if p.Count("/authorize") != asked {
				t.Error("asked the provider again although signed in")
			}

			b.post(base+"/logout", nil)
			if page := newBrowser(t).get(base + "/"); strings.Contains(page.body, "Signed in as") {
				t.Error("another browser is signed in too")
			}
			if page := b.get(base + "/"); strings.Contains(page.body, "Signed in as") {
				t.Error("signed in after signing out")
			}
		})
	}
}

func TestAppsLetNobodyInByAForgedCallback(t *testing.T) {
	for _, app := range apps {
		t.Run(app.name, func(t *testing.T) {
			p := newProvider(t, authtest.Faults{})
			base, b := startApp(t, p.Issuer, app.make), newBrowser(t)
			refused := func(name string, page answer) {
				t.Helper()
				if page.StatusCode != http.StatusBadRequest || !strings.Contains(page.body, "not signed in") {
					t.Errorf("%s: status %d\n%s", name, page.StatusCode, page.body)
				}
			}
			begin := func(b *browser) (callback string) {
				t.Helper()
				_, q := b.get(base + app.start).back(t)
				to, err := b.get(p.Issuer + "/authorize?" + q.Encode()).Location()
				if err != nil {
					t.Fatal(err)
				}
				return to.String()
			}
			refused("out of nowhere", b.get(base+"/callback?code=x&state=y"))
			refused("empty", b.get(base+"/callback"))

			// The other browser has begun one of its own.
			other := newBrowser(t)
			begin(other)
			callback := begin(b)
			refused("in another browser", other.get(callback))

			u, err := url.Parse(callback)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			q.Set("state", q.Get("state")+"x")
			refused("another state", newBrowser(t).get(base+"/callback?"+q.Encode()))

			callback = begin(b)
			if page := b.follow(callback); !strings.Contains(page.body, "Signed in as 张三") {
				t.Fatalf("the real one:\n%s", page.body)
			}
			refused("a second time", b.get(callback))

			p.Set(authtest.Faults{Deny: "access_denied"})
			refused("denied", newBrowser(t).follow(base+app.start))
		})
	}
}

func TestAppsWhenTheProviderFails(t *testing.T) {
	for _, app := range apps {
		t.Run(app.name, func(t *testing.T) {
			p := newProvider(t, authtest.Faults{})
			base := startApp(t, p.Issuer, app.make)
			for name, answer := range map[string]http.HandlerFunc{
				"error": authtest.OAuthError(http.StatusBadRequest, "invalid_client", "canary"),
				"page":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>canary")) },
			} {
				p.Set(authtest.Faults{Answer: map[string]http.HandlerFunc{"/token": answer}})
				page := newBrowser(t).follow(base + app.start)
				if page.StatusCode != http.StatusBadGateway || strings.Contains(page.body, "canary") {
					t.Errorf("%s: status %d\n%s", name, page.StatusCode, page.body)
				}
			}
			p.Set(authtest.Faults{})
			if page := newBrowser(t).follow(base + app.start); !strings.Contains(page.body, "Signed in as") {
				t.Errorf("afterwards:\n%s", page.body)
			}
		})
	}
}

func TestNotesChecksTheIDToken(t *testing.T) {
	for name, claims := range map[string]func(map[string]any){
		"another nonce":    func(c map[string]any) { c["nonce"] = "x" },
		"no nonce":         func(c map[string]any) { delete(c, "nonce") },
		"another audience": func(c map[string]any) { c["aud"] = "other" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.com" },
		"expired":          func(c map[string]any) { c["exp"] = 1 },
		"another at_hash":  func(c map[string]any) { c["at_hash"] = "x" },
		"another subject":  func(c map[string]any) { c["sub"] = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, authtest.Faults{Claims: claims})
			base := startApp(t, p.Issuer, demo.NewNotes)
			if page := newBrowser(t).follow(base + "/login"); page.StatusCode != http.StatusBadGateway {
				t.Errorf("status %d\n%s", page.StatusCode, page.body)
			}
		})
	}
}

// TestNotesBegunByOthers follows OpenID Connect Core section 4.
func TestNotesBegunByOthers(t *testing.T) {
	p := newProvider(t, authtest.Faults{})
	base := startApp(t, p.Issuer, demo.NewNotes)
	login := func(iss, hint, target string) string {
		return base + "/login?" + url.Values{"iss": {iss}, "login_hint": {hint}, "target_link_uri": {target}}.Encode()
	}
	page := newBrowser(t).follow(login("https://evil.com", "", base+"/"))
	if page.StatusCode != http.StatusBadRequest || p.Count("/authorize") != 0 {
		t.Errorf("unknown issuer: status %d", page.StatusCode)
	}
	for target, want := range map[string]string{
		base + "/":               "/",
		base + "/?tab=2":         "/?tab=2",
		base + "/page/7":         "/page/7",
		"https://evil.com/":      "/",
		base + ".evil.com/":      "/",
		base + "//evil.com/":     "/evil.com/",
		base + `/\evil.com/`:     "/evil.com/",
		base + "@evil.com/":      "/",
		"javascript:alert(1)":    "/",
		base + "/..//evil.com/x": "/evil.com/x",
	} {
		b := newBrowser(t)
		_, q := b.get(login(p.Issuer, "zhangsan", target)).back(t)
		if q.Get("login_hint") != "zhangsan" {
			t.Errorf("login_hint %q", q.Get("login_hint"))
		}
		callback, err := b.get(p.Issuer + "/authorize?" + q.Encode()).Location()
		if err != nil {
			t.Fatal(err)
		}
		res := b.get(callback.String())
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("target %q: status %d to %q, want %q", target, res.StatusCode, got, want)
		}
	}
}
