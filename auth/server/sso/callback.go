package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
)

// maxForm bounds the body of a posted callback.
const maxForm = 32 << 10

// callbackByPost takes a provider's form_post. It comes from another site, so that the
// browser sends no cookie of ours with it: it is answered with the GET form, which the
// browser then asks for by itself.
func (s *SSO) callbackByPost(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.failed(w, r, &attempt{stage: stageCallback}, stale(err))
		return
	}
	// r.Form holds the address's query too: the shared callback has one.
	seeOther(w, r.URL.Path+"?"+r.Form.Encode())
}

// callback takes the browser back from the provider.
func (s *SSO) callback(w http.ResponseWriter, r *http.Request) {
	a := attempt{stage: stageCallback}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.failed(w, r, &a, stale(err))
		return
	}
	c, q, err := s.arrive(w, r, &a, query)
	if errors.Is(err, errChanged) && !a.second {
		a.second = true
		s.begin(w, r, &a, a.enterprise.ID, server.BeginOptions{Fresh: a.fresh, MaxAge: a.maxAge, Reference: a.reference, TellAsker: a.asker != ""})
		return
	}
	if err != nil {
		s.failed(w, r, &a, err)
		return
	}
	a.stage = stageToken
	who, err := s.exchange(r.Context(), c, q, query)
	if err != nil {
		s.failed(w, r, &a, err)
		return
	}
	a.stage = stagePerson
	if err := s.signIn(w, r, &a, who); err != nil {
		s.failed(w, r, &a, err)
		return
	}
	s.log.InfoContext(r.Context(), "signed in", "enterprise", a.enterprise.ID, "person", a.person, "reference", a.reference)
	seeOther(w, a.ret)
}

// errChanged is a connector that is another one than when the sign-in began. Its code is
// for the other; the person is sent to the present one instead, which is no more than a
// moment's detour.
var errChanged = errors.New("connector has changed since")

// arrive takes the flow that the callback belongs to: once, in the browser that began
// it, for the connector that it was meant for. Anything else is "start again" and never
// a session.
func (s *SSO) arrive(w http.ResponseWriter, r *http.Request, a *attempt, query url.Values) (loaded, openid.Request, error) {
	ctx := r.Context()
	c, err := s.answering(ctx, r, query)
	if err != nil {
		return c, openid.Request{}, err
	}
	if a.enterprise, err = s.cfg.Enterprises.Enterprise(ctx, c.EnterpriseID); err != nil {
		return c, openid.Request{}, noEnterprise(err)
	}
	state := c.doc.ReadCallback(query).State
	hash := server.Hash(state)
	cookie, err := r.Cookie(s.flowCookie(hash))
	if err != nil {
		// Not taken: the browser that began it may still come.
		return c, openid.Request{}, stale(errors.New("no flow cookie"))
	}
	flow, err := s.cfg.Flows.TakeFlow(ctx, hash)
	if errors.Is(err, auth.ErrNotFound) {
		return c, openid.Request{}, stale(err)
	}
	if err != nil {
		return c, openid.Request{}, err
	}
	http.SetCookie(w, s.cookie(cookie.Name, "", 0))
	a.reference, a.connector = flow.Reference, flow.ConnectorID
	switch {
	case !auth.NewSecret(server.Hash(cookie.Value)).Equal(auth.NewSecret(flow.CookieHash)):
		return c, openid.Request{}, stale(errors.New("flow cookie is another browser's"))
	case flow.ConnectorID != c.ID || flow.EnterpriseID != c.EnterpriseID:
		return c, openid.Request{}, stale(errors.New("answer came from another connector"))
	case !flow.ExpiresAt.After(s.cfg.Base.Time()):
		return c, openid.Request{}, stale(errors.New("flow has expired"))
	case !localPath(flow.Return):
		return c, openid.Request{}, stale(errors.New("return address is not a path at this server"))
	}
	a.ret = flow.Return // from here on it is this browser's own, and worth a second try
	t, err := s.openTrip(flow)
	a.fresh, a.maxAge, a.second, a.begun = t.Fresh, t.MaxAge, t.Second, flow.CreatedAt
	if t.TellAsker {
		a.asker = a.ret
	}
	if err == nil && t.Edition != edition(c.Connector) {
		err = stale(errChanged)
	}
	return c, openid.Request{
		State: auth.NewSecret(state), Nonce: auth.NewSecret(t.Nonce),
		Verifier: auth.NewSecret(t.Verifier), RedirectURI: t.RedirectURI,
	}, err
}

