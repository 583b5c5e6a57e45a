package broker

import (
	"errors"
	"net/http"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// userinfo answers who the access token's person is (OpenID Connect Core section 5.3).
// Both audiences open it.
func (b *Broker) userinfo(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("enterprise")
	token, err := b.bearer(r, id)
	if err != nil {
		b.writeError(w, r, id, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Subject string `json:"sub"`
		profile
	}{token.PersonID, profileOf(token.Person, token.Scope)})
}

// Bearer implements server.Bearer.
func (b *Broker) Bearer(w http.ResponseWriter, r *http.Request, enterprise, audience string) (server.AccessToken, bool) {
	token, err := b.bearer(r, enterprise)
	if err == nil && token.Audience != audience {
		err = badToken(errors.New("another audience"))
	}
	if err != nil {
		b.writeError(w, r, enterprise, err)
		return server.AccessToken{}, false
	}
	return token, true
}

// bearer returns the grant of the request's access token, which is accepted in the
// Authorization header only: in a query or form it would end in logs.
func (b *Broker) bearer(r *http.Request, enterprise string) (server.AccessToken, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return server.AccessToken{}, badToken(errors.New("several authorizations"))
	}
	scheme, value, _ := strings.Cut(strings.Join(headers, ""), " ")
	if !strings.EqualFold(scheme, "Bearer") || value == "" {
		return server.AccessToken{}, &Error{Code: codeNone, Status: http.StatusUnauthorized, cause: errors.New("no bearer token")}
	}
	token, err := b.cfg.Base.ReadAccessToken(r.Context(), b.cfg.Grants, enterprise, value)
	if errors.Is(err, auth.ErrNotFound) {
		err = badToken(err)
	}
	if err == nil && token.Audience == server.AudienceThree {
		err = badToken(errors.New("a token of the three interfaces"))
	}
	return token, err
}

func badToken(cause error) error {
	return &Error{Code: codeInvalidToken, Status: http.StatusUnauthorized, cause: cause}
}
