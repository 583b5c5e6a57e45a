package saml

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	crewjam "github.com/crewjam/saml"

	"lanyard/auth"
	"lanyard/auth/server"
)

// pendingGrace is how long a request may wait beside the trip to the company's page.
const pendingGrace = 10 * time.Minute

// serve takes a request of a service provider, by either binding. It looks at no cookie:
// a POST from another site has none. What it has verified is sealed into the address at
// which the browser comes back by GET, [Provider.proceed].
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	in, err := receive(w, r, "SAMLRequest")
	if err != nil {
		p.refused(w, r, e.ID, &refusal{"unreadable", err})
		return
	}
	if len(in.relayState) > maxRelayState {
		p.refused(w, r, e.ID, refuse("unreadable", "RelayState has %d bytes", len(in.relayState)))
		return
	}
	q, app, sp, err := p.read(r.Context(), e.ID, in)
	if err != nil {
		p.refused(w, r, e.ID, err)
		return
	}
	if q.status != nil {
		p.decline(w, r, q, app, sp, *q.status)
		return
	}
	sealed, err := json.Marshal(q)
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	seeOther(w, "/e/"+e.ID+"/saml/continue?request="+
		base64.RawURLEncoding.EncodeToString(p.cfg.Base.Sealer.Seal(sealed, "saml request "+e.ID)))
}

// refused tells the person at the browser why a request cannot be answered: who sent it
// is not known well enough to be told.
func (p *Provider) refused(w http.ResponseWriter, r *http.Request, enterprise string, err error) {
	var why *refusal
	if !errors.As(err, &why) {
		p.fail(w, r, enterprise, err)
		return
	}
	reason := p.cfg.Text(p.lang(r), "saml.reason."+why.key)
	p.fail(w, r, enterprise, auth.Fail(auth.RequestInvalid, auth.Args{"reason": reason}, err))
}

// proceed answers a request that serve has verified: with an assertion where the browser
// is signed in, else by a trip to the company's page and back here.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return // somebody's preview; the one answer is not for it
	}
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	asked := r.URL.Path + "?"
	address, _, declined := p.cfg.Base.CutRefused(asked + r.URL.RawQuery)
	q, app, sp, err := p.pending(r.Context(), e.ID, strings.TrimPrefix(address, asked))
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	if declined {
		p.decline(w, r, q, app, sp, status{crewjam.StatusResponder, crewjam.StatusAuthnFailed})
		return
	}
	session, err := p.cfg.Gate.Session(r, e.ID)
	if err != nil && !errors.Is(err, auth.ErrSignInRequired) {
		p.fail(w, r, e.ID, err)
		return
	}
	fresh := q.Fresh && (err != nil || session.AuthTime.Before(q.At))
	trip := err != nil || fresh
	if !trip && p.cfg.Prover != nil {
		if trip, err = p.cfg.Prover.Due(r.Context(), session); err != nil {
			p.fail(w, r, e.ID, err)
			return
		}
	}
	switch {
	case trip && q.Passive:
		p.decline(w, r, q, app, sp, status{crewjam.StatusResponder, statusNoPassive})
	case trip:
		p.cfg.Gate.Begin(w, r, e.ID, address, server.BeginOptions{Fresh: fresh, Refused: address})
	default:
		p.grant(w, r, q, app, sp, session)
	}
}

// pending opens what serve has sealed. The app's settings may have changed meanwhile.
func (p *Provider) pending(ctx context.Context, enterprise, query string) (*request, server.App, server.SAML, error) {
	q := &request{}
	sealed, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(query, "request="))
	if err == nil {
		sealed, err = p.cfg.Base.Sealer.Open(sealed, "saml request "+enterprise)
	}
	if err == nil {
		err = json.Unmarshal(sealed, q)
	}
	if err != nil {
		return nil, server.App{}, server.SAML{}, auth.Fail(auth.SignInStale, nil, err)
	}
	if now := p.cfg.Base.Time(); now.After(q.At.Add(p.cfg.Base.Lifetimes.Flow + pendingGrace)) {
		return nil, server.App{}, server.SAML{}, auth.Fail(auth.SignInStale, nil, nil)
	}
	app, err := p.cfg.Catalogue.App(ctx, enterprise, q.App)
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.AppUnknown, nil, err)
	}
	if err != nil {
		return nil, app, server.SAML{}, err
	}
	sp, err := specOf(app)
	if err != nil {
		return nil, app, sp, err
	}
	if sp.EntityID != q.Entity || !slices.Contains(sp.ACS, q.ACS) {
		return nil, app, sp, auth.Fail(auth.SignInStale, nil, errors.New("the app's settings have changed"))
	}
	return q, app, sp, nil
}

// grant posts the assertion that was asked for.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request, q *request, app server.App, sp server.SAML, s server.Session) {
	if q.Format != "" && sp.NameID == "" && sp.NameFormat == "" {
		sp.NameFormat = q.Format
	}
	a := answer{app: app, sp: sp, session: s, acs: q.ACS, request: q.ID, context: q.Context, wanted: q.Subject}
	err := p.post(w, r, a, q.Relay)
	if errors.Is(err, errOther) {
		p.decline(w, r, q, app, sp, status{crewjam.StatusResponder, statusUnknownPrincipal})
		return
	}
	if err != nil {
		p.fail(w, r, app.EnterpriseID, err)
	}
}

// decline posts why there is no assertion.
func (p *Provider) decline(w http.ResponseWriter, r *http.Request, q *request, app server.App, sp server.SAML, why status) {
	a := answer{app: app, sp: sp, acs: q.ACS, request: q.ID}
	err := p.once(r.Context(), a)
	var keys []*signingKey
	if err == nil {
		keys, err = p.keys.of(r.Context(), app.EnterpriseID)
	}
	var message []byte
	if err == nil {
		message, err = p.response(a, nil, why.code(), keys[0], p.cfg.Base.Time())
	}
	if err == nil {
		p.log.InfoContext(r.Context(), "SAML request declined", "enterprise", app.EnterpriseID, "app", app.ID, "status", why.detail)
		err = p.send(w, r, a, message, q.Relay)
	}
	if err != nil {
		p.fail(w, r, app.EnterpriseID, err)
	}
}

// once notes that a request has its answer. A second one is the fault SignInStale.
func (p *Provider) once(ctx context.Context, a answer) error {
	if a.request == "" {
		return nil
	}
	now := p.cfg.Base.Time()
	label := fmt.Sprintf("saml answered\n%s\n%d\n%s\n%s", a.app.EnterpriseID, len(a.sp.EntityID), a.sp.EntityID, a.request)
	err := p.cfg.Flows.SaveFlow(ctx, server.Flow{
		Hash: server.Hash(p.cfg.Base.Sealer.Derive(label)), EnterpriseID: a.app.EnterpriseID, ConnectorID: "saml",
		CreatedAt: now, ExpiresAt: now.Add(p.cfg.Base.Lifetimes.Flow + pendingGrace + requestLife + requestAhead),
	})
	if errors.Is(err, auth.ErrConflict) {
		return auth.Fail(auth.SignInStale, nil, err)
	}
	return err
}
