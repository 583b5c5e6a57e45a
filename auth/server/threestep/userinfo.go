package threestep

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"lanyard/auth"
	"lanyard/auth/server"
)

// userInfo is the third interface (授权令牌接口): whose access token it is. The token
// stands in the query because the interface says so.
//
// The user ID is a name that the application trusts, and matches against accounts that it
// may have from elsewhere. So it is the company's own ID of the person where the
// connector marks its "sub" as authoritative, else our random one, which nobody else has
// and which stays when the connector changes. Marking it later changes every user ID.
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	v, err := parse(r.URL.RawQuery)
	if err != nil {
		p.refuse(w, r, &Error{Code: invalidRequest, Description: err.Error()})
		return
	}
	c, token, err := p.token(r.Context(), id, v)
	person := token.Person
	if err == nil {
		err = p.admit(r.Context(), c, person)
	}
	switch {
	case errors.Is(err, auth.ErrNotFound):
		err = badToken
	case errors.Is(err, auth.AppNotYours):
		err = &Error{Code: "access_denied", Status: http.StatusForbidden}
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	shown := map[string]any{
		answer(c, answerID):   cmp.Or(person.Authoritative["sub"], person.ID),
		answer(c, answerName): person.Name,
	}
	if person.Avatar != "" {
		shown[answer(c, answerAvatar)] = person.Avatar
	}
	if person.EmailVerified && person.Email != "" {
		shown[answer(c, answerEmail)] = person.Email
	}
	writeJSON(w, http.StatusOK, shown)
}

// token returns the token of a request and its client. Only the clients know what the
// field is called, so the request is held against the names of all.
func (p *Provider) token(ctx context.Context, enterprise string, v url.Values) (server.Client, server.AccessToken, error) {
	clients, err := p.clients(ctx, enterprise)
	if err != nil {
		return server.Client{}, server.AccessToken{}, err
	}
	asked := map[string]server.AccessToken{}
	for _, c := range clients {
		name := param(c, paramToken)
		if v.Get(name) == "" {
			continue
		}
		t, ok := asked[name]
		if !ok {
			t, err = p.cfg.Base.ReadAccessToken(ctx, p.cfg.Grants, enterprise, v.Get(name))
			if err != nil && !errors.Is(err, auth.ErrNotFound) {
				return c, t, err
			}
			asked[name] = t
		}
		if t.ClientID == c.ID && t.Audience == server.AudienceThree {
			return c, t, nil
		}
	}
	return server.Client{}, server.AccessToken{}, badToken
}
