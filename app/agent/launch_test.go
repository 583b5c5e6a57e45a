package agent_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"
)

// TestLaunch opens an app signed in, by a link that this agent proves to be its own.
func TestLaunch(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
	if err != nil || answer.Via != "launch-link" || answer.URL != "" || answer.Attempt != "" {
		t.Fatalf("launch = %+v, %v", answer, err)
	}
	tabs := d.tabs()
	if len(tabs) != 1 || tabs[0] != c.Issuer+"/launch/l0" {
		t.Fatalf("tabs = %v", tabs)
	}
	if page := authtest.NewVisitor(t).Visit(t, tabs[0]); page.Body != "signed in at notes" {
		t.Errorf("page = %d %s", page.Status, page.Body)
	}
	// The same link once more: the agent has answered, and answers nobody else.
	port := c.launched("l0").Port
	refused(t, port, "/launch/"+c.launched("l0").Nonce+"?challenge="+challenge, nil)

	// By title, in any language; what is opened most comes first.
	for range 2 {
		if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "笔记"}); err != nil {
			t.Fatal(err)
		}
	}
	d.until("notes first", func(s local.State) bool { return s.Profile("").Apps[0].ID == "notes" })
	_, err = d.Launch(t.Context(), local.LaunchRequest{App: "payroll"})
	isFault(t, err, auth.AppUnknown)
	_, err = d.Launch(t.Context(), local.LaunchRequest{App: "notes", Profile: "nobody"})
	isFault(t, err, auth.ProfileUnknown)
}

// refused asks the agent's loopback port for something that it must not answer.
func refused(t *testing.T, port int, path string, change func(*http.Request)) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return // nobody listens any more
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound || resp.Header.Get("Location") != "" {
		t.Errorf("%s %s: answered %d %s", req.Method, path, resp.StatusCode, resp.Header.Get("Location"))
	}
}

// screen is the environment of a caller whose browser runs on this computer.
var screen = local.Env{"DISPLAY": ":0"}

// TestProof gives no proof for anything but the one navigation of its own launch, and
// junk does not use that up.
func TestProof(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Print: true, Env: screen})
	if err != nil || answer.URL != c.Issuer+"/launch/l0" {
		t.Fatalf("launch = %+v, %v", answer, err)
	}
	l := c.launched("l0")
	good := "/launch/" + l.Nonce + "?challenge=" + challenge
	for _, row := range []struct {
		path   string
		change func(*http.Request)
	}{
		{"/", nil},
		{"/launch/", nil},
		{"/launch/" + strings.Repeat("A", 43) + "?challenge=" + challenge, nil},
		{"/launch/" + l.Nonce, nil},
		{"/launch/" + l.Nonce + "?challenge=short", nil},
		{good, func(r *http.Request) { r.Host = "evil.example" }},
		{good, func(r *http.Request) { r.Host = fmt.Sprintf("localhost:%d", l.Port) }},
		{good, func(r *http.Request) { r.Method = http.MethodPost }},
	} {
		refused(t, l.Port, row.path, row.change)
	}
	if page := authtest.NewVisitor(t).Visit(t, answer.URL); page.Body != "signed in at notes" {
		t.Errorf("page = %d %s", page.Status, page.Body)
	}
	refused(t, l.Port, good, nil)
}

// TestCallersScreen opens the browser where its caller sits: by the part of the caller's
// environment that says so, or of the last one's that had any.
func TestCallersScreen(t *testing.T) {
	var envs []map[string]string
	c := newCompany(t, "acme")
	opened := make(chan map[string]string, 1)
	d := newDesk(t, func(cfg *agent.Config) {
		cfg.Open = func(_ context.Context, _ string, env map[string]string, _ string) error {
			opened <- env
			return nil
		}
	})
	d.signIn(c, local.SignInRequest{Open: true, Env: local.Env{"WAYLAND_DISPLAY": "wayland-1", "HOME": "/elsewhere"}})
	envs = append(envs, <-opened)
	for _, env := range []local.Env{{"LANG": "zh_CN.UTF-8"}, {"DISPLAY": ":7", "BROWSER": "firefox", "LD_PRELOAD": "x"}, nil} {
		if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Env: env}); err != nil {
			t.Fatal(err)
		}
		envs = append(envs, <-opened)
	}
	wayland, x := map[string]string{"WAYLAND_DISPLAY": "wayland-1"}, map[string]string{"DISPLAY": ":7", "BROWSER": "firefox"}
	if want := []map[string]string{wayland, wayland, x, x}; !reflect.DeepEqual(envs, want) {
		t.Errorf("browsers were started with %v, want %v", envs, want)
	}
}

