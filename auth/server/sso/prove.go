package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

const (
	// askingTakes bounds a question to the upstream: a desktop waits for it.
	askingTakes = 5 * time.Second
	// defaultReverify holds where a connector says nothing.
	defaultReverify = 7 * 24 * time.Hour
	// stageRecheck is the stage of the sign-in log where a leaver is found.
	stageRecheck = "recheck"
)

// upstreamValues are what a session keeps of the upstream, sealed for the person: what
// asking it again needs.
type upstreamValues struct {
	Connector string            `json:"connector"`
	Place     string            `json:"place,omitempty"` // see loaded.place
	Values    map[string]string `json:"values"`
	// Silent is when the upstream first failed to answer since its last word.
	Silent time.Time `json:"silent,omitzero"`
	// Again says that the upstream wants to see the person before it answers again.
	Again bool `json:"again,omitempty"`
}

func upstreamOf(who upstream) upstreamValues {
	values := map[string]string{"sub": who.subject, "tenant": who.tenant}
	for name, secret := range map[string]auth.Secret{"refresh_token": who.tokens.Refresh, "id_token": who.tokens.ID} {
		if !secret.IsZero() {
			values[name] = secret.Reveal()
		}
	}
	for name, secret := range who.kept {
		values[name] = secret.Reveal()
	}
	return upstreamValues{Connector: who.connector, Place: who.place, Values: values}
}

// place names who knows a person of this connector: the provider, and the company there.
// A connector that is changed in place to another one's keeps its id, and whoever is asked
// about people of another place would say that they have left.
func (c loaded) place() string {
	at := ""
	switch {
	case c.doc.OIDC != nil:
		at = c.doc.OIDC.Issuer
	case c.doc.Authorize != nil:
		at = c.doc.Authorize.URL
	}
	return server.Hash(fmt.Sprintf("%s %s %q", c.doc.ID, at, c.doc.Expect))
}

func (s *SSO) sealUpstream(person string, u upstreamValues) ([]byte, error) {
	plain, err := json.Marshal(u)
	if err != nil {
		return nil, fmt.Errorf("encode upstream values: %w", err)
	}
	return s.cfg.Base.Sealer.Seal(plain, "upstream "+person), nil
}

// openUpstream returns what a session keeps of the upstream and the connector that it is
// for; where there is nothing, the enterprise's present one.
func (s *SSO) openUpstream(ctx context.Context, session server.Session) (u upstreamValues, c loaded, err error) {
	if len(session.Upstream) > 0 {
		plain, err := s.cfg.Base.Sealer.Open(session.Upstream, "upstream "+session.PersonID)
		if err != nil {
			return u, c, fmt.Errorf("open upstream values: %w", err)
		}
		if err := json.Unmarshal(plain, &u); err != nil {
			return u, c, errors.New("read upstream values: not as they were sealed")
		}
	}
	row, err := s.cfg.Connectors.ActiveConnector(ctx, session.EnterpriseID)
	if err == nil && u.Connector != "" && row.ID != u.Connector {
		// The company signs in another way by now; the old way is still the one to ask.
		if old, missing := s.cfg.Connectors.Connector(ctx, u.Connector); missing == nil && old.EnterpriseID == session.EnterpriseID {
			row = old
		}
	}
	if err != nil {
		return u, c, err
	}
	c, err = s.load(row)
	return u, c, err
}

// canAsk reports whether the upstream can be asked about the person.
func (u upstreamValues) canAsk(c loaded) bool {
	switch {
	case u.Again || u.Connector != c.ID || u.Place != "" && u.Place != c.place():
		return false
	case c.doc.Kind == connector.KindOIDC:
		return u.Values["refresh_token"] != ""
	}
	return c.doc.CanProve(secretsOf(u.Values))
}

func secretsOf(values map[string]string) map[string]auth.Secret {
	out := make(map[string]auth.Secret, len(values))
	for name, value := range values {
		out[name] = auth.NewSecret(value)
	}
	return out
}

// Prove implements server.Prover.
func (s *SSO) Prove(ctx context.Context, session server.Session) error {
	now := s.cfg.Base.Time()
	if now.Sub(session.ProvenAt) < s.cfg.Base.Lifetimes.UpstreamProof {
		return nil
	}
	if !s.asked.begin(session.PersonID) {
		return nil // another device of the same person asks
	}
	defer s.asked.end(session.PersonID)
	// Read again: whoever asked until now may have had an answer, and a refresh token of
	// the upstream's that rotates is worth nothing the second time.
	session, err := s.cfg.Sessions.Session(ctx, session.EnterpriseID, session.ID, now)
	if err != nil || now.Sub(session.ProvenAt) < s.cfg.Base.Lifetimes.UpstreamProof {
		return err
	}
	u, c, err := s.openUpstream(ctx, session)
	if errors.Is(err, auth.ErrNotFound) {
		return nil // no connector at all: nobody to ask
	}
	if err != nil || !u.canAsk(c) {
		return err
	}
	// An answer that has rotated a token must be kept, even if the desktop hangs up.
	ctx = context.WithoutCancel(ctx)
	asking, cancel := context.WithTimeout(ctx, askingTakes)
	kept, answer := s.ask(asking, c, u)
	cancel()
	for name, secret := range kept {
		u.Values[name] = secret.Reveal()
	}
	return s.note(ctx, session, c, u, answer)
}

