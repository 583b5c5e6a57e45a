package broker

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// refresh answers a refresh token with a new one. The old one stays valid until the
// new one is first used, and answers the same new one however often it comes: an
// answer that got lost costs nobody the sign-in. A token that comes after its
// successor was used is stolen or copied, and its grant ends (RFC 9700 section 4.14).
func (b *Broker) refresh(ctx context.Context, enterprise string, c server.Client, form url.Values) (tokens, error) {
	said, ok := b.cfg.Base.Sealer.ReadToken(server.KindRefresh, enterprise, form.Get("refresh_token"))
	if !ok {
		return tokens{}, refuse(codeInvalidGrant, "the refresh token is unknown")
	}
	g, err := b.held(ctx, enterprise, said.Grant)
	if g.ID != "" && g.ClientID != c.ID {
		return tokens{}, refuse(codeInvalidGrant, "the refresh token is another client's")
	}
	if err != nil {
		return tokens{}, err
	}
	now := b.cfg.Base.Time()
	if !g.RefreshExpires.After(now) {
		return tokens{}, refuse(codeInvalidGrant, "the refresh token has expired")
	}
	if said.Generation < g.Generation-1 {
		return tokens{}, b.reused(ctx, g.Grant)
	}
	if err := b.prove(ctx, g.Session); err != nil {
		return tokens{}, err
	}
	if asked := form.Get("scope"); asked != "" {
		if g.Scope, err = narrower(g.Scope, asked); err != nil {
			return tokens{}, err
		}
	}
	// Else the answer to its first use got lost; or, after a power cut or from a backup, the
	// database lags behind, and gives the present one again.
	if said.Generation == g.Generation {
		if err := b.rotate(ctx, c, &g, now); err != nil {
			return tokens{}, err
		}
		b.log.DebugContext(ctx, "tokens refreshed", "enterprise", enterprise, "client", c.ID, "person", g.PersonID)
	}
	answer, err := b.answerTokens(ctx, c, g.Grant, g.Person, "")
	answer.NewDevice = b.noticeOf(g.Session)
	return answer, err
}

// rotate moves the grant to its next refresh token.
func (b *Broker) rotate(ctx context.Context, c server.Client, g *server.HeldGrant, now time.Time) error {
	expires := now.Add(b.cfg.Base.Lifetimes.RefreshToken)
	if c.ID != server.DesktopClient {
		expires = earlier(g.Session.ExpiresAt, expires)
	} else if err := b.prolong(ctx, g.Session, expires); err != nil {
		return err
	}
	err := b.cfg.Grants.RefreshGrant(ctx, g.EnterpriseID, g.ID, g.Generation, expires)
	if err == nil {
		g.Generation++
		return nil
	}
	if !errors.Is(err, auth.ErrConflict) {
		return err
	}
	// Another request was faster, and both get its answer; or the grant has just ended.
	again, err := b.held(ctx, g.EnterpriseID, g.ID)
	switch {
	case err != nil:
		return err
	case again.Generation != g.Generation+1:
		return b.reused(ctx, again.Grant)
	}
	g.Generation = again.Generation
	return nil
}

// reused refuses a refresh token whose successor was used, and ends what it belongs to.
func (b *Broker) reused(ctx context.Context, g server.Grant) error {
	b.log.WarnContext(ctx, "refresh token used again", "enterprise", g.EnterpriseID, "client", g.ClientID, "person", g.PersonID)
	if err := b.endGrant(ctx, g); err != nil {
		return err
	}
	return refuse(codeInvalidGrant, "the refresh token was used before")
}

// prove lets nobody go on who does not belong any more. While the upstream's silence is
// not tolerated any longer the client is told to come again, which signs nobody out.
func (b *Broker) prove(ctx context.Context, s server.Session) error {
	if b.cfg.Prover == nil {
		return nil
	}
	err := b.cfg.Prover.Prove(ctx, s)
	switch {
	case errors.Is(err, auth.AccessEnded):
		return &Error{Code: codeInvalidGrant, Description: accessEnded, cause: err}
	case errors.Is(err, auth.ErrNotFound):
		return &Error{Code: codeInvalidGrant, Description: "the session has ended", cause: err}
	case errors.Is(err, auth.ErrOffline):
		return &Error{Code: codeUnavailable, Status: http.StatusServiceUnavailable, cause: err}
	}
	return err
}

// prolong keeps a desktop's session at least as long as its refresh token. It moves the
// end in steps of a thirtieth of that life, because a refresh is frequent and a write dear.
func (b *Broker) prolong(ctx context.Context, s server.Session, until time.Time) error {
	if !s.ExpiresAt.Before(until) {
		return nil
	}
	step := b.cfg.Base.Lifetimes.RefreshToken / 30
	err := b.cfg.Sessions.ExtendSession(ctx, s.EnterpriseID, s.ID, until.Add(step), b.cfg.Base.Time())
	if errors.Is(err, auth.ErrNotFound) {
		return refuse(codeInvalidGrant, "the session has ended")
	}
	return err
}

// narrower returns the part of a granted scope that is asked for (RFC 6749 section 6).
func narrower(granted, asked string) (string, error) {
	for _, word := range strings.Fields(asked) {
		if !hasScope(granted, word) {
			return "", refuse(codeInvalidScope, "scope is wider than what was granted")
		}
	}
	scope := grantedScope(asked)
	if !hasScope(scope, "openid") {
		return "", refuse(codeInvalidScope, "scope must contain openid")
	}
	return scope, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
