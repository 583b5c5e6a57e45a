package sso

import (
	"net/http"
	"net/url"

	"lanyard/auth/server"
)

// switchPath is what the page about somebody who was not let in leads to: the same
// sign-in with another account.
const switchPath = "/e/{enterprise}/switch"

// switchURL is switchPath for an enterprise and the address that the sign-in was for.
func switchURL(enterprise, ret string) string {
	return "/e/" + url.PathEscape(enterprise) + "/switch?" + url.Values{"to": {ret}}.Encode()
}

// switchAccount sends the browser to the provider to ask the person anew, whoever is
// signed in there.
func (s *SSO) switchAccount(w http.ResponseWriter, r *http.Request) {
	s.Begin(w, r, r.PathValue("enterprise"), r.URL.Query().Get("to"), server.BeginOptions{Fresh: true})
}
