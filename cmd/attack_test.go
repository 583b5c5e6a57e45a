//go:build linux

package cmd_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/auth"
)

// TestCallbackPort attacks the desktop's own callback while it waits: whatever lacks its
// exact state changes nothing, the real answer counts, and it counts once.
func TestCallbackPort(t *testing.T) {
	t.Parallel()
	directory := demo(t)
	d := newDesk(t)
	login := d.login(t, "demo", "--directory", directory, "--yes", "--print-url")
	address := login.address(t)
	asked := query(t, address)
	callback, issuer := asked.Get("redirect_uri"), strings.TrimSuffix(strings.Split(address, "?")[0], "/authorize")
	wrong := auth.RandomState()

	for i := range 100 { // none of them may count, nor keep the real one out
		values := []url.Values{
			{},
			{"code": {"stolen"}},
			{"code": {"stolen"}, "state": {""}},
			{"code": {"stolen"}, "state": {wrong}, "iss": {issuer}},
			{"error": {"access_denied"}},
			{"error": {"access_denied"}, "state": {wrong}, "iss": {issuer}},
			{"code": {"stolen"}, "state": {asked.Get("state"), wrong}, "iss": {issuer}},
			{"error": {"access_denied"}, "code": {"stolen"}, "state": {asked.Get("state")[:63]}},
		}[i%8]
		status := 0
		switch i % 3 {
		case 0:
			status = send(t, http.MethodGet, callback+"?"+values.Encode(), nil, "")
		case 1:
			status = send(t, http.MethodPost, callback, values, "")
		default:
			status = send(t, http.MethodPut, callback+"?"+values.Encode(), nil, "")
		}
		if status != http.StatusNotFound {
			t.Errorf("junk %d (%v): status %d", i, values, status)
		}
	}
	right := url.Values{"code": {"stolen"}, "state": {asked.Get("state")}, "iss": {issuer}}
	if status := send(t, http.MethodPost, callback, right, "rebound.example"); status != http.StatusNotFound {
		t.Errorf("another host's page: status %d", status)
	}
	if status := send(t, http.MethodGet, strings.TrimSuffix(callback, "/callback")+"/?"+right.Encode(), nil, ""); status != http.StatusNotFound {
		t.Errorf("another path: status %d", status)
	}
	// A provider that mixes itself up with ours knows the state, and is told apart by iss.
	right.Set("iss", "https://sso.evil.example")
	if status := send(t, http.MethodPost, callback, right, ""); status != http.StatusBadRequest {
		t.Errorf("another issuer: status %d", status)
	}

	w := newWalker()
	answer, at := w.consent(t, address, "zhangsan")
	// The browser has brought the answer and not yet looked at the page.
	last := ""
	w.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		last = r.URL.String()
		return http.ErrUseLastResponse
	}
	w.submit(t, answer, at, nil)
	again := url.Values{"code": {"again"}, "state": {asked.Get("state")}, "iss": {issuer}}
	if status := send(t, http.MethodPost, callback, again, ""); status != http.StatusGone {
		t.Errorf("second callback: status %d", status)
	}
	again.Del("code")
	again.Set("error", "access_denied")
	if page, _ := newWalker().get(t, callback+"?"+again.Encode()); !strings.Contains(page, "This sign-in has ended.") ||
		!strings.Contains(page, "Start again from the icon.") {
		t.Errorf("to a third one it says:\n%s", page)
	}
	w.client.CheckRedirect = nil
	if page, _ := w.get(t, last); !strings.Contains(page, "张三") {
		t.Errorf("the page at the end says:\n%s", page)
	}
	if r := login.ended(t); r.code != 0 {
		t.Fatalf("login ended with %d: %s", r.code, r.err)
	}
	// And after it has been read nobody answers.
	eventually(t, patience, func() error {
		if status := send(t, http.MethodPost, callback, again, ""); status != 0 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})
	if p := d.settled(t); p.Phase != local.SignedIn || p.Identity.Name != "张三" {
		t.Errorf("profile = %+v", p)
	}
}

