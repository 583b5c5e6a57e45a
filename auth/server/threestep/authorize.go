package threestep

import (
	"context"
	"errors"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// request is a verified authorize request.
type request struct {
	client          server.Client
	redirect, state string
}

// read verifies an authorize request. Whatever is wrong with it is for the person at the
// browser: an address that is not verified gets nothing.
func (p *Provider) read(ctx context.Context, enterprise, raw string) (request, error) {
	invalid := func(reason string) (request, error) {
		return request{}, auth.Fail(auth.RequestInvalid, auth.Args{"reason": reason}, nil)
	}
	v, err := parse(raw)
	if err != nil {
		return invalid(err.Error())
	}
	c, err := p.client(ctx, enterprise, v)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return invalid("the client is not registered")
	case err != nil:
		return request{}, err
	case !redirectAllowed(c, v.Get(param(c, paramRedirect))):
		if id := unregistered(c, v.Get(param(c, paramRedirect))); id != "" {
			return invalid("the app_id " + id + " is not registered")
		}
		return invalid("the redirect address is not registered")
	case v.Get(param(c, paramType)) != "code":
		return invalid(param(c, paramType) + " must be code")
	}
	return request{client: c, redirect: v.Get(param(c, paramRedirect)), state: v.Get(param(c, paramState))}, nil
}

// authorize is the first interface (授权页面): it sends the browser back with a code,
// where nobody is signed in by way of the enterprise's connector.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	q, err := p.read(r.Context(), id, r.URL.RawQuery)
	if err != nil {
		p.cfg.Fail(w, r, id, err)
		return
	}
	session, err := p.cfg.Gate.Session(r, id)
	due := false
	if err == nil && p.cfg.Prover != nil {
		due, err = p.cfg.Prover.Due(r.Context(), session)
	}
	if errors.Is(err, auth.ErrSignInRequired) || due {
		p.cfg.Gate.Begin(w, r, id, r.URL.Path+"?"+r.URL.RawQuery, server.BeginOptions{})
		return
	}
	var person server.Person
	if err == nil {
		person, err = p.cfg.People.Person(r.Context(), id, session.PersonID)
	}
	if err == nil {
		err = p.admit(r.Context(), q.client, person)
	}
	if err != nil {
		p.cfg.Fail(w, r, id, err)
		return
	}
	now := p.cfg.Base.Time()
	g := server.Grant{
		ID: server.NewID(now), EnterpriseID: id, ClientID: q.client.ID, PersonID: session.PersonID,
		SessionID: session.ID, AuthTime: session.AuthTime,
		RedirectURI: q.redirect, CodeExpires: now.Add(p.cfg.Base.Lifetimes.Code),
	}
	if err := p.cfg.Grants.SaveGrant(r.Context(), g); err != nil {
		p.cfg.Fail(w, r, id, err)
		return
	}
	code := p.cfg.Base.Sealer.Token(server.KindCode, id, server.TokenClaims{Grant: g.ID})
	p.log.DebugContext(r.Context(), "code issued", "enterprise", id, "client", q.client.ID, "person", session.PersonID)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", withAnswer(q.client, q.redirect, code, q.state))
	w.WriteHeader(http.StatusFound) // as the document shows; the request is always a GET
}
