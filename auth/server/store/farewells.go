package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth/server"
)

var (
	_ server.Farewells = (*Store)(nil)
	_ server.Logouts   = (*Store)(nil)
)

// ending is what ends sessions: those that where finds, with their descendants. That
// ends what hangs on them too (see grants.go).
type ending struct{ hold, write, end writing }

// endingOf makes its statements: the hold on the people, the messages to every
// application that got tokens under one of the sessions and wants to be told, the end
// itself. The grants whose code was used say who got tokens; they are kept for as long as
// their session.
func endingOf(where string) ending {
	sessions := `WITH RECURSIVE ending (id) AS (
			SELECT id FROM sessions WHERE enterprise_id = $1 AND ` + where + `
			UNION
			SELECT c.id FROM ending JOIN sessions c ON c.parent = ending.id WHERE c.enterprise_id = $1 AND c.parent <> '')`
	return ending{
		hold: writes(`UPDATE people SET last_seen = last_seen WHERE enterprise_id = $1
			AND id IN (SELECT person_id FROM sessions WHERE enterprise_id = $1 AND ` + where + `)`),
		write: writes(`INSERT INTO farewells (id, enterprise_id, client_id, session_id, person_id, tries, next_at, created_at)
			` + sessions + `
			SELECT DISTINCT s.id || '.' || c.id, s.enterprise_id, c.id, s.id, s.person_id, 0, CAST($3 AS BIGINT), CAST($3 AS BIGINT)
			FROM sessions s
			JOIN grants g ON g.session_id = s.id AND g.enterprise_id = s.enterprise_id AND g.used_at <> 0 AND g.client_id <> 'lanyard'
			JOIN clients c ON c.id = g.client_id AND c.enterprise_id = g.enterprise_id AND c.farewell <> ''
			WHERE s.ended_at = 0 AND s.id IN (SELECT id FROM ending)
			ON CONFLICT (id) DO NOTHING`),
		end: writes(sessions + `
			UPDATE sessions SET ended_at = $3 WHERE id IN (SELECT id FROM ending) AND ended_at = 0`),
	}
}

var (
	endSession    = endingOf(`id = $2`)
	endSessionsOf = endingOf(`person_id = $2`)
	endUpstream   = endingOf(`upstream_sid = $2 AND upstream_sid <> ''`)
	endByKey      = endingOf(`person_id IN (SELECT p.id FROM people p WHERE p.enterprise_id = $1 AND p.key = $2)`)
)

const farewellColumns = `id, enterprise_id, client_id, session_id, person_id, tries, next_at, created_at`

var (
	selectFarewells = reads(`SELECT ` + farewellColumns + ` FROM farewells WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2`)

	// Whoever changes the row first has it.
	claimFarewell = writes(`UPDATE farewells SET tries = tries + 1, next_at = $4
		WHERE enterprise_id = $1 AND id = $2 AND next_at = $3`)

	retryFarewell  = writes(`UPDATE farewells SET next_at = $3 WHERE enterprise_id = $1 AND id = $2`)
	deleteFarewell = writes(`DELETE FROM farewells WHERE enterprise_id = $1 AND id = $2`)
	nextFarewell   = reads(`SELECT COALESCE(MIN(next_at), 0) FROM farewells`)

	insertLogout = writes(`INSERT INTO logout_tokens (enterprise_id, hash, expires_at) VALUES ($1, $2, $3)`)
)

func scanFarewell(row scanner) (f server.Farewell, err error) {
	err = row.Scan(&f.ID, &f.EnterpriseID, &f.ClientID, &f.SessionID, &f.PersonID, &f.Tries, at(&f.NextAt), at(&f.CreatedAt))
	return f, err
}

// end ends what e finds in a transaction of its own.
func (s *Store) end(ctx context.Context, e ending, enterprise, which string, now time.Time) error {
	return s.telling(ctx, func(ctx context.Context, t transaction) (bool, error) {
		return t.end(ctx, e, enterprise, which, now)
	})
}

// telling is atomically for what may write messages to applications; do reports whether it
// has. Who sends them is told once they are there.
func (s *Store) telling(ctx context.Context, do func(context.Context, transaction) (bool, error)) error {
	told := false
	err := s.atomically(ctx, func(ctx context.Context, t transaction) (err error) {
		told, err = do(ctx, t)
		return err
	})
	s.tell(told && err == nil)
	return err
}

// end ends what e finds and reports whether there is somebody to tell.
func (t transaction) end(ctx context.Context, e ending, enterprise, which string, now time.Time) (bool, error) {
	if err := t.hold(ctx, e.hold, enterprise, which); err != nil {
		return false, err
	}
	messages, err := t.exec(ctx, e.write, enterprise, which, ms(now))
	if err != nil {
		return false, fmt.Errorf("write farewells: %w", err)
	}
	_, err = t.exec(ctx, e.end, enterprise, which, ms(now))
	return messages > 0, err
}

// tell wakes whoever sends the messages.
func (s *Store) tell(there bool) {
	if there && s.OnFarewell != nil {
		s.OnFarewell()
	}
}

// ClaimFarewells implements [server.Farewells].
func (s *Store) ClaimFarewells(ctx context.Context, now, until time.Time, limit int) ([]server.Farewell, error) {
	due, err := many(ctx, s, "farewells", selectFarewells, scanFarewell, ms(now), limit)
	if err != nil {
		return nil, err
	}
	var mine []server.Farewell
	for _, f := range due {
		n, err := s.exec(ctx, claimFarewell, f.EnterpriseID, f.ID, ms(f.NextAt), ms(until))
		if err != nil {
			return mine, fmt.Errorf("claim farewell: %w", err)
		}
		if n > 0 {
			f.Tries, f.NextAt = f.Tries+1, until
			mine = append(mine, f)
		}
	}
	return mine, nil
}

// RetryFarewell implements [server.Farewells].
func (s *Store) RetryFarewell(ctx context.Context, enterprise, id string, at time.Time) error {
	n, err := s.exec(ctx, retryFarewell, enterprise, id, ms(at))
	return found("put off farewell", n, err)
}

// DoneFarewell implements [server.Farewells]. One that is there no more is no error.
func (s *Store) DoneFarewell(ctx context.Context, enterprise, id string) error {
	if _, err := s.exec(ctx, deleteFarewell, enterprise, id); err != nil {
		return fmt.Errorf("delete farewell: %w", err)
	}
	return nil
}

// NextFarewell implements [server.Farewells].
func (s *Store) NextFarewell(ctx context.Context) (time.Time, error) {
	return one(ctx, s, "next farewell", nextFarewell, func(row scanner) (next time.Time, err error) {
		err = row.Scan(at(&next))
		return next, err
	})
}

// EndUpstream implements [server.Logouts]. That nothing is there to end is no error.
func (s *Store) EndUpstream(ctx context.Context, enterprise string, l server.Logout, now time.Time) error {
	e, which := endUpstream, l.UpstreamSID
	if which == "" {
		e, which = endByKey, l.PersonKey
	}
	return s.telling(ctx, func(ctx context.Context, t transaction) (bool, error) {
		n, err := t.exec(ctx, insertLogout, enterprise, l.Hash, ms(l.Expires))
		if err := saved("logout token", n, err); err != nil {
			return false, err
		}
		return t.end(ctx, e, enterprise, which, now)
	})
}
