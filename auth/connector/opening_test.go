package connector_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// tokenLink is an opening of two steps and a link.
func tokenLink(host string) connector.Opening {
	return connector.Opening{
		ID: "console", Vars: map[string]string{"region": "cn", "note": ""}, Secrets: []string{"api_key"},
		Steps: []connector.Step{
			{
				ID: "sts", Method: "POST", URL: host + "/sts",
				Form:    map[string]string{"token": "{id_token}", "role": "{assigned.Role-1}", "who": "{employee_no?}", "region": "{region}", "note": "{note?}"},
				Headers: map[string]string{"X-Key": "{api_key}"},
				Fail:    connector.Fail{Code: []string{"Code"}, Text: []string{"Message"}},
				Set:     map[string]connector.Paths{"st": {"Credentials.Token"}}, Require: []string{"st"},
			},
			{Method: "GET", URL: host + "/sign", Query: map[string]string{"t": "{st}"}, Fail: connector.Fail{Text: []string{"Message"}}, Set: map[string]connector.Paths{"ticket": {"Ticket"}}, Require: []string{"ticket"}},
		},
		Open: connector.Request{URL: host + "/in/{region}/{sub}?a=b", Params: []connector.Pair{{"ticket", "{ticket}"}, {"hint", "{email?}"}}},
	}
}

func TestOpening(t *testing.T) {
	mux := http.NewServeMux()
	vendor := httptest.NewServer(mux)
	defer vendor.Close()
	var form string
	fails := false
	mux.HandleFunc("POST /sts", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		form = r.PostForm.Encode() + " " + r.Header.Get("X-Key")
		_ = json.NewEncoder(w).Encode(map[string]any{"Credentials": map[string]string{"Token": "short-lived-token"}})
	})
	mux.HandleFunc("GET /sign", func(w http.ResponseWriter, r *http.Request) {
		if fails {
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]string{"Message": "no role for " + r.FormValue("t") + " and key-of-the-app"})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"Ticket": "//evil.example/?x=&y#z"})
	})
	o, err := connector.LoadOpening(tokenLink(vendor.URL))
	if err != nil {
		t.Fatal(err)
	}
	engine := &connector.Engine{HTTP: connector.NewHTTPClient(connector.Policy{Loopback: true})}
	run := connector.Run{
		Vars:    map[string]string{"sub": "../u1?", "name": "张三", "assigned.Role-1": "acs:ram::1:role/管理员"},
		Secrets: map[string]auth.Secret{"id_token": auth.NewSecret("the.id.token"), "api_key": auth.NewSecret("key-of-the-app")},
	}
	address, _, err := engine.Open(t.Context(), o, run)
	if want := vendor.URL + "/in/cn/..%2Fu1%3F?a=b&ticket=%2F%2Fevil.example%2F%3Fx%3D%26y%23z"; err != nil || address != want {
		t.Errorf("address = %q, %v; want %q", address, err, want)
	}
	if want := "region=cn&role=acs%3Aram%3A%3A1%3Arole%2F%E7%AE%A1%E7%90%86%E5%91%98&token=the.id.token key-of-the-app"; form != want {
		t.Errorf("form = %s, want %s", form, want)
	}

	fails = true
	_, stages, err := engine.Open(t.Context(), o, run)
	_, args := auth.FaultOf(err)
	if args["reason"] != "no role for •••• and ••••" || len(stages) != 2 {
		t.Errorf("reason = %q in %d stages, %v", args["reason"], len(stages), err)
	}
	for _, s := range stages {
		for _, secret := range []string{"short-lived-token", "key-of-the-app", "the.id.token"} {
			if strings.Contains(s.Request+s.Answer, secret) {
				t.Errorf("stage %s shows %s:\n%s\n%s", s.ID, secret, s.Request, s.Answer)
			}
		}
	}
	delete(run.Vars, "assigned.Role-1")
	if _, _, err := engine.Open(t.Context(), o, run); err == nil || !strings.Contains(err.Error(), "{assigned.Role-1} has no value") {
		t.Errorf("without an assignment: %v", err)
	}
}

func TestLoadOpeningRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*connector.Opening)
	}{
		{"no steps", "steps: is missing", func(o *connector.Opening) { o.Steps = nil }},
		{"host from a value", "open.url: no value of the sign-in may stand in the host", func(o *connector.Opening) { o.Open.URL = "https://{ticket}.example/" }},
		{"address from a value", "open.url: must start with https://", func(o *connector.Opening) { o.Open.URL = "{ticket}" }},
		{"scheme", "open.url: must be an https:// address", func(o *connector.Opening) { o.Open.URL = "javascript:alert(1)" }},
		{"step's host from a value", "steps.0.url: no value", func(o *connector.Opening) { o.Steps[0].URL = "https://{email}/" }},
		{"value of a later step", "steps.0.form.token: holds {ticket}", func(o *connector.Opening) { o.Steps[0].Form["token"] = "{ticket}" }},
		{"set replaces who it is", "steps.1.set.sub: has the name", func(o *connector.Opening) { o.Steps[1].Set["sub"] = connector.Paths{"x"} }},
		{"var replaces a value", "vars.id_token: has the name", func(o *connector.Opening) { o.Vars["id_token"] = "x" }},
		{"secret and var", "secrets.0: has a name that is in use", func(o *connector.Opening) { o.Vars["api_key"] = "x" }},
		{"empty var", "vars.region: must be filled in", func(o *connector.Opening) { o.Vars["region"] = "" }},
		{"var with braces", "vars.region: must be one line without braces", func(o *connector.Opening) { o.Vars["region"] = "{id_token}" }},
		{"strange name", `has the placeholder "{assigned.}"`, func(o *connector.Opening) { o.Open.Params[0][1] = "{assigned.}" }},
		{"parameter twice", "open.params.1: another parameter", func(o *connector.Opening) { o.Open.Params[1][0] = "ticket" }},
		{"method", "steps.0.method: must be GET or POST", func(o *connector.Opening) { o.Steps[0].Method = "DELETE" }},
		{"user in the address", "open.url: must name a host", func(o *connector.Opening) { o.Open.URL = "https://a:b@c.example/" }},
	} {
		o := tokenLink("https://vendor.example")
		c.change(&o)
		if _, err := connector.LoadOpening(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: err = %v, want %q", c.name, err, c.want)
		}
	}
}
