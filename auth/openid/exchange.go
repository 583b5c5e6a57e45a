package openid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"lanyard/auth"
)

// Result is who signed in with what.
type Result struct {
	Identity auth.Identity
	Tokens   auth.TokenSet
	// SessionID is the provider's own name (sid) of the session that the sign-in belongs
	// to; empty where it gives none.
	SessionID string
	// AuthTime is when the provider says that the person proved who they are; zero where
	// it does not say.
	AuthTime time.Time
	Groups   []string
	// Authoritative holds the claims that the connector marks so: what other systems may
	// trust as a name.
	Authoritative map[string]string
}

// Exchange is [Provider.Redeem] for who needs no more than tokens and identity.
func (p *Provider) Exchange(ctx context.Context, r Request, code auth.Secret) (auth.TokenSet, auth.Identity, error) {
	result, err := p.Redeem(ctx, r, code)
	return result.Tokens, result.Identity, err
}

// Redeem redeems the code that answered r, checks everything that came with it and
// returns the tokens and who they belong to.
//
// It returns the faults SignInStale where the code is not taken (used, too old),
// TokenInvalid where a check fails, SignInWrongCompany where the person is not of the
// connector's enterprise, ProviderSecret, ProviderFailed, AnswerNotData or
// EnterpriseMisconfig where the provider answers otherwise, ProviderUnreachable where it
// does not, and SignInCanceled where ctx was canceled.
func (p *Provider) Redeem(ctx context.Context, r Request, code auth.Secret) (Result, error) {
	config := p.config()
	config.RedirectURL = r.RedirectURI
	limited, cancel := p.context(ctx)
	defer cancel()
	token, err := config.Exchange(limited, code.Reveal(), oauth2.VerifierOption(r.Verifier.Reveal()))
	if err != nil {
		return Result{}, p.tokenFault(ctx, "redeem code", auth.SignInStale, err)
	}
	set, err := p.tokenSet(token)
	if err != nil {
		return Result{}, err
	}
	if r.Nonce.IsZero() && !p.userinfoOnly {
		return Result{}, invalid("nonce", errors.New("redeem code: the request had no nonce"))
	}
	return p.whose(ctx, set, r.Nonce.Reveal())
}

// whose checks a new set of tokens and finds out who they belong to. nonce is empty
// where the flow has none.
func (p *Provider) whose(ctx context.Context, set auth.TokenSet, nonce string) (Result, error) {
	subject, claims := "", map[string]any(nil)
	if !p.userinfoOnly {
		verified, found, err := p.verify(ctx, idToken{raw: set.ID.Reveal(), access: set.Access.Reveal(), nonce: nonce})
		if err != nil {
			return Result{}, err
		}
		subject, claims = verified.Subject, found
	}
	result, err := p.identify(ctx, subject, claims, set.Access.Reveal())
	if err != nil {
		return Result{}, err
	}
	result.Tokens = set
	result.SessionID, _ = claims["sid"].(string)
	if number, ok := claims["auth_time"].(json.Number); ok {
		if seconds, err := number.Int64(); err == nil && seconds > 0 {
			result.AuthTime = time.Unix(seconds, 0)
		}
	}
	return result, nil
}

// Refresh renews t, which must be want's. The set that it returns replaces t: a
// provider that rotates has ended t's refresh token by now, one that does not has its
// old one kept.
//
// It returns the faults SignInRequired where the provider does not take the refresh
// token any more, AccessEnded where our own broker says that the person has left,
// TokenInvalid where the answer is about somebody else, and one of kind
// [auth.ErrOffline] where there was no usable answer and asking later may help.
func (p *Provider) Refresh(ctx context.Context, t auth.TokenSet, want auth.Identity) (auth.TokenSet, error) {
	set, _, err := p.RefreshTold(ctx, t, want)
	return set, err
}

// NewDevice is another device of the person's, of which a Lanyard server tells those that
// were there before.
type NewDevice struct {
	Name string
	At   time.Time
}

// RefreshTold is Refresh, with what a Lanyard server has to tell beside the tokens; nil
// for nothing.
func (p *Provider) RefreshTold(ctx context.Context, t auth.TokenSet, want auth.Identity) (auth.TokenSet, *NewDevice, error) {
	token, set, err := p.refresh(ctx, t, want)
	if err != nil {
		return auth.TokenSet{}, nil, err
	}
	said, _ := token.Extra("new_device").(map[string]any)
	name, _ := said["name"].(string)
	at, _ := said["at"].(float64)
	if name == "" || at <= 0 {
		return set, nil, nil
	}
	return set, &NewDevice{Name: name, At: time.Unix(int64(at), 0)}, nil
}

