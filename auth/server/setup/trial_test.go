package setup_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// upstream is a company's sign-in with three interfaces.
func upstream(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v map[string]string) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("client_secret") != "upstream-secret" || r.PostFormValue("code") != "good-code" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant"})
			return
		}
		answer(w, map[string]string{"access_token": "upstream-token"})
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]string{"union_id": "u1", "user_name": "张三"})
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func TestConnectorInThreeStages(t *testing.T) {
	srv := upstream(t)
	f := newFixture(t, public, nil)
	file := mustFile(t, "https://sso.acme.com", srv.URL)
	c, err := connector.Load(*file.Connector.Document, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]auth.Secret{"client_secret": auth.NewSecret("upstream-secret")}
	redirect := public + "/c/c1/callback"
	trial, err := f.TestConnector(t.Context(), c, secrets, redirect)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(trial.URL)
	if err != nil || u.Path != "/authorize" || u.Query().Get("redirect_uri") != redirect {
		t.Fatalf("sign-in page %s, %v", trial.URL, err)
	}
	state := u.Query().Get("state")
	for _, row := range []struct {
		name   string
		query  url.Values
		fault  auth.Fault
		stages int
	}{
		{"good", url.Values{"code": {"good-code"}, "state": {state}}, "", 2},
		{"wrong code", url.Values{"code": {"bad-code"}, "state": {state}}, auth.ProviderFailed, 1},
		{"without state", url.Values{"code": {"good-code"}}, auth.FieldMissing, 0},
		{"another state", url.Values{"code": {"good-code"}, "state": {"00"}}, auth.FieldMissing, 0},
		{"refused", url.Values{"error": {"access_denied"}, "state": {state}}, auth.SignInDenied, 0},
	} {
		result, err := trial.Finish(t.Context(), row.query)
		if row.fault == "" && (err != nil || result.Subject != "u1" || result.Name != "张三") {
			t.Errorf("%s: %+v, %v", row.name, result, err)
		}
		if row.fault != "" && !errors.Is(err, row.fault) {
			t.Errorf("%s: %v, want %s", row.name, err, row.fault)
		}
		if len(result.Stages) != row.stages {
			t.Errorf("%s: %d stages, want %d", row.name, len(result.Stages), row.stages)
		}
		for _, stage := range result.Stages {
			for _, secret := range []string{"upstream-secret", "good-code", "upstream-token"} {
				if strings.Contains(stage.Request+stage.Answer, secret) {
					t.Errorf("%s: stage %s shows %q", row.name, stage.ID, secret)
				}
			}
		}
	}
	if len(f.m.enterprises)+len(f.m.connectors) != 0 {
		t.Error("a test left something behind")
	}
}
