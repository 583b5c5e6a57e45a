package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
)

// FuzzRequest: whatever comes, nothing is answered but what names an app and one of
// its own addresses.
func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	w.app(acme, "wiki", wiki())
	w.app(acme, "signs", func() server.SAML {
		sp := signingWiki()
		sp.EntityID = "https://signs.example/sp"
		return sp
	}())
	a := w.ask()
	f.Add(a.xml(), "")
	f.Add(a.xml(), "r")
	a.attrs, a.inside = ` ForceAuthn="1" IsPassive="0"`, `<samlp:NameIDPolicy Format="x"/>`
	f.Add(a.xml(), "r")
	a.issuer = "https://signs.example/sp"
	f.Add(a.xml(), "")
	f.Add(`<!DOCTYPE a><a/>`, "")
	f.Fuzz(func(t *testing.T, text, relay string) {
		for _, r := range []*http.Request{
			httptest.NewRequest(http.MethodPost, "/e/"+acme+"/saml/sso", strings.NewReader(url.Values{
				"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(text))}, "RelayState": {relay},
			}.Encode())),
			httptest.NewRequest(http.MethodGet, "/e/"+acme+"/saml/sso?"+byRedirect(text, relay, nil), nil),
		} {
			r.Header.Set("Content-Type", servertest.FormType)
			rec := httptest.NewRecorder()
			w.Mux.ServeHTTP(rec, r)
			switch body := rec.Body.String(); {
			case strings.Contains(body, "<form"):
				if p := form(t, page{Status: rec.Code, Body: body}); !strings.HasPrefix(p.to, "https://wiki.example/acs") || len(p.response.Assertions) > 0 {
					t.Errorf("posted to %s: %s", p.to, p.raw)
				}
			case rec.Code == http.StatusSeeOther:
				if !strings.Contains(text, wikiEntity) {
					t.Errorf("taken: %s", text)
				}
			case !strings.HasPrefix(body, "page: request_invalid") && !strings.HasPrefix(body, "page: sign_in_stale"):
				t.Errorf("%d %s", rec.Code, body)
			}
		}
	})
}
