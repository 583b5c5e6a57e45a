package broker

import (
	"net/http"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// authorize answers an authorize request: with a code where the browser is signed in
// and nothing more is asked, else by a trip through the enterprise's connector. For
// the desktop program a cookie alone never answers; the person does, on a page.
func (b *Broker) authorize(w http.ResponseWriter, r *http.Request) {
	e, ok := b.enterprise(w, r)
	if !ok {
		return
	}
	asked := r.URL.Path + "?"
	address, reason, refused := b.cfg.Base.CutRefused(asked + r.URL.RawQuery)
	q, ok := b.verified(w, r, e, strings.TrimPrefix(address, asked))
	if !ok {
		return
	}
	if refused {
		b.answerError(w, r, q, refuse(codeAccessDenied, describable(reason)))
		return
	}
	desktop := q.client.ID == server.DesktopClient
	if desktop && q.asks(promptNone) {
		b.answerError(w, r, q, refuse(codeInteractionRequired, ""))
		return
	}
	session, err := b.session(r, q.enterprise.ID)
	if err != nil && !isSignInRequired(err) {
		b.answerError(w, r, q, err)
		return
	}
	wanting := b.wanting(q, session, err == nil)
	switch {
	case wanting == noTrip && desktop:
		b.askConsent(w, r, q, session)
	case wanting == noTrip:
		b.issueCode(w, r, q, session)
	case q.asks(promptNone):
		b.answerError(w, r, q, refuse(codeLoginRequired, ""))
	case wanting == otherPerson:
		b.answerError(w, r, q, refuse(codeLoginRequired, "another person signed in"))
	default:
		b.cfg.Gate.Begin(w, r, q.enterprise.ID, b.mark(r, q), server.BeginOptions{
			LoginHint: q.loginHint, Fresh: wanting == freshTrip, MaxAge: max(q.maxAge, 0), TellAsker: true, Reference: q.reference, Locales: q.locales,
		})
	}
}

// justCame is how long nobody is sent to the company's page again, whatever the upstream
// and its settings say.
const justCame = time.Minute

// session returns the browser's session. One whose person is due at the company's page (see
// [server.Prover]) is as good as none.
func (b *Broker) session(r *http.Request, enterprise string) (server.Session, error) {
	s, err := b.cfg.Gate.Session(r, enterprise)
	if err != nil || b.cfg.Prover == nil || b.cfg.Base.Time().Sub(s.ProvenAt) < justCame {
		return s, err
	}
	due, err := b.cfg.Prover.Due(r.Context(), s)
	if err == nil && due {
		err = auth.Fail(auth.SignInRequired, nil, nil)
	}
	return s, err
}

// trip says what a request still wants of the upstream provider.
type trip int

const (
	noTrip      trip = iota
	plainTrip        // nobody is signed in
	freshTrip        // somebody is, but must prove it anew
	otherPerson      // a fresh sign-in brought somebody else than was asked for
)

func (b *Broker) wanting(q *request, s server.Session, signedIn bool) trip {
	anew := q.asks(promptLogin) || q.asks(promptSelect)
	atOnce := q.maxAge >= 0 && q.maxAge < time.Minute // some providers loop where so little is asked for
	if signedIn && !q.particular() {
		return noTrip
	}
	fresh := signedIn && b.fresh(q, s)
	switch {
	case !signedIn && (anew || atOnce):
		return freshTrip
	case !signedIn:
		return plainTrip
	case fresh && q.hinted != "" && q.hinted != s.PersonID:
		return otherPerson
	case fresh:
		return noTrip
	case anew,
		q.maxAge >= 0 && b.cfg.Base.Time().Sub(s.AuthTime) > q.maxAge,
		q.hinted != "" && q.hinted != s.PersonID:
		return freshTrip
	}
	return noTrip
}

// verified returns the request that raw is, or has answered.
func (b *Broker) verified(w http.ResponseWriter, r *http.Request, e server.Enterprise, raw string) (*request, bool) {
	q, err := b.read(r.Context(), e, raw)
	switch {
	case err == nil:
		return q, true
	case q.redirect == "":
		b.cfg.Fail(w, r, e.ID, err)
	default:
		b.answerError(w, r, q, err)
	}
	return nil, false
}

// issueCode answers with an authorization code, where the person may open the client's app.
func (b *Broker) issueCode(w http.ResponseWriter, r *http.Request, q *request, s server.Session) {
	if !b.admitted(w, r, q, s) {
		return
	}
	now := b.cfg.Base.Time()
	g := server.Grant{
		ID: server.NewID(now), EnterpriseID: q.enterprise.ID, ClientID: q.client.ID, PersonID: s.PersonID,
		SessionID: s.ID, Scope: q.scope, AuthTime: s.AuthTime,
		RedirectURI: q.redirect, Challenge: q.challenge, Nonce: q.nonce, CodeExpires: now.Add(b.cfg.Base.Lifetimes.Code),
	}
	if err := b.cfg.Grants.SaveGrant(r.Context(), g); err != nil {
		b.answerError(w, r, q, err)
		return
	}
	b.log.DebugContext(r.Context(), "code issued", "enterprise", q.enterprise.ID, "client", q.client.ID, "person", s.PersonID)
	b.answer(w, r, q, field{"code", b.code(g)})
}

// code returns the authorization code of a grant.
func (b *Broker) code(g server.Grant) string {
	return b.cfg.Base.Sealer.Token(server.KindCode, g.EnterpriseID, server.TokenClaims{Grant: g.ID})
}
