package saml

import (
	"context"
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
// the browser comes back for that, by GET, to [Provider.proceed].
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return // somebody's preview; the one answer is not for it
	}
	e, ok := p.enterprise(w, r)
	if !ok {
		return
	}
	in, err := receive(w, r)
	if err != nil {
		p.refused(w, r, e.ID, err)
		return
	}
	q, err := p.read(r.Context(), e.ID, in)
	if err != nil {
		p.refused(w, r, e.ID, err)
		return
	}
	if q.status != nil {
		p.decline(w, r, q, *q.status)
		return
	}
	if err := p.comeBack(w, e.ID, "continue", q); err != nil {
		p.fail(w, r, e.ID, err)
	}
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
	q, err := p.pending(r.Context(), e.ID, strings.TrimPrefix(address, asked+"request="))
	if err != nil {
		p.fail(w, r, e.ID, err)
		return
	}
	if declined {
		p.decline(w, r, q, status{crewjam.StatusResponder, crewjam.StatusAuthnFailed})
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
		p.decline(w, r, q, status{crewjam.StatusResponder, statusNoPassive})
	case trip:
		p.cfg.Gate.Begin(w, r, e.ID, address, server.BeginOptions{Fresh: fresh, TellAsker: true})
	default:
		p.grant(w, r, q, session)
	}
}

// pending opens what serve has sealed. The app's settings may have changed meanwhile.
func (p *Provider) pending(ctx context.Context, enterprise, sealed string) (*request, error) {
	q := &request{}
	if err := p.reopen(enterprise, "continue", sealed, q); err != nil {
		return nil, err
	}
	if now := p.cfg.Base.Time(); now.After(q.At.Add(p.cfg.Base.Lifetimes.Flow + pendingGrace)) {
		return nil, auth.Fail(auth.SignInStale, nil, nil)
	}
	from, err := p.registered(ctx, enterprise, q.App, q.Entity)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(from.sp.ACS, q.ACS) {
		return nil, errChanged
	}
	q.sender = from
	return q, nil
}

// grant posts the assertion that was asked for.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request, q *request, s server.Session) {
	sp := q.sp
	if q.Format != "" && sp.NameID == "" && sp.NameFormat == "" {
		sp.NameFormat = q.Format
	}
	a := answer{app: q.app, sp: sp, session: s, acs: q.ACS, request: q.ID, context: q.Context, wanted: q.Subject}
	err := p.post(w, r, a, q.Relay)
	switch fault, _ := auth.FaultOf(err); {
	case errors.Is(err, errOther):
		p.decline(w, r, q, status{crewjam.StatusResponder, statusUnknownPrincipal})
	case q.Passive && (fault == auth.AppNotYours || fault == auth.AppValueMissing):
		p.decline(w, r, q, status{crewjam.StatusResponder, statusRequestDenied}) // no page of ours may be seen
	case err != nil:
		p.fail(w, r, q.app.EnterpriseID, err)
	}
}

// decline posts why there is no assertion.
func (p *Provider) decline(w http.ResponseWriter, r *http.Request, q *request, why status) {
	enterprise := q.app.EnterpriseID
	a := answer{app: q.app, sp: q.sp, acs: q.ACS, request: q.ID}
	err := p.once(r.Context(), a)
	var keys []*signingKey
	if err == nil {
		keys, err = p.keys.of(r.Context(), enterprise)
	}
	var message []byte
	if err == nil {
		message, err = p.response(a, nil, why.code(), keys[0], p.cfg.Base.Time())
	}
	if err == nil {
		p.log.InfoContext(r.Context(), "SAML request declined", "enterprise", enterprise, "app", q.app.ID, "status", why.detail)
		err = p.send(w, r, a, message, q.Relay)
	}
	if err != nil {
		p.fail(w, r, enterprise, err)
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
