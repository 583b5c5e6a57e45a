package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
)

// FuzzCallback feeds the callback anything: it never gives two results, never accepts
// another state or issuer, and never accepts what a strict second reader would not.
func FuzzCallback(f *testing.F) {
	const state = "aaaabbbbccccdddd"
	for _, query := range []string{
		"", "state=" + state + "&code=x", "state=" + state + "&error=access_denied&error_description=no",
		"state=" + state + "&state=y&code=x", "state=" + state + "&code=x&iss=https%3A%2F%2Fsso.example",
		"state=%61aaabbbbccccdddd&code=x", "code=x;state=" + state, "state=&code=x", "%zz", "state=" + state,
	} {
		for _, issuer := range []string{"", "https://sso.example"} {
			f.Add("GET", "", query, issuer)
			f.Add("POST", "application/x-www-form-urlencoded", query, issuer)
		}
	}
	f.Fuzz(func(t *testing.T, method, kind, payload, issuer string) {
		r := httptest.NewRequest(http.MethodGet, "/callback", strings.NewReader(payload))
		if r.Method = method; method == http.MethodGet {
			r.URL.RawQuery = payload
		}
		r.Header.Set("Content-Type", kind)
		q, ok := parameters(httptest.NewRecorder(), r)
		if !ok {
			return
		}
		verdict, a := judge(q, auth.NewSecret(state), issuer)
		if got, _ := judge(q, auth.Secret{}, issuer); got != junk {
			t.Fatalf("an empty state was accepted: %v", q)
		}
		if verdict != ours {
			if !a.code.IsZero() || a.err != nil {
				t.Fatalf("verdict %d gives a result", verdict)
			}
			return
		}
		if a.code.IsZero() == (a.err == nil) {
			t.Fatalf("code and error at once, or neither: %v", q)
		}
		again, err := url.ParseQuery(payload)
		if err != nil || len(again["state"]) != 1 || again["state"][0] != state {
			t.Fatalf("a state that is not ours was accepted: %q", payload)
		}
		if issuer != "" && (len(again["iss"]) != 1 || again["iss"][0] != issuer) {
			t.Fatalf("another issuer was accepted: %q", payload)
		}
		if method != http.MethodGet && method != http.MethodPost {
			t.Fatalf("method %q was accepted", method)
		}
	})
}
