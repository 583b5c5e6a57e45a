package broker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"lanyard/auth"
	"lanyard/auth/server"
)

var _ server.Minter = (*Broker)(nil)

// mintScope is what an app learns of a person whom a launch brings to it.
const mintScope = "openid profile email"

// validChallenge reports whether s is the base64url of a SHA-256 (RFC 7636 section 4.2).
func validChallenge(s string) bool {
	sum, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(sum) == sha256.Size
}

// IDToken implements [server.Minter]. The token is worth what one of the token endpoint
// is: signed by the client's algorithm, its audience, a few minutes.
func (b *Broker) IDToken(ctx context.Context, s server.Session, client string) (auth.Secret, error) {
	c, err := b.cfg.Clients.Client(ctx, s.EnterpriseID, client)
	if err != nil {
		return auth.Secret{}, fmt.Errorf("make id_token: %w", err)
	}
	if c.Three != nil {
		return auth.Secret{}, fmt.Errorf("make id_token: client %s speaks the three interfaces: %w", c.ID, auth.ErrNotFound)
	}
	person, err := b.cfg.People.Person(ctx, s.EnterpriseID, s.PersonID)
	if err != nil {
		return auth.Secret{}, fmt.Errorf("make id_token: %w", err)
	}
	alg := c.Alg
	if alg == "" {
		alg = algES256
	}
	now := b.cfg.Base.Time()
	token, err := b.keys.sign(ctx, s.EnterpriseID, alg, claims{
		Issuer: b.cfg.Base.Issuer(s.EnterpriseID), Subject: s.PersonID, Audience: c.ID, Party: c.ID,
		Expires: now.Add(b.cfg.Base.Lifetimes.AccessToken).Unix(), Issued: now.Unix(), AuthTime: s.AuthTime.Unix(),
		Session: s.ID, profile: profileOf(person, mintScope),
	})
	if err != nil {
		return auth.Secret{}, fmt.Errorf("make id_token: %w", err)
	}
	return auth.NewSecret(token), nil
}

// NativeCode implements [server.Minter]. The code is redeemed like any other; what it
// gives hangs on the session and ends with it.
func (b *Broker) NativeCode(ctx context.Context, s server.Session, client, challenge string) (server.NativeCode, error) {
	if !validChallenge(challenge) {
		return server.NativeCode{}, auth.Fail(auth.BadInput, nil, errors.New("code challenge is not S256"))
	}
	c, err := b.cfg.Clients.Client(ctx, s.EnterpriseID, client)
	switch {
	case err != nil:
		return server.NativeCode{}, fmt.Errorf("make code for a program: %w", err)
	case c.ID == server.DesktopClient, c.SecretHash != "", c.Three != nil, len(c.RedirectURIs) == 0:
		return server.NativeCode{}, fmt.Errorf("make code for a program: client %s is not a public one of a program: %w", c.ID, auth.ErrNotFound)
	}
	now := b.cfg.Base.Time()
	g := server.Grant{
		ID: server.NewID(now), EnterpriseID: s.EnterpriseID, ClientID: c.ID, PersonID: s.PersonID, SessionID: s.ID,
		Scope: mintScope, AuthTime: s.AuthTime,
		RedirectURI: c.RedirectURIs[0], Challenge: challenge, CodeExpires: now.Add(b.cfg.Base.Lifetimes.Code),
	}
	if err := b.cfg.Grants.SaveGrant(ctx, g); err != nil {
		return server.NativeCode{}, fmt.Errorf("make code for a program: %w", err)
	}
	return server.NativeCode{Code: auth.NewSecret(b.code(g)), ClientID: c.ID, RedirectURI: g.RedirectURI, ExpiresAt: g.CodeExpires}, nil
}