// TestPrint gives the address; where no display is known it is one for a browser
// elsewhere, which this agent cannot answer.
func TestPrint(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t, func(cfg *agent.Config) { cfg.Env = local.Env{} })
	d.signIn(c, local.SignInRequest{})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Print: true})
	if err != nil || answer.Via != "launch-link" || answer.URL != c.Issuer+"/launch/l0" {
		t.Fatalf("launch = %+v, %v", answer, err)
	}
	if port := c.launched("l0").Port; (port == 0) != (runtime.GOOS == "linux") {
		t.Errorf("port = %d without a display", port)
	}
	if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Print: true, Env: local.Env{"WAYLAND_DISPLAY": "wayland-0"}}); err != nil {
		t.Fatal(err)
	}
	if c.launched("l1").Port == 0 {
		t.Error("port = 0 with a display")
	}
	if len(d.tabs()) != 0 {
		t.Errorf("tabs = %v", d.tabs())
	}
}

// TestLaunchAnyway follows a click through trouble: it always leads somewhere.
func TestLaunchAnyway(t *testing.T) {
	for _, row := range []struct {
		name   string
		fault  func(*authtest.Faults)
		plain  string
		via    string
		target string
	}{
		{"server down", func(f *authtest.Faults) { f.Answer["/v1/launches"] = authtest.Status(502) }, "", "access-link", "/a/notes"},
		{"server down, plain address", func(f *authtest.Faults) { f.Answer["/v1/launches"] = authtest.Status(502) }, "/plain", "plain", "/plain"},
		{"nonsense", func(f *authtest.Faults) { f.Answer["/v1/launches"] = authtest.HTML }, "", "access-link", "/a/notes"},
		{"link to elsewhere", func(f *authtest.Faults) {
			f.Answer["/v1/launches"] = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, `{"id":"x","url":"https://evil.example/launch/x","key":"k"}`)
			}
		}, "", "access-link", "/a/notes"},
		{"no longer assigned", func(f *authtest.Faults) { f.Answer["/v1/launches"] = authtest.Status(404) }, "", "access-link", "/a/notes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCompany(t, "acme")
			if row.plain != "" {
				c.fault(func(f *authtest.Faults) {
					f.Answer["/v1/apps"] = func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Content-Type", "application/json")
						fmt.Fprintf(w, `{"apps":[{"id":"notes","title":{"en":"Notes"},"url":"%s/a/notes","plain":"%s%s"}]}`, c.Issuer, c.Issuer, row.plain)
					}
				})
			}
			d := newDesk(t)
			d.signIn(c, local.SignInRequest{})
			c.fault(row.fault)
			answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
			if err != nil || answer.Via != row.via || answer.URL != c.Issuer+row.target {
				t.Errorf("launch = %+v, %v", answer, err)
			}
			if tabs := d.tabs(); len(tabs) != 1 || tabs[0] != c.Issuer+row.target {
				t.Errorf("tabs = %v", tabs)
			}
		})
	}
}

// TestLaunchSignsIn ends a click in the app although somebody has to sign in first:
// with one tab, in each state that needs the person.
func TestLaunchSignsIn(t *testing.T) {
	for _, row := range []struct {
		name   string
		before func(*testing.T, *company, *desk)
	}{
		{"signed out", func(t *testing.T, _ *company, d *desk) {
			if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
				t.Fatal(err)
			}
		}},
		{"needs you", func(_ *testing.T, c *company, d *desk) {
			d.stop()
			c.fault(func(f *authtest.Faults) { f.Answer["/token"] = authtest.OAuthError(400, "invalid_grant", "") })
			d.start()
			d.phase(local.NeedsYou)
			c.fault(func(*authtest.Faults) {})
		}},
		{"refused at the click", func(_ *testing.T, c *company, _ *desk) {
			c.fault(func(f *authtest.Faults) {
				f.Answer["/token"] = authtest.OAuthError(400, "invalid_grant", "")
				f.Answer["/v1/launches"] = authtest.OAuthError(401, "invalid_token", "")
			})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCompany(t, "acme")
			d := newDesk(t)
			d.signIn(c, local.SignInRequest{})
			row.before(t, c, d)
			answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Lang: "en"})
			if err != nil || answer.Attempt == "" || answer.URL != "" {
				t.Fatalf("launch = %+v, %v", answer, err)
			}
			again, err := d.Launch(t.Context(), local.LaunchRequest{App: "handbook"})
			if err != nil || again.Attempt != answer.Attempt {
				t.Fatalf("second click = %+v, %v", again, err)
			}
			c.fault(func(*authtest.Faults) {})
			att := d.step(local.StepWaiting)
			d.until("an open browser", func(s local.State) bool { return s.Attempt.Opened })
			browser := authtest.NewVisitor(t)
			page := browser.Visit(t, goesOn(t, browser.Visit(t, att.URL)))
			if page.Body != "signed in at handbook" {
				t.Errorf("the click ended at %s: %s", page.URL, page.Body)
			}
			if att := d.step(local.StepDone); att.App != "handbook" {
				t.Errorf("attempt = %+v", att)
			}
			if tabs := d.tabs(); len(tabs) != 1 {
				t.Errorf("tabs = %v, want one", tabs)
			}
		})
	}
}

