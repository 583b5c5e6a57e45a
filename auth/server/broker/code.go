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
	ctx := r.Context()
	now := b.cfg.Base.Time()
	code, err := b.cfg.Grants.UseCode(ctx, enterprise, server.Hash(form.Get("code")), now)
	switch {
	case errors.Is(err, auth.ErrConflict):
		// A second use: one of the two is a thief's, and nobody knows which (RFC 6749 section 4.1.2).
		b.log.WarnContext(ctx, "code used again", "enterprise", enterprise, "client", code.ClientID, "person", code.PersonID)
		if err := b.endFamily(ctx, code.Grant, code.Family); err != nil {
			return tokens{}, err
		}
		return tokens{}, refuse(codeInvalidGrant, "the code was used before")
	case errors.Is(err, auth.ErrNotFound):
		return tokens{}, &Error{Code: codeInvalidGrant, Description: "the code is unknown or has expired", cause: err}
	case err != nil:
		return tokens{}, err
	case code.ClientID != c.ID:
		return tokens{}, refuse(codeInvalidGrant, "the code is another client's")
	case code.RedirectURI != form.Get("redirect_uri"):
		return tokens{}, refuse(codeInvalidGrant, "redirect_uri is not the authorize request's")
	case !verifies(form.Get("code_verifier"), code.Challenge):
		return tokens{}, refuse(codeInvalidGrant, "code_verifier does not fit")
	}
	session, err := b.standing(ctx, code.Grant)
	if err != nil {
		return tokens{}, err
	}
	return b.issue(r, c, code, session, server.DeviceName("Lanyard", r.UserAgent()))
}

// issue answers a code that was found good, of the session that it was given in. A
// desktop program gets a session of its own, named device.
func (b *Broker) issue(r *http.Request, c server.Client, code server.Code, session server.Session, device string) (tokens, error) {
	ctx, now := r.Context(), b.cfg.Base.Time()
	grant := code.Grant
	expires := session.ExpiresAt
	if c.ID == server.DesktopClient {
		desktop := b.desktopSession(session, code, device)
		if err := b.cfg.Sessions.SaveSession(ctx, desktop); err != nil {
			return tokens{}, err
		}
		grant.SessionID, expires = desktop.ID, desktop.ExpiresAt
	}
	access, record := b.access(grant, code.Family)
	issue := server.Issue{Access: record}
	refresh := ""
	if hasScope(grant.Scope, "offline_access") {
		refresh = server.NewToken(now)
		issue.Refresh = &server.RefreshToken{
			Hash: server.Hash(refresh), Grant: grant, Family: code.Family, CreatedAt: now,
			ExpiresAt: earlier(expires, now.Add(b.cfg.Base.Lifetimes.RefreshToken)),
		}
	}
	if err := b.cfg.Grants.SaveTokens(ctx, issue); err != nil {
		return tokens{}, err
	}
	b.back(ctx, grant)
	b.log.InfoContext(ctx, "tokens issued", "enterprise", grant.EnterpriseID, "client", c.ID, "person", grant.PersonID)
	return b.answerTokens(ctx, c, grant, code.Nonce, access, refresh)
}

// desktopSession makes the session that a desktop's tokens hang on. It is its own and
// not the browser's child, so that closing the browser's session signs no desktop out.
// It carries the family's id: whoever ends the family by a replayed code finds it.
func (b *Broker) desktopSession(browser server.Session, code server.Code, device string) server.Session {
	now := b.cfg.Base.Time()
	life := b.cfg.Base.Lifetimes.AccessToken
	if hasScope(code.Scope, "offline_access") {
		life = b.cfg.Base.Lifetimes.RefreshToken
	}
	return server.Session{
		ID: code.Family, EnterpriseID: code.EnterpriseID, PersonID: code.PersonID,
		Client: server.DesktopClient, Device: device,
		AuthTime: code.AuthTime, ProvenAt: browser.ProvenAt, Upstream: browser.Upstream,
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(life),
	}
}

// standing returns the session that a grant hangs on; where it stands no more, the
// client learns whether the person's access has ended or only the session.
func (b *Broker) standing(ctx context.Context, g server.Grant) (server.Session, error) {
	session, err := b.cfg.Sessions.Session(ctx, g.EnterpriseID, g.SessionID, b.cfg.Base.Time())
	if !errors.Is(err, auth.ErrNotFound) {
		return session, err
	}
	person, err := b.cfg.People.Person(ctx, g.EnterpriseID, g.PersonID)
	switch {
	case err != nil && !errors.Is(err, auth.ErrNotFound):
		return session, err
	case err == nil && (!person.EndedAt.IsZero() || !person.LeftAt.IsZero()):
		return session, refuse(codeInvalidGrant, accessEnded)
	}
	return session, refuse(codeInvalidGrant, "the session has ended")
}

// endFamily ends what one code gave: its tokens and, for a desktop, its session with
// everything that was launched from it.
func (b *Broker) endFamily(ctx context.Context, g server.Grant, family string) error {
	if err := b.cfg.Grants.EndFamily(ctx, g.EnterpriseID, family); err != nil {
		return err
	}
	if g.ClientID != server.DesktopClient {
		return nil
	}
	return b.cfg.Sessions.EndSession(ctx, g.EnterpriseID, family, b.cfg.Base.Time())
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