// answering returns the connector that the callback's address names, opened; its
// address must be the one that this connector uses.
func (s *SSO) answering(ctx context.Context, r *http.Request, query url.Values) (loaded, error) {
	var row server.Connector
	var err error
	switch id := r.PathValue("connector"); {
	case id != "":
		row, err = s.cfg.Connectors.Connector(ctx, id)
	case len(query["app_id"]) == 1:
		row, err = s.cfg.Connectors.ConnectorByAppID(ctx, query.Get("app_id"))
	default:
		return loaded{}, stale(errors.New("callback names no connector"))
	}
	if errors.Is(err, auth.ErrNotFound) {
		err = stale(err)
	}
	if err != nil {
		return loaded{}, err
	}
	c, err := s.load(row)
	if err == nil && c.callbackPath() != r.URL.Path {
		err = stale(errors.New("callback is not this connector's"))
	}
	return c, err
}

// openTrip unseals what the flow kept.
func (s *SSO) openTrip(flow server.Flow) (trip, error) {
	plain, err := s.cfg.Base.Sealer.Open(flow.Sealed, "flow "+flow.Hash)
	if err != nil {
		return trip{}, fmt.Errorf("open flow: %w", err)
	}
	var t trip
	if err := json.Unmarshal(plain, &t); err != nil {
		return trip{}, fmt.Errorf("read flow: %w", err)
	}
	return t, nil
}

// upstream is who the provider says has signed in.
type upstream struct {
	connector     string
	place         string // see loaded.place
	tenant        string
	subject       string
	name          string
	email         string // verified
	avatar        string
	groups        []string
	authoritative map[string]string
	tokens        auth.TokenSet
	kept          map[string]auth.Secret
	sid           string // the provider's own name of the session; may be empty
	authTime      time.Time
}

// clocks is how far a provider's clock may be behind ours.
const clocks = time.Minute

// provedAt is when the person last proved who they are, as far as the provider says: now,
// unless it let them in by an older proof. Who was to prove it anew then comes to nothing.
func (who upstream) provedAt(a *attempt, now time.Time) (time.Time, error) {
	switch {
	case who.authTime.IsZero() || a.begun.IsZero() || !who.authTime.Before(a.begun.Add(-clocks)):
		return now, nil
	case a.fresh:
		return now, auth.Fail(auth.TokenInvalid, auth.Args{"check": "auth_time"}, errors.New("provider did not ask the person again"))
	}
	return who.authTime, nil
}

// exchange redeems what the browser brought.
func (s *SSO) exchange(ctx context.Context, c loaded, q openid.Request, query url.Values) (upstream, error) {
	answer := c.doc.ReadCallback(query)
	if c.doc.Kind == connector.KindOIDC {
		return s.exchangeOIDC(ctx, c, q, query, answer)
	}
	if err := answer.Err(); err != nil {
		return upstream{}, err
	}
	result, err := s.cfg.Engine.Exchange(ctx, c.doc, s.run(c, q), answer.Code)
	if err != nil {
		return upstream{}, err
	}
	return upstreamBy(c, result), nil
}

func upstreamBy(c loaded, result *connector.Result) upstream {
	return upstream{
		connector: c.ID, place: c.place(), tenant: result.Tenant, subject: result.Subject, name: result.Name,
		email: result.Email, avatar: result.Avatar, groups: result.Groups,
		authoritative: result.Authoritative, tokens: result.Tokens, kept: result.Kept,
	}
}

func (s *SSO) exchangeOIDC(ctx context.Context, c loaded, q openid.Request, query url.Values, answer connector.CallbackResult) (upstream, error) {
	p, err := s.providers.of(ctx, c)
	if err != nil {
		return upstream{}, err
	}
	// RFC 9207 section 2.4: before anything else in the answer is believed.
	if iss, there := query["iss"]; (there || p.IssParameter) && (len(iss) != 1 || iss[0] != p.Issuer) {
		return upstream{}, auth.Fail(auth.TokenInvalid, auth.Args{"check": "iss"}, errors.New("answer is from another issuer"))
	}
	if err := answer.Err(); err != nil {
		return upstream{}, err
	}
	result, err := p.Redeem(ctx, q, answer.Code)
	if err != nil {
		return upstream{}, err
	}
	id := result.Identity
	return upstream{
		connector: c.ID, place: c.place(), tenant: id.Issuer, subject: id.Subject, name: id.Name, email: id.Email, avatar: id.Avatar,
		groups: result.Groups, authoritative: result.Authoritative, tokens: result.Tokens, sid: result.SessionID,
		authTime: result.AuthTime,
	}, nil
}

// stale is the outcome of every callback that is not the live trip of this browser.
func stale(cause error) error { return auth.Fail(auth.FlowStale, nil, cause) }
