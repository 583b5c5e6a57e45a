package sso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// touchEvery bounds how often a session's last look is written.
const touchEvery = 5 * time.Minute

// Session implements server.Gate.
func (s *SSO) Session(r *http.Request, enterprise string) (server.Session, error) {
	cookie, err := r.Cookie(s.sessionCookie(enterprise))
	if err != nil || cookie.Value == "" {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, nil)
	}
	now := s.cfg.Base.Time()
	session, err := s.cfg.Sessions.SessionByCookie(r.Context(), enterprise, server.Hash(cookie.Value), now)
	if errors.Is(err, auth.ErrNotFound) {
		return server.Session{}, auth.Fail(auth.SignInRequired, nil, err)
	}
	if err != nil {
		return server.Session{}, err
	}
	if now.Sub(session.LastSeen) > touchEvery {
		if err := s.cfg.Sessions.TouchSession(r.Context(), enterprise, session.ID, session.ProvenAt, now); err != nil {
			s.log.WarnContext(r.Context(), "session not touched", "enterprise", enterprise, "session", session.ID, "err", err)
		}
	}
	return session, nil
}

// Attach implements server.Gate.
func (s *SSO) Attach(w http.ResponseWriter, r *http.Request, session server.Session, cookie auth.Secret) {
	s.endOther(r, session)
	life := session.ExpiresAt.Sub(s.cfg.Base.Time())
	http.SetCookie(w, s.cookie(s.sessionCookie(session.EnterpriseID), cookie.Reveal(), max(life, time.Second)))
}

// endOther ends the session that the browser had before, if it is another person's:
// nobody could sign that person out here any more.
func (s *SSO) endOther(r *http.Request, next server.Session) {
	old, err := s.Session(r, next.EnterpriseID)
	if err != nil || old.PersonID == next.PersonID {
		return
	}
	if err := s.cfg.Sessions.EndSession(r.Context(), old.EnterpriseID, old.ID, s.cfg.Base.Time()); err != nil {
		s.log.WarnContext(r.Context(), "session not ended", "enterprise", old.EnterpriseID, "session", old.ID, "err", err)
	}
	if s.cfg.Replaced != nil {
		s.cfg.Replaced(r.Context(), old, next)
	}
}

// End implements server.Gate.
func (s *SSO) End(w http.ResponseWriter, r *http.Request, enterprise string) error {
	session, err := s.Session(r, enterprise)
	if err == nil {
		err = s.cfg.Sessions.EndSession(r.Context(), enterprise, session.ID, s.cfg.Base.Time())
	}
	if err != nil && !errors.Is(err, auth.ErrSignInRequired) {
		return fmt.Errorf("end session: %w", err)
	}
	http.SetCookie(w, s.cookie(s.sessionCookie(enterprise), "", 0))
	return nil
}

// signIn gives the browser a new session: a new cookie too, so that none that was
// planted before is worth anything.
func (s *SSO) signIn(w http.ResponseWriter, r *http.Request, a *attempt, who upstream) error {
	value := server.NewToken(s.cfg.Base.Time())
	session, err := s.admit(r.Context(), a, who, server.Session{
		CookieHash: server.Hash(value), Client: "browser", Device: server.DeviceName(server.SomeBrowser, r.UserAgent()),
	}, s.cfg.Base.Lifetimes.Session)
	if err != nil {
		return err
	}
	s.Attach(w, r, session, auth.NewSecret(value))
	return nil
}

// admit finds or makes the person, and saves a session of theirs that lives for life and
// the line of the log.
func (s *SSO) admit(ctx context.Context, a *attempt, who upstream, session server.Session, life time.Duration) (server.Session, error) {
	now := s.cfg.Base.Time()
	id := server.NewID(now)
	proved, err := who.provedAt(a, now)
	if err != nil {
		return session, err
	}
	known := server.Person{
		ID: id, EnterpriseID: a.enterprise.ID,
		Key:     personKey(a.enterprise.ID, who.connector, who.tenant, who.subject),
		Account: who.subject, Name: who.name, Email: who.email, EmailVerified: who.email != "", Avatar: who.avatar,
		Groups: who.groups, Authoritative: who.authoritative, CreatedAt: now, LastSeen: now,
	}
	if err := s.open(ctx, a, known); err != nil {
		return session, err // and nothing is kept of them
	}
	person, err := s.cfg.People.UpsertPerson(ctx, known)
	if err != nil {
		return session, err
	}
	a.person = person.ID
	if !person.EndedAt.IsZero() {
		a.ret = "" // trying again will not help
		return session, auth.Fail(auth.AccessEnded, nil, nil)
	}
	sealed, err := s.sealUpstream(person.ID, upstreamOf(who))
	if err != nil {
		return session, err
	}
	session.ID, session.EnterpriseID, session.PersonID = server.NewID(now), a.enterprise.ID, person.ID
	session.AuthTime, session.ProvenAt, session.Upstream = proved, now, sealed
	session.UpstreamSID = upstreamSID(who.connector, who.sid)
	session.CreatedAt, session.LastSeen, session.ExpiresAt = now, now, now.Add(life)
	others := person.ID != id // else the person is new here
	return session, s.cfg.Sessions.BeginSession(ctx, session, others, s.line(a, nil))
}