// send makes one request, with another Host header if host says so, and returns the
// status; 0 where nobody listens any more.
func send(t testing.TB, method, address string, form url.Values, host string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if host != "" {
		req.Host = host
	}
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func query(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// party is a client of a server's provider that the test plays itself.
type party struct {
	issuer, client, redirect string
}

// code walks a browser to the client's address and returns the code that it brings, with
// the verifier.
func (p party) code(t testing.TB, w *walker) (code, verifier string) {
	t.Helper()
	w.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), p.redirect+"?") {
			code = r.URL.Query().Get("code")
			return http.ErrUseLastResponse
		}
		return nil
	}
	verifier = auth.RandomToken()
	sum := sha256.Sum256([]byte(verifier))
	w.walk(t, p.issuer+"/authorize?"+url.Values{
		"client_id": {p.client}, "response_type": {"code"}, "redirect_uri": {p.redirect},
		"scope": {"openid profile offline_access"}, "state": {auth.RandomState()}, "nonce": {auth.RandomToken()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	if code == "" {
		t.Fatalf("%s: no code came back", p.client)
	}
	return code, verifier
}

// token asks the token endpoint.
func (p party) token(t testing.TB, form url.Values) (status int, answer map[string]any) {
	t.Helper()
	form.Set("client_id", p.client)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func (p party) redeem(t testing.TB, code, verifier string) (int, map[string]any) {
	t.Helper()
	return p.token(t, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.redirect}, "code_verifier": {verifier},
	})
}

// access signs in and returns an access token.
func (p party) access(t testing.TB) string {
	t.Helper()
	code, verifier := p.code(t, newWalker())
	status, answer := p.redeem(t, code, verifier)
	token, _ := answer["access_token"].(string)
	if status != http.StatusOK || token == "" {
		t.Fatalf("%s: token endpoint answered %d %v", p.client, status, answer["error"])
	}
	return token
}

// bearer asks with an access token and returns the status.
func bearer(t testing.TB, address, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestTokens: a code is good once, an app's token opens nothing but userinfo, a token of
// one enterprise nothing at another; and a callback in another browser signs nobody in.
func TestTokens(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 2, "")
	c.write(t, "beta.yaml", strings.Replace(c.read(t, "enterprise.yaml"), "code: acme", "code: beta", 1)+
		"clients:\n  - {id: probe, public: true, redirect_uris: [\"http://127.0.0.1/probe\"]}\n")
	c.applyFile(t, "beta.yaml")
	acme := party{c.issuer(t, "acme"), "lanyard", "http://127.0.0.1:1/callback"}
	beta := party{c.issuer(t, "beta"), "lanyard", "http://127.0.0.1:1/callback"}
	probe := party{beta.issuer, "probe", "http://127.0.0.1:1/probe"}

	t.Run("of an app", func(t *testing.T) {
		token := probe.access(t)
		if status := bearer(t, beta.issuer+"/userinfo", token); status != http.StatusOK {
			t.Errorf("userinfo: status %d", status)
		}
		if status := bearer(t, beta.issuer+"/v1/apps", token); status != http.StatusUnauthorized {
			t.Errorf("/v1/apps: status %d", status)
		}
	})
	t.Run("of another enterprise", func(t *testing.T) {
		for _, p := range []struct{ own, other party }{{acme, beta}, {beta, acme}} {
			token := p.own.access(t)
			if status := bearer(t, p.own.issuer+"/v1/apps", token); status != http.StatusOK {
				t.Errorf("/v1/apps of its own: status %d", status)
			}
			for _, path := range []string{"/v1/apps", "/userinfo"} {
				if status := bearer(t, p.other.issuer+path, token); status != http.StatusUnauthorized {
					t.Errorf("%s of another: status %d", path, status)
				}
			}
		}
	})
	t.Run("replayed code", func(t *testing.T) {
		code, verifier := acme.code(t, newWalker())
		status, first := acme.redeem(t, code, verifier)
		if status != http.StatusOK {
			t.Fatalf("first: status %d", status)
		}
		for what, p := range map[string]party{"again": acme, "at another enterprise": beta} {
			if status, answer := p.redeem(t, code, verifier); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
				t.Errorf("%s: status %d, %v", what, status, answer)
			}
		}
		// One of the two was a thief's: what the code gave is worth nothing any more.
		if status := bearer(t, acme.issuer+"/v1/apps", first["access_token"].(string)); status != http.StatusUnauthorized {
			t.Errorf("the first one's token: status %d", status)
		}
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"].(string)}}
		if status, answer := acme.token(t, form); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
			t.Errorf("the first one's refresh token: status %d, %v", status, answer)
		}
	})
	t.Run("stolen code", func(t *testing.T) {
		code, _ := acme.code(t, newWalker())
		if status, answer := acme.redeem(t, code, auth.RandomToken()); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
			t.Errorf("without the verifier: status %d, %v", status, answer)
		}
	})
	t.Run("callback in another browser", func(t *testing.T) {
		victim, thief := newWalker(), newWalker()
		var callback string
		victim.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/oauth/v1/code" {
				callback = r.URL.String()
				return http.ErrUseLastResponse
			}
			return nil
		}
		victim.get(t, acme.issuer+"/a/app-0")
		if page, at := thief.get(t, callback); !strings.Contains(page, "This sign-in has ended") || !referenceOnPage.MatchString(page) {
			t.Errorf("the thief is at %s:\n%s", at.Path, page)
		}
		thief.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if _, at := thief.get(t, acme.issuer+"/a/app-0"); at.Path != "/e/"+filepath.Base(acme.issuer)+"/a/app-0" {
			t.Errorf("the thief got to %s", at.Path)
		}
		victim.client.CheckRedirect = nil
		if _, at := victim.get(t, callback); at.Path != "/app/0" {
			t.Errorf("the browser that began it is at %s", at)
		}
	})
	// After all that the desktop signs in as ever.
	d := newDesk(t)
	w := newWalker()
	login := d.login(t, "acme", "--directory", c.origin, "--yes", "--print-url")
	page, at := w.get(t, login.address(t))
	page, at = w.submit(t, page, at, url.Values{"answer": {"yes"}})
	w.submit(t, page, at, nil)
	if r := login.ended(t); r.code != 0 {
		t.Errorf("login ended with %d: %s", r.code, r.err)
	}
}

var referenceOnPage = regexp.MustCompile(`Reference \d{4}-\d{4}`)