// TestLaunchSignsInForNothing says on the page, too, that there is no such app: nobody
// could know before the sign-in.
func TestLaunchSignsInForNothing(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	if answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "nots"}); err != nil || answer.Attempt == "" {
		t.Fatalf("launch = %+v, %v", answer, err)
	}
	page := authtest.NewVisitor(t).Visit(t, d.step(local.StepWaiting).URL)
	contains(t, page.Body, "No app is called “nots”.")
	if att := d.step(local.StepDone); att.Problem == nil || att.Problem.Code != auth.AppUnknown {
		t.Errorf("problem = %+v", att.Problem)
	}
}

// TestLaunchRenewsToken gets over a server that no longer takes a good-looking token.
func TestLaunchRenewsToken(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	refusals := 1
	c.fault(func(f *authtest.Faults) {
		f.Answer["/v1/launches"] = func(w http.ResponseWriter, r *http.Request) {
			if refusals--; refusals >= 0 {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			c.launch(w, r)
		}
	})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
	if err != nil || answer.Via != "launch-link" {
		t.Errorf("launch = %+v, %v", answer, err)
	}
}

// TestNoBrowser says that no browser opened.
func TestNoBrowser(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t, func(cfg *agent.Config) { cfg.Open = noBrowser })
	d.signIn(c, local.SignInRequest{Open: true}) // the address is in State all the same
	_, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"})
	isFault(t, err, auth.BrowserNotOpened)
}

// TestWithoutServer opens the apps of a company that has no server of ours: from its
// document, and with a hint of who comes only where the app asks for that.
func TestWithoutServer(t *testing.T) {
	c := newCompany(t, "acme")
	c.change(func(doc *directory.Document) {
		doc.Workbench = false
		doc.Apps = []auth.App{
			{ID: "wiki", Title: auth.Text{"en": "Wiki"}, URL: "https://wiki.acme.example/"},
			{ID: "crm", Title: auth.Text{"en": "CRM"}, URL: "https://crm.acme.example/login?a=1", Kind: "oidc"},
		}
	})
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	if list, err := d.Apps(t.Context(), local.AppsQuery{}); err != nil || len(list.Apps) != 2 || list.Stale {
		t.Fatalf("apps = %+v, %v", list, err)
	}
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "wiki", Print: true})
	if err != nil || answer.URL != "https://wiki.acme.example/" || answer.Via != "plain" {
		t.Errorf("wiki = %+v, %v", answer, err)
	}
	answer, err = d.Launch(t.Context(), local.LaunchRequest{App: "crm", Print: true})
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"a": {"1"}, "iss": {c.Issuer}, "login_hint": {"zhangsan@acme.example"}}
	if answer.URL != "https://crm.acme.example/login?"+want.Encode() {
		t.Errorf("crm = %s", answer.URL)
	}
}

// TestLaunchIsPrivate leaves no one-time address, key or token in log or State.
func TestLaunchIsPrivate(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{Open: true})
	if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes"}); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	seen.Write(d.ring.Lines())
	for _, name := range []string{"profiles.json"} {
		f, err := os.Open(d.dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(&seen, f)
		f.Close()
	}
	if seen.Len() < 500 {
		t.Fatal("nothing was logged")
	}
	form := c.Last("/token")
	for what, canary := range map[string]string{
		"code": form.Get("code"), "verifier": form.Get("code_verifier"), "state": c.Last("/authorize").Get("state"),
		"launch key": launchKey, "nonce": c.launched("l0").Nonce, "launch link": "/launch/l0",
	} {
		if canary == "" || strings.Contains(seen.String(), canary) {
			t.Errorf("%s %q is in a log or file", what, canary)
		}
	}
}
