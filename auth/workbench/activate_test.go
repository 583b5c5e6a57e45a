package workbench_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/workbench"
)

func TestActivation(t *testing.T) {
	const code = "canary-program-code"
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   auth.Fault
	}{
		"good":             {answer(200, `{"code":"c1","enterprise":"acme"}`), ""},
		"no code":          {answer(200, `{"enterprise":"acme"}`), auth.AnswerNotData},
		"no enterprise":    {answer(200, `{"code":"c1"}`), auth.AnswerNotData},
		"a page":           {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, auth.AnswerNotData},
		"refused upstream": {answer(400, `{"error":"invalid_grant","error_description":"provider_failed"}`), auth.ProviderFailed},
		"a leaver":         {answer(400, `{"error":"invalid_grant","error_description":"access_ended"}`), auth.AccessEnded},
		"words of its own": {answer(400, `{"error":"invalid_grant","error_description":"keyring_locked"}`), auth.ProviderFailed},
		"unknown APPID":    {answer(404, `{}`), auth.CodeUnknown},
		"upstream is down": {answer(503, `{"error":"temporarily_unavailable"}`), auth.ProviderUnreachable},
		"too many of them": {answer(429, `{}`), auth.ProviderUnreachable},
		"redirect to a thief": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, auth.ProviderFailed},
	} {
		t.Run(name, func(t *testing.T) {
			var sent map[string]string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/oauth/v1/activate" || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				_ = json.NewDecoder(r.Body).Decode(&sent)
				row.answer(w, r)
			}))
			t.Cleanup(srv.Close)
			client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			got, err := workbench.Activate(t.Context(), client, srv.URL, "AK1", auth.NewSecret(code), "challenge")
			if fault, _ := auth.FaultOf(err); row.want != "" && fault != row.want || (row.want == "") != (err == nil) {
				t.Fatalf("%v, want %s", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), code) {
				t.Errorf("the error holds the code: %v", err)
			}
			if err == nil && (got.Code.Reveal() != "c1" || got.Enterprise != "acme") {
				t.Errorf("got %+v", got)
			}
			if sent["app_id"] != "AK1" || sent["code"] != code || sent["code_challenge"] != "challenge" || len(sent) != 3 {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func TestActivates(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("app_id") {
		case "AK1&x":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		case "portal":
			_, _ = w.Write([]byte("<html>"))
		case "down":
			w.WriteHeader(http.StatusBadGateway)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(srv.Close)
	client := &http.Client{Timeout: 5 * time.Second}
	for appID, want := range map[string]struct {
		takes bool
		err   error
	}{
		"AK1&x": {true, nil}, "AK2": {false, nil}, "portal": {false, auth.AnswerNotData}, "down": {false, auth.ErrOffline},
	} {
		takes, err := workbench.Activates(t.Context(), client, srv.URL, appID)
		if takes != want.takes || !errors.Is(err, want.err) {
			t.Errorf("%s: %v, %v", appID, takes, err)
		}
	}
}
