package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Activates implements server.Activator.
func (w *world) Activates(_ context.Context, appID string) (bool, error) { return appID == "AK1", nil }

// Activate implements server.Activator: one code is good, for whoever is set.
func (w *world) Activate(_ context.Context, appID, _ string, code auth.Secret) (server.Session, error) {
	switch {
	case appID != "AK1":
		return server.Session{}, auth.Fail(auth.CodeUnknown, nil, nil)
	case code.Reveal() != "program's code":
		return server.Session{}, auth.Fail(auth.ProviderFailed, nil, nil)
	}
	s := server.Session{
		ID: auth.RandomID(), EnterpriseID: acme, PersonID: w.activates, Client: server.DesktopClient,
		AuthTime: w.Now(), ProvenAt: w.Now(), CreatedAt: w.Now(), LastSeen: w.Now(), ExpiresAt: w.Now().Add(10 * time.Minute),
	}
	return s, w.Store.SaveSession(context.Background(), s)
}

// activate posts as an agent does and returns the answer.
func (w *world) activate(kind string, body map[string]string) (status int, answer map[string]any) {
	w.T.Helper()
	data, err := json.Marshal(body)
	must(w.T, err)
	res, err := http.Post(w.URL+"/oauth/v1/activate", kind, strings.NewReader(string(data)))
	must(w.T, err)
	defer res.Body.Close()
	must(w.T, json.NewDecoder(res.Body).Decode(&answer))
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Access-Control-Allow-Origin") != "" {
		w.T.Errorf("header %v", res.Header)
	}
	return res.StatusCode, answer
}

func TestActivation(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	w.activates = zhang.ID
	status, answer := w.activate("application/json", map[string]string{"app_id": "AK1", "code": "program's code", "code_challenge": challenge})
	if status != http.StatusOK || answer["enterprise"] != "acme" || answer["code"] == "" {
		t.Fatalf("status %d, %v", status, answer)
	}
	code, _ := answer["code"].(string)
	redemption := func(verifier string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"lanyard"}, "code_verifier": {verifier}}
	}
	got := w.token(redemption(verifier))
	c := got.claims(t)
	if c["sub"] != zhang.ID || c["nonce"] != challenge || c["aud"] != "lanyard" || got.Refresh == "" {
		t.Errorf("claims %v", c)
	}
	w.Advance(time.Hour) // the tokens hang on a session of their own
	if again := w.token(renew(got.Refresh)); again.Access == "" {
		t.Errorf("refresh: %+v", again)
	}
	w.token(redemption(verifier)).want(t, "replayed", "invalid_grant")

	// Stolen on its way, the code is worth nothing without the verifier, nor to an app.
	_, answer = w.activate("application/json", map[string]string{"app_id": "AK1", "code": "program's code", "code_challenge": challenge})
	code, _ = answer["code"].(string)
	w.token(redemption(strings.Repeat("x", 43))).want(t, "without the verifier", "invalid_grant")
}

func TestActivationRefuses(t *testing.T) {
	w := newWorld(t)
	w.activates = w.person(acme, "张三").ID
	good := map[string]string{"app_id": "AK1", "code": "program's code", "code_challenge": challenge}
	for _, row := range []struct {
		what, kind, name, value string
		status                  int
		description             string
	}{
		{"form of another site", "text/plain", "", "", 400, "send application/json"},
		{"no type", "", "", "", 400, "send application/json"},
		{"unknown APPID", "application/json", "app_id", "AK2", 404, "code_unknown"},
		{"no APPID", "application/json", "app_id", "", 400, ""},
		{"no code", "application/json", "code", "", 400, ""},
		{"wrong code", "application/json", "code", "a browser's code", 400, "provider_failed"},
		{"no challenge", "application/json", "code_challenge", "", 400, ""},
		{"challenge that is none", "application/json", "code_challenge", strings.Repeat("ü", 43), 400, ""},
	} {
		body := map[string]string{}
		for name, value := range good {
			body[name] = value
		}
		if row.name != "" {
			body[row.name] = row.value
		}
		status, answer := w.activate(row.kind, body)
		if description, _ := answer["error_description"].(string); status != row.status || row.description != "" && description != row.description || answer["code"] != nil {
			t.Errorf("%s: status %d, %v", row.what, status, answer)
		}
	}
	for appID, want := range map[string]int{"AK1": http.StatusOK, "AK2": http.StatusNotFound, "": http.StatusNotFound} {
		if p := w.browser().Get(w.URL + "/oauth/v1/activate?app_id=" + appID); p.Status != want {
			t.Errorf("offered for %q: status %d", appID, p.Status)
		}
	}
}

// Whoever tries codes or APPIDs is soon not asked any more, from one address or from
// many; a company's own people never are in the way.
func TestActivationIsNotForGuessing(t *testing.T) {
	w := newWorld(t)
	w.activates = w.person(acme, "张三").ID
	good := map[string]string{"app_id": "AK1", "code": "program's code", "code_challenge": challenge}
	try := func(address, appID, code string) int {
		t.Helper()
		data, err := json.Marshal(map[string]string{"app_id": appID, "code": code, "code_challenge": challenge})
		must(t, err)
		r := httptest.NewRequest(http.MethodPost, "/oauth/v1/activate", strings.NewReader(string(data)))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = net.JoinHostPort(address, "1")
		answer := httptest.NewRecorder()
		w.Mux.ServeHTTP(answer, r)
		return answer.Code
	}
	for i := range 100 {
		if status := try("192.0.2.7", "AK1", good["code"]); status != http.StatusOK {
			t.Fatalf("activation %d from one address: status %d", i, status)
		}
	}
	for i := range 30 {
		if status := try("192.0.2.7", "AK2", "x"); status != http.StatusNotFound {
			t.Fatalf("guess %d: status %d", i, status)
		}
	}
	for what, status := range map[string]int{"APPID": try("192.0.2.7", "AK2", "x"), "code": try("192.0.2.7", "AK1", "x")} {
		if status != http.StatusTooManyRequests {
			t.Errorf("one more %s: status %d", what, status)
		}
	}
	if status := try("192.0.2.8", "AK1", good["code"]); status != http.StatusOK {
		t.Errorf("somebody else: status %d", status)
	}
	// From many addresses: the company's sign-in is spared.
	for i := range 300 {
		if status := try(fmt.Sprintf("2001:db8:%x::1", i), "AK1", "x"); status != http.StatusBadRequest {
			t.Fatalf("refusal %d: status %d", i, status)
		}
	}
	if status := try("2001:db8:ffff::1", "AK1", "x"); status != http.StatusTooManyRequests {
		t.Errorf("from yet another network: status %d", status)
	}
	if status := try("2001:db8:ffff::1", "AK3", "x"); status != http.StatusNotFound {
		t.Errorf("another APPID: status %d", status)
	}
	w.Advance(time.Minute)
	if status := try("192.0.2.7", "AK1", good["code"]); status != http.StatusOK {
		t.Errorf("a minute later: status %d", status)
	}
}
