package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth/server"
)

const (
	grantColumns = `g.id, g.enterprise_id, g.client_id, g.person_id, g.session_id, g.scope, g.auth_time, g.redirect_uri,
		g.challenge, g.nonce, g.code_expires, g.used_at, g.generation, g.refresh_expires, g.ended_at`

	// Whoever is judged by a grant must not slip through while its session ends; where two
	// write at once, see [transaction.hold].
	sessionStands = `NOT EXISTS (SELECT 1 FROM sessions s
		WHERE s.id = session_id AND s.enterprise_id = $1 AND s.ended_at <> 0)`
	personEnded = `EXISTS (SELECT 1 FROM people p WHERE p.id = person_id AND (p.ended_at <> 0 OR p.left_at <> 0))`
)

var (
	insertGrant = writes(`INSERT INTO grants (id, enterprise_id, client_id, person_id, session_id, scope, auth_time,
			redirect_uri, challenge, nonce, code_expires, used_at, generation, refresh_expires, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`)
	selectGrant = reads(`SELECT ` + grantColumns + ` FROM grants g WHERE g.enterprise_id = $1 AND g.id = $2`)
	selectHeld  = reads(`SELECT ` + grantColumns + `, ` + sessionColumns + `, ` + personColumnsOf + ` FROM grants g
		JOIN sessions s ON s.id = g.session_id AND s.enterprise_id = g.enterprise_id
		JOIN people p ON p.id = g.person_id AND p.enterprise_id = g.enterprise_id
		WHERE g.enterprise_id = $1 AND g.id = $2 AND g.ended_at = 0 AND ` + standing)

	useGrant = writes(`UPDATE grants SET used_at = $3, session_id = $4, generation = $5, refresh_expires = $6
		WHERE enterprise_id = $1 AND id = $2 AND used_at = 0 AND ended_at = 0
			AND ` + sessionStands + ` AND NOT ` + personEnded)
	refreshGrant = writes(`UPDATE grants SET generation = $3 + 1, refresh_expires = $4
		WHERE enterprise_id = $1 AND id = $2 AND generation = $3 AND ended_at = 0
			AND ` + sessionStands + ` AND NOT ` + personEnded)
	holdPerson = writes(`UPDATE people SET last_seen = last_seen WHERE enterprise_id = $1 AND id = $2`)

	endGrant = writes(`UPDATE grants SET ended_at = $3 WHERE enterprise_id = $1 AND id = $2 AND ended_at = 0`)
)

// grantInto returns where a row's columns go.
func grantInto(g *server.Grant) []any {
	return []any{
		&g.ID, &g.EnterpriseID, &g.ClientID, &g.PersonID, &g.SessionID, &g.Scope, at(&g.AuthTime), &g.RedirectURI,
		&g.Challenge, &g.Nonce, at(&g.CodeExpires), at(&g.UsedAt), &g.Generation, at(&g.RefreshExpires), at(&g.EndedAt),
	}
}

func scanGrant(row scanner) (g server.Grant, err error) {
	err = row.Scan(grantInto(&g)...)
	return g, err
}

func scanHeld(row scanner) (h server.HeldGrant, err error) {
	err = row.Scan(append(append(grantInto(&h.Grant), sessionInto(&h.Session)...), personInto(&h.Person)...)...)
	return h, err
}

// SaveGrant implements [server.Grants].
func (s *Store) SaveGrant(ctx context.Context, g server.Grant) error {
	return saveGrant(ctx, s.exec, g)
}

func saveGrant(ctx context.Context, exec execer, g server.Grant) error {
	n, err := exec(ctx, insertGrant, g.ID, g.EnterpriseID, g.ClientID, g.PersonID, g.SessionID, text(g.Scope), ms(g.AuthTime),
		g.RedirectURI, g.Challenge, text(g.Nonce), ms(g.CodeExpires), ms(g.UsedAt), g.Generation, ms(g.RefreshExpires), ms(g.EndedAt))
	return saved("grant", n, err)
}

// UseGrant implements [server.Grants].
func (s *Store) UseGrant(ctx context.Context, g server.Grant, session *server.Session) error {
	use := func(ctx context.Context, exec execer) error {
		n, err := exec(ctx, useGrant, g.EnterpriseID, g.ID, ms(g.UsedAt), g.SessionID, g.Generation, ms(g.RefreshExpires))
		return used("use grant", n, err)
	}
	if s.line != nil && session == nil {
		return use(ctx, s.exec)
	}
	return s.give(ctx, g, session, use)
}

// execer is [Store.exec] or [transaction.exec].
type execer func(context.Context, writing, ...any) (int64, error)

// give uses up what a grant is given for and saves the session made with it, if any, both
// or none.
func (s *Store) give(ctx context.Context, g server.Grant, session *server.Session, use func(context.Context, execer) error) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		if err := t.hold(ctx, holdPerson, g.EnterpriseID, g.PersonID); err != nil {
			return err
		}
		if err := use(ctx, t.exec); err != nil || session == nil {
			return err
		}
		return saveSession(ctx, t.exec, *session)
	})
}

// Grant implements [server.Grants].
func (s *Store) Grant(ctx context.Context, enterprise, id string) (server.Grant, error) {
	return one(ctx, s, "grant", selectGrant, scanGrant, enterprise, id)
}

// HeldGrant implements [server.Grants].
func (s *Store) HeldGrant(ctx context.Context, enterprise, id string, now time.Time) (server.HeldGrant, error) {
	return one(ctx, s, "grant that stands", selectHeld, scanHeld, enterprise, id, ms(now))
}

// RefreshGrant implements [server.Grants].
func (s *Store) RefreshGrant(ctx context.Context, enterprise, id string, from int64, expires time.Time) error {
	n, err := s.exec(ctx, refreshGrant, enterprise, id, from, ms(expires))
	return used("refresh grant", n, err)
}

// EndGrant implements [server.Grants].
func (s *Store) EndGrant(ctx context.Context, enterprise, id string, now time.Time) error {
	if _, err := s.exec(ctx, endGrant, enterprise, id, ms(now)); err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	return nil
}
