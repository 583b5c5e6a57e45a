package threestep

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// accessToken is the second interface (授权码接口): an access token for a code.
func (p *Provider) accessToken(w http.ResponseWriter, r *http.Request) {
	c, v, err := p.tokenRequest(w, r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	token, code, err := p.redeem(r.Context(), c, v)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.log.InfoContext(r.Context(), "token issued", "enterprise", c.EnterpriseID, "client", c.ID, "person", code.PersonID)
	if p.cfg.Back != nil {
		p.cfg.Back(r.Context(), c.EnterpriseID, code.PersonID, c.ID)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		answer(c, answerToken): token, "token_type": "Bearer", answer(c, answerExpires): int(TokenLife / time.Second),
	})
}

// tokenRequest reads a token request and the client that has shown itself by its secret.
// A POST brings its fields in the form alone: an address may hold fixed fields besides,
// but none of ours, least of all the secret.
func (p *Provider) tokenRequest(w http.ResponseWriter, r *http.Request) (server.Client, url.Values, error) {
	var none server.Client
	query, err := parse(r.URL.RawQuery)
	if err != nil {
		return none, nil, &Error{Code: invalidRequest, Description: err.Error()}
	}
	v := query
	if r.Method == http.MethodPost {
		if v, err = readForm(w, r); err != nil {
			return none, nil, &Error{Code: invalidRequest, Description: err.Error()}
		}
	}
	c, err := p.client(r.Context(), r.PathValue("id"), v)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return none, nil, unknownClient
	case err != nil:
		return none, nil, err
	case r.Method == http.MethodGet && !c.Three.Get:
		return none, nil, &Error{Code: invalidRequest, Description: "this client asks by POST", Status: http.StatusMethodNotAllowed}
	}
	if r.Method == http.MethodPost {
		for _, key := range allParams {
			if query.Has(param(c, key)) {
				return none, nil, &Error{Code: invalidRequest, Description: "a field of the form stands in the address"}
			}
		}
	}
	shown := v.Get(param(c, paramSecret))
	if shown == "" || c.SecretHash == "" || !auth.NewSecret(server.Hash(shown)).Equal(auth.NewSecret(c.SecretHash)) {
		return none, nil, unknownClient
	}
	if v.Get(param(c, paramGrant)) != "authorization_code" {
		return none, nil, &Error{Code: "unsupported_grant_type"}
	}
	return c, v, nil
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errors.New("the request is no form")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuery))
	if err != nil {
		return nil, errors.New("the form cannot be read")
	}
	return parse(string(body))
}

var sessionEnded = &Error{Code: invalidGrant, Description: "the session has ended"}

// redeem trades a code. It counts as used from here on, whatever else is wrong.
func (p *Provider) redeem(ctx context.Context, c server.Client, v url.Values) (string, server.Grant, error) {
	now := p.cfg.Base.Time()
	unknown := &Error{Code: invalidGrant, Description: "the code is unknown or has expired"}
	said, ok := p.cfg.Base.Sealer.ReadToken(server.KindCode, c.EnterpriseID, v.Get(param(c, paramCode)))
	if !ok {
		return "", server.Grant{}, unknown
	}
	g, err := p.cfg.Grants.Grant(ctx, c.EnterpriseID, said.Grant)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return "", g, unknown
	case err != nil:
		return "", g, err
	case !g.UsedAt.IsZero() && g.ClientID == c.ID:
		return "", g, p.usedCode(ctx, g)
	case !g.UsedAt.IsZero():
		return "", g, unknown
	case !g.CodeExpires.After(now):
		return "", g, unknown
	}
	g.UsedAt = now
	err = p.cfg.Grants.UseGrant(ctx, g, nil)
	used := errors.Is(err, auth.ErrConflict) // meanwhile, or it has ended
	switch {
	case err != nil && !used:
		return "", g, err
	case g.ClientID != c.ID:
		return "", g, &Error{Code: invalidGrant, Description: "the code is another client's"}
	case used:
		if _, err := p.cfg.Grants.HeldGrant(ctx, c.EnterpriseID, g.ID, now); errors.Is(err, auth.ErrNotFound) {
			return "", g, sessionEnded
		}
		return "", g, p.usedCode(ctx, g)
	}
	// The document sends no redirect_uri here; one that is sent has to be the same.
	if back := param(c, paramRedirect); v.Has(back) && v.Get(back) != g.RedirectURI {
		return "", g, &Error{Code: invalidGrant, Description: "the redirect address is another one"}
	}
	if _, err := p.cfg.Grants.HeldGrant(ctx, c.EnterpriseID, g.ID, now); err != nil {
		if errors.Is(err, auth.ErrNotFound) {
			err = sessionEnded
		}
		return "", g, err
	}
	return p.cfg.Base.NewAccessToken(g, server.AudienceThree, TokenLife), g, nil
}

// usedCode refuses a code that comes a second time and ends what it gave: one of the two
// uses is a thief's, and nobody knows which (RFC 6749 section 4.1.2).
func (p *Provider) usedCode(ctx context.Context, g server.Grant) error {
	p.log.WarnContext(ctx, "code used again", "enterprise", g.EnterpriseID, "client", g.ClientID, "person", g.PersonID)
	if err := p.cfg.Grants.EndGrant(ctx, g.EnterpriseID, g.ID, p.cfg.Base.Time()); err != nil {
		return err
	}
	return &Error{Code: invalidGrant, Description: "the code was used before"}
}
