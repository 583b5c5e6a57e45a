package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const (
	// A RETURNING knows no alias.
	codeColumns = `hash, enterprise_id, client_id, person_id, session_id, scope, auth_time, redirect_uri, challenge,
		nonce, family, expires_at, used_at`

	grantColumns   = `t.hash, t.enterprise_id, t.client_id, t.person_id, t.session_id, t.scope, t.auth_time`
	accessColumns  = grantColumns + `, t.audience, t.family, t.expires_at`
	refreshColumns = grantColumns + `, t.family, t.created_at, t.expires_at, t.used_at, t.successor, t.sealed_successor`

	// A code or token whose session or family has ended is not there, even if it was
	// saved while that happened. The sweep removes it.
	sessionStands = `NOT EXISTS (SELECT 1 FROM sessions s
		WHERE s.id = session_id AND s.enterprise_id = $1 AND s.ended_at <> 0)`
	// The refresh token of somebody who has no access any more stays, so that the desktop
	// can be told why it no longer works.
	personEnded  = `EXISTS (SELECT 1 FROM people p WHERE p.id = person_id AND (p.ended_at <> 0 OR p.left_at <> 0))`
	familyStands = `NOT EXISTS (SELECT 1 FROM ended_families f WHERE f.family = t.family AND f.enterprise_id = $1)`
)

var (
	insertCode = writes(`INSERT INTO authorization_codes (` + codeColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	selectCode = reads(`SELECT ` + codeColumns + ` FROM authorization_codes
		WHERE enterprise_id = $1 AND hash = $2 AND ` + sessionStands)
	useCode = writes(`UPDATE authorization_codes SET used_at = $3
		WHERE enterprise_id = $1 AND hash = $2 AND used_at = 0 AND expires_at > $3 AND ` + sessionStands + `
		RETURNING ` + codeColumns)

	insertAccess = writes(`INSERT INTO access_tokens (hash, enterprise_id, client_id, person_id, session_id, scope,
			auth_time, audience, family, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	selectAccess = reads(`SELECT ` + accessColumns + ` FROM access_tokens t
		JOIN sessions s ON s.id = t.session_id AND s.enterprise_id = t.enterprise_id
		JOIN people p ON p.id = t.person_id AND p.enterprise_id = t.enterprise_id
		WHERE t.enterprise_id = $1 AND t.hash = $2 AND t.expires_at > $3 AND ` + familyStands + ` AND ` + standing)

	insertRefresh = writes(`INSERT INTO refresh_tokens (hash, enterprise_id, client_id, person_id, session_id, scope,
			auth_time, family, created_at, expires_at, used_at, successor, sealed_successor)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	selectRefresh = reads(`SELECT ` + refreshColumns + ` FROM refresh_tokens t
		WHERE t.enterprise_id = $1 AND t.hash = $2 AND ` + familyStands + ` AND (` + sessionStands + ` OR ` + personEnded + `)`)
	rotateRefresh = writes(`UPDATE refresh_tokens AS t SET used_at = $3, successor = $4, sealed_successor = $5
		WHERE t.enterprise_id = $1 AND t.hash = $2 AND t.successor = '' AND ` + familyStands + `
			AND ` + sessionStands + ` AND NOT ` + personEnded)

	endFamily = writes(`INSERT INTO ended_families (enterprise_id, family, ended_at) VALUES ($1, $2, $3)
		ON CONFLICT (family, enterprise_id) DO NOTHING`)
)

// grantInto returns where a row's first columns go: the hash and the grant.
func grantInto(hash *string, g *server.Grant) []any {
	return []any{hash, &g.EnterpriseID, &g.ClientID, &g.PersonID, &g.SessionID, &g.Scope, at(&g.AuthTime)}
}

// grantArgs returns the same columns' values.
func grantArgs(hash string, g server.Grant) []any {
	return []any{hash, g.EnterpriseID, g.ClientID, g.PersonID, g.SessionID, text(g.Scope), ms(g.AuthTime)}
}

func scanCode(row scanner) (c server.Code, err error) {
	err = row.Scan(append(grantInto(&c.Hash, &c.Grant), &c.RedirectURI, &c.Challenge, &c.Nonce, &c.Family,
		at(&c.ExpiresAt), at(&c.UsedAt))...)
	return c, err
}

func scanAccess(row scanner) (t server.AccessToken, err error) {
	err = row.Scan(append(grantInto(&t.Hash, &t.Grant), &t.Audience, &t.Family, at(&t.ExpiresAt))...)
	return t, err
}

func scanRefresh(row scanner) (t server.RefreshToken, err error) {
	err = row.Scan(append(grantInto(&t.Hash, &t.Grant), &t.Family, at(&t.CreatedAt), at(&t.ExpiresAt), at(&t.UsedAt),
		&t.Successor, &t.SealedSuccessor)...)
	return t, err
}

// SaveCode implements [server.Grants].
func (s *Store) SaveCode(ctx context.Context, c server.Code) error {
	n, err := s.exec(ctx, insertCode, append(grantArgs(c.Hash, c.Grant), c.RedirectURI, c.Challenge, text(c.Nonce),
		c.Family, ms(c.ExpiresAt), ms(c.UsedAt))...)
	return saved("code", n, err)
}

// UseCode implements [server.Grants]. A code that expired unused is not found.
func (s *Store) UseCode(ctx context.Context, enterprise, hash string, now time.Time) (server.Code, error) {
	c, err := changedOne(ctx, s, "code", useCode, scanCode, enterprise, hash, ms(now))
	if !errors.Is(err, auth.ErrNotFound) {
		return c, err
	}
	c, err = one(ctx, s, "code", selectCode, scanCode, enterprise, hash)
	if err != nil {
		return server.Code{}, err
	}
	if c.UsedAt.IsZero() {
		return server.Code{}, fmt.Errorf("use code: expired: %w", auth.ErrNotFound)
	}
	return c, fmt.Errorf("use code again: %w", auth.ErrConflict)
}

// SaveTokens implements [server.Grants].
func (s *Store) SaveTokens(ctx context.Context, i server.Issue) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		if i.Refresh != nil {
			if err := t.insertRefresh(ctx, *i.Refresh); err != nil {
				return err
			}
		}
		return t.insertAccess(ctx, i.Access)
	})
}