// ask asks the upstream and returns what to keep from now on.
func (s *SSO) ask(ctx context.Context, c loaded, u upstreamValues) (map[string]auth.Secret, error) {
	if c.doc.Kind == connector.KindSteps {
		secrets := secretsOf(u.Values)
		maps.Copy(secrets, c.secrets)
		return s.cfg.Engine.Prove(ctx, c.doc, connector.Run{Secrets: secrets, Unseen: true})
	}
	p, err := s.providers.of(ctx, c)
	if err != nil {
		return nil, err
	}
	old := auth.TokenSet{Refresh: auth.NewSecret(u.Values["refresh_token"]), ID: auth.NewSecret(u.Values["id_token"])}
	tokens, err := p.Refresh(ctx, old, auth.Identity{Issuer: u.Values["tenant"], Subject: u.Values["sub"]})
	if err != nil {
		return nil, err
	}
	return map[string]auth.Secret{"refresh_token": tokens.Refresh, "id_token": tokens.ID}, nil
}

// note acts on the upstream's answer.
func (s *SSO) note(ctx context.Context, session server.Session, c loaded, u upstreamValues, answer error) error {
	now := s.cfg.Base.Time()
	log := s.log.With("enterprise", session.EnterpriseID, "person", session.PersonID, "connector", c.ID)
	proven := time.Time{}
	var outcome error
	switch {
	case answer == nil:
		proven, u.Silent = now, time.Time{}
	case errors.Is(answer, auth.AccessEnded):
		log.InfoContext(ctx, "person has left", "err", answer)
		s.record(ctx, &attempt{
			reference: auth.NewTrace(), enterprise: server.Enterprise{Enterprise: auth.Enterprise{ID: session.EnterpriseID}},
			connector: c.ID, person: session.PersonID, stage: stageRecheck,
		}, answer)
		if err := s.cfg.People.LeavePerson(ctx, session.EnterpriseID, session.PersonID, now); err != nil {
			return err
		}
		return auth.Fail(auth.AccessEnded, nil, answer)
	case errors.Is(answer, auth.ErrOffline), errors.Is(answer, context.DeadlineExceeded):
		if u.Silent.IsZero() {
			u.Silent = now
		}
		log.WarnContext(ctx, "upstream not asked", "silent", now.Sub(u.Silent), "err", answer)
		if now.Sub(u.Silent) > s.cfg.Base.Lifetimes.UpstreamGrace {
			outcome = auth.Fail(auth.ProviderUnreachable, nil, answer)
		}
	default:
		// It answered, and not about the person: they come by the company's page soon.
		u.Again = errors.Is(answer, auth.ErrSignInRequired)
		log.WarnContext(ctx, "upstream did not say whether the person belongs", "err", answer)
	}
	sealed, err := s.sealUpstream(session.PersonID, u)
	if err == nil {
		err = s.cfg.Sessions.ProveSessions(ctx, session.EnterpriseID, session.PersonID, proven, sealed)
	}
	return errors.Join(outcome, err)
}

// Due implements server.Prover.
func (s *SSO) Due(ctx context.Context, session server.Session) (bool, error) {
	age := s.cfg.Base.Time().Sub(session.ProvenAt)
	u, c, err := s.openUpstream(ctx, session)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case u.Again:
		return true, nil
	case !u.Silent.IsZero():
		return s.cfg.Base.Time().Sub(u.Silent) > s.cfg.Base.Lifetimes.UpstreamGrace, nil
	case u.canAsk(c):
		return age > s.cfg.Base.Lifetimes.UpstreamGrace, nil
	}
	limit := defaultReverify
	if c.doc.Reverify != "" {
		if limit, err = connector.ReverifyAfter(c.doc.Reverify); err != nil {
			return false, err
		}
	}
	return limit > 0 && age > limit, nil
}

// asked is who the upstream is being asked about.
type asked struct {
	mu     sync.Mutex
	people map[string]bool
}

// begin reports whether nobody asks about the person yet.
func (a *asked) begin(person string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.people[person] {
		return false
	}
	if a.people == nil {
		a.people = map[string]bool{}
	}
	a.people[person] = true
	return true
}

func (a *asked) end(person string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.people, person)
}
