package connector_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// TestHiddenInEveryPlace: a secret shows nowhere, in whatever encoding its place wants,
// not even where the vendor cannot be reached.
func TestHiddenInEveryPlace(t *testing.T) {
	const token = "a/b+c=d e?f"
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) { reply(w, doc{"you_sent": r.URL.String()}) })
	c := loaded(t, base, connector.Connector{Steps: []connector.Step{{Method: "GET", URL: base, Set: paths{"sub": {"sub"}}}}})
	for _, at := range []string{base, "http://127.0.0.1:1"} {
		step := connector.Step{
			Method: "POST", URL: at + "/p/{access_token}/q?t={access_token}", Query: texts{"u": "{access_token}"},
			Form: texts{"v": "x{access_token}"}, Headers: texts{"X-V": "{access_token}"}, OK: &connector.Match{Path: "none", In: []string{"0"}},
			Fail: connector.Fail{Text: []string{"you_sent"}},
		}
		_, stages, err := engine.Run(t.Context(), c, []connector.Step{step}, secrets(texts{"access_token": token}))
		if err == nil || len(stages) != 1 {
			t.Fatalf("%d stages, %v", len(stages), err)
		}
		_, args := auth.FaultOf(err)
		shown := fmt.Sprint(stages[0].Request, stages[0].Answer, err, args)
		for _, written := range []string{token, url.PathEscape(token), url.QueryEscape(token), strings.ReplaceAll(url.QueryEscape(token), "+", "%20")} {
			if strings.Contains(shown, written) {
				t.Errorf("%q shows in\n%s", written, shown)
			}
		}
	}
}