// open asks whether the enterprise lets this person sign in yet.
func (s *SSO) open(ctx context.Context, a *attempt, p server.Person) error {
	if s.cfg.Audiences == nil || !a.enterprise.Listed {
		return nil
	}
	admission, err := s.cfg.Audiences.Admission(ctx, p, "")
	if err != nil || admission.Allowed {
		return err
	}
	a.ret = "" // trying again will not help
	return auth.Fail(auth.SignInNotOpen, auth.Args{"account": p.Account}, fmt.Errorf("account %q is not on the list", p.Account))
}

// personKey names a person for ever: the hash of enterprise, connector, tenant and the
// upstream's subject, each with its length, so that no two of them can run together.
func personKey(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sessionCookie names the SSO cookie: one for each enterprise, and on https one that
// no other host and no plain connection can set (RFC 6265bis section 4.1.3.2).
func (s *SSO) sessionCookie(enterprise string) string {
	return s.prefix() + "lanyard-" + first(enterprise)
}

// flowCookie names the cookie of one trip.
func (s *SSO) flowCookie(stateHash string) string {
	return s.prefix() + "lanyard-flow-" + first(stateHash)
}

func (s *SSO) prefix() string {
	if s.cfg.Base.Secure() {
		return "__Host-"
	}
	return ""
}

func first(id string) string { return strings.ToLower(id[:min(12, len(id))]) }

// cookie makes a host-only cookie that scripts cannot read and that other sites' forms
// do not send; life 0 removes it.
func (s *SSO) cookie(name, value string, life time.Duration) *http.Cookie {
	age := int(life / time.Second)
	if life <= 0 {
		age = -1
	}
	return &http.Cookie{ //nolint:gosec // Secure follows the public address: plain http is for loopback
		Name: name, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.cfg.Base.Secure(), SameSite: http.SameSiteLaxMode,
	}
}

// record writes the line of a sign-in that did not work into the log.
func (s *SSO) record(ctx context.Context, a *attempt, err error) {
	if a.enterprise.ID == "" || a.reference == "" {
		return
	}
	if err := s.cfg.SignIns.RecordSignIn(ctx, s.line(a, err)); err != nil {
		s.log.WarnContext(ctx, "sign-in not recorded", "reference", a.reference, "err", err)
	}
}

// line is an attempt's line of the sign-in log; err is nil where it worked.
func (s *SSO) line(a *attempt, err error) server.SignIn {
	line := server.SignIn{
		Reference: a.reference, EnterpriseID: a.enterprise.ID, ConnectorID: a.connector,
		PersonID: a.person, AppID: wayTo(a.ret), Stage: a.stage, At: s.cfg.Base.Time(),
	}
	if err != nil {
		var args auth.Args
		line.Fault, args = auth.FaultOf(err)
		if stage := args["stage"]; stage != "" {
			line.Stage = stage
		}
		line.Detail = server.Detail(err)
	}
	return line
}

// wayTo returns the app or the client that a person was on the way to, as far as the
// path says that they go on to: an access link or an authorize request.
func wayTo(ret string) string {
	path, query, _ := strings.Cut(ret, "?")
	switch parts := strings.Split(path, "/"); {
	case len(parts) == 5 && parts[1] == "e" && parts[3] == "a":
		return parts[4]
	case len(parts) == 4 && parts[1] == "e" && parts[3] == "authorize":
		return valueOf(query, "client_id")
	}
	return ""
}

// valueOf returns the first value of a name in a query, "" if there is none: the rest of
// a long query need not be read for that.
func valueOf(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			value, _ = url.QueryUnescape(value)
			return value
		}
	}
	return ""
}
