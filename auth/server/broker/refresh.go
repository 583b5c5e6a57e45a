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
// successor was used is stolen or copied, and its family ends (RFC 9700 section 4.14).
func (b *Broker) refresh(ctx context.Context, enterprise string, c server.Client, form url.Values) (tokens, error) {
	value := form.Get("refresh_token")
	token, err := b.cfg.Grants.RefreshToken(ctx, enterprise, server.Hash(value))
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return tokens{}, &Error{Code: codeInvalidGrant, Description: "the refresh token is unknown", cause: err}
	case err != nil:
		return tokens{}, err
	case token.ClientID != c.ID:
		return tokens{}, refuse(codeInvalidGrant, "the refresh token is another client's")
	}
	session, err := b.standing(ctx, token.Grant)
	if err != nil {
		return tokens{}, err
	}
	now := b.cfg.Base.Time()
	if !token.ExpiresAt.After(now) {
		return tokens{}, refuse(codeInvalidGrant, "the refresh token has expired")
	}
	if err := b.prove(ctx, session); err != nil {
		return tokens{}, err
	}
	grant := token.Grant
	if asked := form.Get("scope"); asked != "" {
		if grant.Scope, err = narrower(grant.Scope, asked); err != nil {
			return tokens{}, err
		}
	}
	if token.Successor != "" {
		return b.repeat(ctx, c, token, grant, value)
	}

	next := server.NewToken(now)
	sealed, err := server.SealUnder(value, []byte(next), token.Family)
	if err != nil {
		return tokens{}, err
	}
	expires := now.Add(b.cfg.Base.Lifetimes.RefreshToken)
	if c.ID != server.DesktopClient {
		expires = earlier(session.ExpiresAt, expires)
	} else if err := b.prolong(ctx, session, expires); err != nil {
		return tokens{}, err
	}
	access, record := b.access(grant, token.Family)
	token, err = b.cfg.Grants.Rotate(ctx, token, server.RefreshToken{
		Hash: server.Hash(next), Grant: token.Grant, Family: token.Family, CreatedAt: now, ExpiresAt: expires,
	}, sealed, server.Issue{Access: record}, now)
	switch {
	case errors.Is(err, auth.ErrConflict): // another request was faster; both get its answer
		return b.repeat(ctx, c, token, grant, value)
	case errors.Is(err, auth.ErrNotFound):
		return tokens{}, &Error{Code: codeInvalidGrant, Description: "the refresh token was revoked", cause: err}
	case err != nil:
		return tokens{}, err
	}
	b.log.DebugContext(ctx, "tokens refreshed", "enterprise", enterprise, "client", c.ID, "person", grant.PersonID)
	answer, err := b.answerTokens(ctx, c, grant, "", access, next)
	answer.NewDevice = b.noticeOf(session)
	return answer, err
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

// repeat answers a token that was rotated before with the successor that it got, as
// long as nobody has used that one.
func (b *Broker) repeat(ctx context.Context, c server.Client, token server.RefreshToken, g server.Grant, value string) (tokens, error) {
	successor, err := b.cfg.Grants.RefreshToken(ctx, token.EnterpriseID, token.Successor)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return tokens{}, err
	}
	if err != nil || !successor.UsedAt.IsZero() {
		b.log.WarnContext(ctx, "refresh token used again", "enterprise", token.EnterpriseID, "client", token.ClientID, "person", token.PersonID)
		if err := b.endFamily(ctx, token.Grant, token.Family); err != nil {
			return tokens{}, err
		}
		return tokens{}, refuse(codeInvalidGrant, "the refresh token was used before")
	}
	next, err := server.OpenUnder(value, token.SealedSuccessor, token.Family)
	if err != nil {
		return tokens{}, err
	}
	access, record := b.access(g, token.Family)
	if err := b.cfg.Grants.SaveTokens(ctx, server.Issue{Access: record}); err != nil {
		return tokens{}, err
	}
	return b.answerTokens(ctx, c, g, "", access, string(next))
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
