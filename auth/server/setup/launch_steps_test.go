package setup

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// A blank of a preset may say something of each person, and what it makes of the steps
// runs.
func TestStepsPresetTakesClaims(t *testing.T) {
	preset, err := findAppPreset("aliyun-oidc")
	if err != nil {
		t.Fatal(err)
	}
	for _, vars := range []map[string]string{
		{"account_id": "1234567890123456"},
		{"account_id": "1234567890123456", "session_name": "{employee_no}", "role": "reader"},
	} {
		filled, err := fillApp(preset, vars)
		if err != nil {
			t.Fatal(err)
		}
		var bad faults
		checkLaunch("launch", filled.Spec, nil, &bad)
		if err := errors.Join(bad...); err != nil {
			t.Errorf("%v: %v", vars, err)
		}
		o, err := connector.LoadOpening(filled.Spec.Opening("cloud"))
		if err != nil || len(o.Steps) != 2 {
			t.Fatalf("%v: %v", vars, err)
		}
		want := map[bool]string{true: "{employee_no}", false: "{sub}"}[vars["role"] != ""]
		if got := o.Steps[0].Form["RoleSessionName"]; got != want {
			t.Errorf("%v: the session is called %q, want %q", vars, got, want)
		}
	}
}

// What is wrong with the server is not shown as something to mend in the form.
func TestFaultsOfAnApp(t *testing.T) {
	field := &connector.FieldError{Path: "apps.0.vars.url", Message: "must be filled in"}
	var got *connector.FieldError
	if err := ofApp(errors.Join(field)); !errors.As(err, &got) || got.Path != "vars.url" {
		t.Errorf("got %v", err)
	}
	for _, other := range []error{errors.New("disk full"), auth.Fail(auth.Internal, nil, errors.New("disk full"))} {
		if err := ofApp(other); !errors.Is(err, other) || errors.As(err, &got) {
			t.Errorf("%v became %v", other, err)
		}
	}
}

// What an assignment carries is asked for wherever in the steps it is used.
func TestAssignedNames(t *testing.T) {
	launch, err := json.Marshal(server.LaunchSpec{
		Kind: server.LaunchSteps, URL: "https://x.example/{assigned.place}",
		Steps: []connector.Step{{
			Method: "POST", URL: "https://x.example", Headers: map[string]string{"X-Role": "{assigned.role?}"},
			JSON: map[string]any{"a": map[string]any{"b": []any{"<{assigned.Team-1}>", "{assigned.role}", "{name}"}}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := assigned(launch); len(got) != 3 || !slices.Contains(got, "place") || !slices.Contains(got, "role") || !slices.Contains(got, "Team-1") {
		t.Errorf("got %q", got)
	}
}

func TestStepsAreChecked(t *testing.T) {
	for want, l := range map[string]server.LaunchSpec{
		"launch.url: must be an":       {URL: "https://{ticket}.example/"},
		"launch.params.0":              {URL: "https://x.example", Params: []connector.Pair{{"t", "{x y}"}}},
		"launch.steps.0.set.sub: has":  {URL: "https://x.example", Steps: []connector.Step{{Method: "GET", URL: "https://x.example", Set: map[string]connector.Paths{"sub": {"x"}}}}},
		"launch.steps.0.url: must be":  {URL: "https://x.example", Steps: []connector.Step{{Method: "GET", URL: "ftp://x.example"}}},
		"launch.vars.v: must be one":   {URL: "https://x.example/{v}", Vars: map[string]string{"v": "{id_token}"}},
		"launch.secrets.0: must be na": {URL: "https://x.example", Secrets: []string{"API-Key"}},
	} {
		l.Kind = server.LaunchSteps
		if l.Steps == nil {
			l.Steps = []connector.Step{{Method: "GET", URL: "https://x.example"}}
		}
		var bad faults
		checkLaunch("launch", l, nil, &bad)
		err := errors.Join(bad...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
}