func (p *Provider) refresh(ctx context.Context, t auth.TokenSet, want auth.Identity) (*oauth2.Token, auth.TokenSet, error) {
	if t.Refresh.IsZero() {
		return nil, auth.TokenSet{}, auth.Fail(auth.SignInRequired, nil, errors.New("refresh: no refresh token"))
	}
	if want.Issuer != p.Issuer {
		// It goes to nobody but the issuer that gave it.
		return nil, auth.TokenSet{}, auth.Fail(auth.SignInRequired, nil, errors.New("refresh: the issuer has changed"))
	}
	if !p.userinfoOnly {
		// Now, and not when the refresh token is spent and the network gone.
		if err := p.keys.ready(ctx); errors.Is(err, auth.ErrOffline) {
			return nil, auth.TokenSet{}, fmt.Errorf("refresh: %w", err)
		}
	}
	limited, cancel := p.context(ctx)
	defer cancel()
	source := p.config().TokenSource(limited, &oauth2.Token{RefreshToken: t.Refresh.Reveal()})
	token, err := source.Token()
	if err != nil {
		return nil, auth.TokenSet{}, p.refreshFault(ctx, err)
	}
	set, err := p.tokenSet(token)
	if err != nil {
		return nil, auth.TokenSet{}, err
	}
	if set.Scope == "" {
		set.Scope = t.Scope
	}
	if set.ID.IsZero() || p.userinfoOnly {
		set.ID = t.ID
		return token, set, nil
	}
	verified, found, err := p.verify(ctx, idToken{raw: set.ID.Reveal(), access: set.Access.Reveal(), refreshed: true})
	if err != nil {
		return nil, auth.TokenSet{}, err
	}
	if err := p.samePerson(verified.Subject, found, t, want); err != nil {
		return nil, auth.TokenSet{}, err
	}
	return token, set, nil
}

// samePerson checks that a refreshed id_token is about the person of the first one
// (OpenID Connect Core section 12.2).
func (p *Provider) samePerson(subject string, found map[string]any, t auth.TokenSet, want auth.Identity) error {
	var before struct {
		Subject string `json:"sub"`
	}
	if decodePart(t.ID.Reveal(), 1, &before) && before.Subject != subject {
		return invalid("sub", errors.New("refresh: the id_token is about another subject"))
	}
	// Where our subject is another claim than sub, a refreshed token may lack it.
	mapped, ok := claims{sources: []map[string]any{found}, paths: p.claims}.find("sub")
	if ok && mapped != want.Subject {
		return invalid("sub", errors.New("refresh: the id_token is about another person"))
	}
	return nil
}

// Revoke gives t back (RFC 7009): its refresh token, which takes the access tokens
// along, or its access token where that is all there is. A provider without a
// revocation endpoint has nothing to be told.
func (p *Provider) Revoke(ctx context.Context, t auth.TokenSet) error {
	token, hint := t.Refresh, "refresh_token"
	if token.IsZero() {
		token, hint = t.Access, "access_token"
	}
	if p.RevocationEndpoint == "" || token.IsZero() {
		return nil
	}
	form := url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}}
	a, err := p.post(ctx, p.RevocationEndpoint, form)
	if err != nil {
		return unreachable(ctx, "revoke", p.RevocationEndpoint, err)
	}
	if a.status != http.StatusOK {
		return a.fault("revocation", fmt.Errorf("answered %d", a.status))
	}
	return nil
}

// context hands the HTTP client to x/oauth2, which takes it from nowhere else, with the
// time limit of one call.
func (p *Provider) context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, p.http), timeout)
}

// tokenSet makes ours of x/oauth2's token.
func (p *Provider) tokenSet(token *oauth2.Token) (auth.TokenSet, error) {
	if !strings.EqualFold(token.Type(), "bearer") {
		// RFC 6749 section 7.1: a type that is not understood must not be used.
		return auth.TokenSet{}, invalid("token_type", errors.New("read tokens: not of type Bearer"))
	}
	set := auth.TokenSet{
		Access: auth.NewSecret(token.AccessToken), Refresh: auth.NewSecret(token.RefreshToken),
		Expiry: token.Expiry,
	}
	if token.ExpiresIn > 0 {
		set.Expiry = p.now().Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	id, _ := token.Extra("id_token").(string)
	set.ID = auth.NewSecret(id)
	set.Scope, _ = token.Extra("scope").(string)
	return set, nil
}
