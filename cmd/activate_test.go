//go:build linux

package cmd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// strictVendor is a company's sign-in of three interfaces with two clients, that of its
// page and that of its own desktop program, and no mercy: a code is good once, for the
// client that it was made for.
type strictVendor struct {
	url string

	mu      sync.Mutex
	codes   map[string][2]string // client and person
	refused []string             // what was tried in vain
}

var strictClients = map[string]string{"page": "secret-of-the-page", "program": "secret-of-the-program"}

func newStrictVendor(t testing.TB) *strictVendor {
	t.Helper()
	v := &strictVendor{codes: map[string][2]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		back, err := url.Parse(r.FormValue("redirect_uri"))
		if err != nil || r.FormValue("client_id") != "page" {
			http.Error(w, "client", http.StatusBadRequest)
			return
		}
		back.RawQuery = url.Values{"code": {v.code("page", "ZhangSan")}, "state": {r.FormValue("state")}}.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{"error": "invalid_grant"}
		if person, ok := v.redeem(r.FormValue("client_id"), r.FormValue("client_secret"), r.FormValue("code")); ok {
			answer = map[string]any{"access_token": "token-of-" + person, "expires_in": 3600}
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		id, ok := strings.CutPrefix(r.FormValue("access_token"), "token-of-")
		if !ok {
			_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_token"})
			return
		}
		name := map[string]string{"ZhangSan": "张三", "LiSi": "李四"}[id]
		_ = json.NewEncoder(w).Encode(map[string]any{"union_id": id, "user_name": name})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	v.url = s.URL
	return v
}

// code makes a code for a client and a person, as the vendor's page and its kit do.
func (v *strictVendor) code(client, person string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	code := "code-" + auth.RandomToken()
	v.codes[code] = [2]string{client, person}
	return code
}

func (v *strictVendor) redeem(client, secret, code string) (person string, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	of := v.codes[code]
	delete(v.codes, code)
	if of[0] == "" || of[0] != client || strictClients[client] != secret {
		v.refused = append(v.refused, client+" for "+of[0])
		return "", false
	}
	return of[1], true
}

// newActivating starts a server with two companies at the vendor: "acme" takes its
// program's codes, "plain" does not.
func newActivating(t testing.TB, v *strictVendor) (c *company, appIDs map[string]string) {
	t.Helper()
	c, appIDs = prepare(t, v.url), map[string]string{}
	for client, secret := range strictClients {
		c.write(t, client, secret)
	}
	file := func(code, more string) string {
		return fmt.Sprintf(`schema: setup/1
code: %[2]s
name: {en: Acme, zh: 顶点}
connector:
  preset: wps-style
  vars: {authorize_url: %[1]s/authorize, token_url: %[1]s/token, user_url: %[1]s/user, client_id: page}
%[3]sapps:
  - {id: wiki, title: {en: Wiki}, launch: {kind: link, url: %[1]s/wiki}}
`, v.url, code, more)
	}
	c.write(t, "plain.yaml", file("plain", "  secrets: {client_secret: \"file:page\"}\n"))
	c.write(t, "acme.yaml", file("acme", fmt.Sprintf(`  secrets: {client_secret: "file:page", program_secret: "file:program"}
  activate:
    secrets: [program_secret]
    steps:
      - id: token
        method: POST
        url: %[1]s/token
        form: {client_id: program, client_secret: "{program_secret}", grant_type: authorization_code, code: "{code}"}
        fail: {code: [error]}
        set: {access_token: access_token}
        require: [access_token]
      - id: user
        method: GET
        url: %[1]s/user
        query: {access_token: "{access_token}"}
        fail: {code: [error]}
        set: {sub: union_id, name: user_name}
        require: [sub]
`, v.url)))
	for _, name := range []string{"plain", "acme"} {
		out := c.applyFile(t, name+".yaml").out
		if appIDs[name] = appIDForm.FindString(out); appIDs[name] == "" {
			t.Fatalf("apply %s: %s", name, out)
		}
	}
	c.run(t)
	return c, appIDs
}

var appIDForm = regexp.MustCompile(`\bAK\w+`)

// activate hands a program's code to the command line.
func (d *desk) activate(t testing.TB, appID, code string) *process {
	t.Helper()
	cmd := exec.Command(program(t, "lanyard"), "activate", "--app-id", appID)
	cmd.Stdin = strings.NewReader(code + "\n")
	return startCommand(t, d.env, cmd)
}

// TestActivation goes the way of a company's own desktop program, with real parts: the
// program's code on standard input, the company confirmed once in the window by
// keyboard, signed in without a browser, apps and all.
func TestActivation(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	screen := newDisplay(t)
	v := newStrictVendor(t)
	c, appIDs := newActivating(t, v)
	d := newSeat(t, session, screen, c.origin)

	// Nobody to ask: the answer says what to do, and nobody is signed in.
	blind := *d
	blind.env = append(slices.Clone(d.env), "DISPLAY=")
	r := blind.activate(t, appIDs["acme"], v.code("program", "ZhangSan")).ended(t)
	r.refused(t, "en", 2, auth.ConfirmationNeeded, auth.Args{"host": strings.TrimPrefix(c.origin, "http://"), "command": "lanyard login acme"})
	if s := d.state(t); len(s.Profiles) != 0 {
		t.Fatalf("signed in unasked: %+v", s.Profiles)
	}

	activation := d.activate(t, appIDs["acme"], v.code("program", "ZhangSan"))
	d.step(t, local.StepConfirm)
	screen.window("Sign in ")
	eventually(t, patience, func() error {
		screen.press("Return")
		if a := d.state(t).Attempt; a == nil || a.Step == local.StepConfirm {
			return fmt.Errorf("the card is not confirmed: %+v", a)
		}
		return nil
	})
	if r := activation.ended(t); r.code != 0 || !strings.Contains(r.out, "张三") {
		t.Fatalf("activate ended with %d: %s%s", r.code, r.out, r.err)
	}
	p := d.settled(t)
	if p.Phase != local.SignedIn || p.Identity.Name != "张三" || p.Enterprise.Code != "acme" {
		t.Fatalf("profile %+v", p)
	}
	if out := d.must(t, "status"); !strings.Contains(out, "张三") {
		t.Errorf("status: %s", out)
	}
	if out := d.must(t, "apps"); !strings.Contains(out, "Wiki") {
		t.Errorf("apps: %s", out)
	}
	if opened := d.urls(); len(opened) != 0 {
		t.Errorf("a browser was opened: %v", opened)
	}
	// Signed in like anybody: it lasts over a restart.
	d.must(t, "quit")
	if p := d.settled(t); p.Phase != local.SignedIn {
		t.Errorf("after a restart: %+v", p)
	}

	before := d.who(t)
	for _, row := range []struct {
		name, appID, code string
		exit              int
		says              string
	}{
		{"a browser's code", appIDs["acme"], v.code("page", "ZhangSan"), 1, ""},
		{"a company without the block", appIDs["plain"], v.code("program", "ZhangSan"), 1, ""},
		{"nobody's code", appIDs["acme"], "code-of-nobody", 1, ""},
		{"somebody else, unasked", appIDs["acme"], v.code("program", "LiSi"), 4, "李四"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := d.activate(t, row.appID, row.code).ended(t)
			if r.code != row.exit || !strings.Contains(r.err, row.says) || references["en"].FindString(r.err) == "" {
				t.Errorf("exit code %d, want %d; out %s\n%s", r.code, row.exit, r.out, r.err)
			}
			if now := d.who(t); now != before {
				t.Errorf("the account changed from\n%s\nto\n%s", before, now)
			}
		})
	}
	v.mu.Lock()
	if want := []string{"program for page", "program for "}; !slices.Equal(v.refused, want) {
		t.Errorf("the vendor refused %q, want %q: each code goes to it once, by the program's client", v.refused, want)
	}
	v.mu.Unlock()
	// The same person again is no question, and gives the program's new code its due.
	if r := d.activate(t, appIDs["acme"], v.code("program", "ZhangSan")).ended(t); r.code != 0 {
		t.Errorf("again: exit code %d: %s", r.code, r.err)
	}
	all := c.server.err.String() + readAll(t, d.home)
	for _, secret := range []string{"code-", strictClients["page"], strictClients["program"]} {
		if strings.Contains(all, secret) {
			t.Errorf("a log or a file holds %q", secret)
		}
	}
}
