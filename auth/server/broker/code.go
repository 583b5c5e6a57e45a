package broker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// redeem answers an authorization code. The code counts as used from here on,
// whatever is wrong with the rest of the request.
func (b *Broker) redeem(r *http.Request, enterprise string, c server.Client, form url.Values) (tokens, error) {
	ctx, now := r.Context(), b.cfg.Base.Time()
	claims, ok := b.cfg.Base.Sealer.ReadToken(server.KindCode, enterprise, form.Get("code"))
	if !ok {
		return tokens{}, refuse(codeInvalidGrant, unknownCode)
	}
	g, err := b.held(ctx, enterprise, claims.Grant)
	misfit := fits(c, g.Grant, form)
	switch {
	case !g.UsedAt.IsZero() && misfit != nil:
		// An old code stands in many a log: without its verifier it ends nothing.
		return tokens{}, refuse(codeInvalidGrant, unknownCode)
	case !g.UsedAt.IsZero():
		return tokens{}, b.usedCode(ctx, g.Grant)
	case err != nil:
		return tokens{}, err
	case !g.CodeExpires.After(now):
		return tokens{}, refuse(codeInvalidGrant, unknownCode)
	}
	if misfit != nil {
		g.UsedAt = now
		if err = b.cfg.Grants.UseGrant(ctx, g.Grant, nil); err == nil || errors.Is(err, auth.ErrConflict) {
			err = misfit
		}
		return tokens{}, err
	}
	answer, err := b.issue(r, c, g, server.DeviceName("Lanyard", r.UserAgent()), b.cfg.Grants.UseGrant)
	if errors.Is(err, auth.ErrConflict) {
		// It was used meanwhile, or it has ended.
		if again, why := b.held(ctx, enterprise, g.ID); why != nil && again.UsedAt.IsZero() {
			return tokens{}, why
		}
		err = b.usedCode(ctx, g.Grant)
	}
	return answer, err
}

const unknownCode = "the code is unknown or has expired"

// fits reports what in a token request is not as the code was asked for.
func fits(c server.Client, g server.Grant, form url.Values) error {
	switch {
	case g.ClientID != c.ID:
		return refuse(codeInvalidGrant, "the code is another client's")
	case g.RedirectURI != form.Get("redirect_uri"):
		return refuse(codeInvalidGrant, "redirect_uri is not the authorize request's")
	case !verifies(form.Get("code_verifier"), g.Challenge):
		return refuse(codeInvalidGrant, "code_verifier does not fit")
	}
	return nil
}

// usedCode refuses a code that comes a second time and ends what it gave: one of the two
// uses is a thief's, and nobody knows which (RFC 6749 section 4.1.2).
func (b *Broker) usedCode(ctx context.Context, g server.Grant) error {
	b.log.WarnContext(ctx, "code used again", "enterprise", g.EnterpriseID, "client", g.ClientID, "person", g.PersonID)
	if err := b.endGrant(ctx, g); err != nil {
		return err
	}
	return refuse(codeInvalidGrant, "the code was used before")
}

// issue answers for a grant whose code was found good. A desktop program gets a session
// of its own, named device. keep puts into the store what the grant has become.
func (b *Broker) issue(r *http.Request, c server.Client, held server.HeldGrant, device string,
	keep func(context.Context, server.Grant, *server.Session) error,
) (tokens, error) {
	ctx, now := r.Context(), b.cfg.Base.Time()
	g := held.Grant
	expires := held.Session.ExpiresAt
	var session *server.Session
	if c.ID == server.DesktopClient {
		session = b.desktopSession(held, device)
		g.SessionID, expires = session.ID, session.ExpiresAt
	}
	g.UsedAt = now
	if hasScope(g.Scope, "offline_access") {
		g.Generation, g.RefreshExpires = 1, earlier(expires, now.Add(b.cfg.Base.Lifetimes.RefreshToken))
	}
	if err := keep(ctx, g, session); err != nil {
		return tokens{}, err
	}
	b.back(ctx, g)
	b.log.InfoContext(ctx, "tokens issued", "enterprise", g.EnterpriseID, "client", c.ID, "person", g.PersonID)
	return b.answerTokens(ctx, c, g, held.Person, g.Nonce)
}

// desktopSession makes the session that a desktop's tokens hang on. It is its own and
// not the browser's child, so that closing the browser's session signs no desktop out.
// It has the grant's id: whoever ends the grant by a replayed code finds it.
func (b *Broker) desktopSession(g server.HeldGrant, device string) *server.Session {
	now := b.cfg.Base.Time()
	life := b.cfg.Base.Lifetimes.AccessToken
	if hasScope(g.Scope, "offline_access") {
		life = b.cfg.Base.Lifetimes.RefreshToken
	}
	return &server.Session{
		ID: g.ID, EnterpriseID: g.EnterpriseID, PersonID: g.PersonID,
		Client: server.DesktopClient, Device: device,
		AuthTime: g.AuthTime, ProvenAt: g.Session.ProvenAt, Upstream: g.Session.Upstream,
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(life),
	}
}

// held returns a grant with its session and person. Of one that stands no more it returns
// the grant alone, where there is one, and what the client is to learn.
func (b *Broker) held(ctx context.Context, enterprise, id string) (server.HeldGrant, error) {
	h, err := b.cfg.Grants.HeldGrant(ctx, enterprise, id, b.cfg.Base.Time())
	if !errors.Is(err, auth.ErrNotFound) {
		return h, err
	}
	g, err := b.cfg.Grants.Grant(ctx, enterprise, id)
	if errors.Is(err, auth.ErrNotFound) {
		return h, &Error{Code: codeInvalidGrant, Description: "the grant is unknown", cause: err}
	}
	h.Grant = g
	if err == nil {
		err = b.fallen(ctx, g)
	}
	return h, err
}

// fallen says why a grant stands no more: whether the person's access has ended or only
// the session.
func (b *Broker) fallen(ctx context.Context, g server.Grant) error {
	person, err := b.cfg.People.Person(ctx, g.EnterpriseID, g.PersonID)
	switch {
	case err != nil && !errors.Is(err, auth.ErrNotFound):
		return err
	case err == nil && (!person.EndedAt.IsZero() || !person.LeftAt.IsZero()):
		return refuse(codeInvalidGrant, accessEnded)
	case !g.EndedAt.IsZero():
		return refuse(codeInvalidGrant, "the grant was revoked")
	}
	return refuse(codeInvalidGrant, "the session has ended")
}

// endGrant ends what one code gave: its tokens and, for a desktop, its session with
// everything that was launched from it.
func (b *Broker) endGrant(ctx context.Context, g server.Grant) error {
	now := b.cfg.Base.Time()
	if err := b.cfg.Grants.EndGrant(ctx, g.EnterpriseID, g.ID, now); err != nil {
		return err
	}
	if g.ClientID != server.DesktopClient {
		return nil
	}
	return b.cfg.Sessions.EndSession(ctx, g.EnterpriseID, g.ID, now)
}

// verifies reports whether verifier is the one behind challenge (RFC 7636 section 4.6).
func verifies(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return auth.NewSecret(base64.RawURLEncoding.EncodeToString(sum[:])).Equal(auth.NewSecret(challenge))
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