func (t transaction) insertAccess(ctx context.Context, v server.AccessToken) error {
	n, err := t.exec(ctx, insertAccess, append(grantArgs(v.Hash, v.Grant), v.Audience, v.Family, ms(v.ExpiresAt))...)
	return saved("access token", n, err)
}

func (t transaction) insertRefresh(ctx context.Context, v server.RefreshToken) error {
	n, err := t.exec(ctx, insertRefresh, append(grantArgs(v.Hash, v.Grant), v.Family, ms(v.CreatedAt), ms(v.ExpiresAt),
		ms(v.UsedAt), v.Successor, v.SealedSuccessor)...)
	return saved("refresh token", n, err)
}

// AccessToken implements [server.Grants].
func (s *Store) AccessToken(ctx context.Context, enterprise, hash string, now time.Time) (server.AccessToken, error) {
	return one(ctx, s, "access token", selectAccess, scanAccess, enterprise, hash, ms(now))
}

// RefreshToken implements [server.Grants].
func (s *Store) RefreshToken(ctx context.Context, enterprise, hash string) (server.RefreshToken, error) {
	return one(ctx, s, "refresh token", selectRefresh, scanRefresh, enterprise, hash)
}

// Rotate implements [server.Grants]. The refresh token that it saves is next; i.Refresh
// is not looked at. A token whose family, session or person has ended is not found.
func (s *Store) Rotate(ctx context.Context, token, next server.RefreshToken, sealedNext []byte, i server.Issue, now time.Time) (server.RefreshToken, error) {
	lost := false
	err := s.atomically(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, rotateRefresh, token.EnterpriseID, token.Hash, ms(now), next.Hash, sealedNext)
		if err != nil {
			return fmt.Errorf("rotate refresh token: %w", err)
		}
		if lost = n == 0; lost {
			return nil
		}
		if err := t.insertRefresh(ctx, next); err != nil {
			return err
		}
		return t.insertAccess(ctx, i.Access)
	})
	if err != nil {
		return server.RefreshToken{}, err
	}
	if lost {
		stored, err := s.RefreshToken(ctx, token.EnterpriseID, token.Hash)
		if err != nil {
			return server.RefreshToken{}, err
		}
		if stored.Successor == "" {
			return server.RefreshToken{}, fmt.Errorf("rotate refresh token of a leaver: %w", auth.ErrNotFound)
		}
		return stored, fmt.Errorf("rotate refresh token: %w", auth.ErrConflict)
	}
	token.UsedAt, token.Successor, token.SealedSuccessor = now, next.Hash, sealedNext
	return token, nil
}

// EndFamily implements [server.Grants]. Tokens of the family that are saved later,
// by a request that was under way, are dead too.
func (s *Store) EndFamily(ctx context.Context, enterprise, family string) error {
	if _, err := s.exec(ctx, endFamily, enterprise, family, ms(s.now())); err != nil {
		return fmt.Errorf("end family: %w", err)
	}
	return nil
}
