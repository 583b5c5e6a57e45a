package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth/server"
)

const sessionColumns = `s.id, s.enterprise_id, s.person_id, s.cookie_hash, s.parent, s.client, s.device, s.auth_time,
	s.proven_at, s.created_at, s.last_seen, s.expires_at, s.ended_at, s.upstream, s.upstream_sid, s.new_device, s.new_device_at`

// standing is true for a session s that has neither ended nor expired, whose person p
// still has access and whose whole line of parents stands; $3 is the present time. A
// parent that is missing was swept, so it has ended.
const standing = `s.ended_at = 0 AND s.expires_at > $3 AND p.ended_at = 0 AND p.left_at = 0 AND (s.parent = '' OR NOT EXISTS (
	WITH RECURSIVE line (id) AS (
		SELECT s.parent
		UNION
		SELECT a.parent FROM line JOIN sessions a ON a.id = line.id
		WHERE a.enterprise_id = s.enterprise_id AND a.parent <> ''
	)
	SELECT 1 FROM line LEFT JOIN sessions a ON a.id = line.id AND a.enterprise_id = s.enterprise_id
	WHERE a.id IS NULL OR a.ended_at <> 0 OR a.expires_at <= $3))`

const standingSessions = `SELECT ` + sessionColumns + ` FROM sessions s
	JOIN people p ON p.id = s.person_id AND p.enterprise_id = s.enterprise_id
	WHERE s.enterprise_id = $1 AND ` + standing

var (
	selectSession         = reads(standingSessions + ` AND s.id = $2`)
	selectSessionByCookie = reads(standingSessions + ` AND s.cookie_hash = $2 AND s.cookie_hash <> ''`)
	selectSessionsOf      = reads(standingSessions + ` AND s.person_id = $2 ORDER BY s.created_at, s.id`)

	upsertSession = writes(`INSERT INTO sessions (id, enterprise_id, person_id, cookie_hash, parent, client, device,
			auth_time, proven_at, created_at, last_seen, expires_at, ended_at, upstream, upstream_sid, new_device, new_device_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id, cookie_hash = excluded.cookie_hash,
			parent = excluded.parent, client = excluded.client, device = excluded.device,
			auth_time = excluded.auth_time, proven_at = excluded.proven_at, last_seen = excluded.last_seen,
			expires_at = excluded.expires_at, ended_at = excluded.ended_at, upstream = excluded.upstream,
			upstream_sid = excluded.upstream_sid, new_device = excluded.new_device, new_device_at = excluded.new_device_at
		WHERE sessions.enterprise_id = excluded.enterprise_id AND sessions.ended_at = 0`)

	touchSession = writes(`UPDATE sessions SET last_seen = $4,
			proven_at = CASE WHEN $3 > proven_at THEN $3 ELSE proven_at END
		WHERE enterprise_id = $1 AND id = $2 AND ended_at = 0`)

	proveSessions = writes(`UPDATE sessions SET upstream = $4,
			proven_at = CASE WHEN $3 > proven_at THEN $3 ELSE proven_at END
		WHERE enterprise_id = $1 AND person_id = $2 AND ended_at = 0 AND expires_at > $3`)

	extendSession = writes(`UPDATE sessions SET expires_at = $4
		WHERE enterprise_id = $1 AND id = $2 AND ended_at = 0 AND expires_at > $3`)
)

// sessionInto returns where a row's columns go.
func sessionInto(s *server.Session) []any {
	return []any{
		&s.ID, &s.EnterpriseID, &s.PersonID, &s.CookieHash, &s.Parent, &s.Client, &s.Device, at(&s.AuthTime),
		at(&s.ProvenAt), at(&s.CreatedAt), at(&s.LastSeen), at(&s.ExpiresAt), at(&s.EndedAt), &s.Upstream,
		&s.UpstreamSID, &s.NewDevice, at(&s.NewDeviceAt),
	}
}

func scanSession(row scanner) (s server.Session, err error) {
	err = row.Scan(sessionInto(&s)...)
	return s, err
}

// Session implements [server.Sessions].
func (s *Store) Session(ctx context.Context, enterprise, id string, now time.Time) (server.Session, error) {
	return one(ctx, s, "session", selectSession, scanSession, enterprise, id, ms(now))
}

// SessionByCookie implements [server.Sessions].
func (s *Store) SessionByCookie(ctx context.Context, enterprise, cookieHash string, now time.Time) (server.Session, error) {
	return one(ctx, s, "session by cookie", selectSessionByCookie, scanSession, enterprise, cookieHash, ms(now))
}

// SessionsOf implements [server.Sessions], oldest first.
func (s *Store) SessionsOf(ctx context.Context, enterprise, person string, now time.Time) ([]server.Session, error) {
	return many(ctx, s, "sessions of person", selectSessionsOf, scanSession, enterprise, person, ms(now))
}

// SaveSession implements [server.Sessions]: it inserts or replaces. What has ended
// stays ended: replacing it is auth.ErrConflict.
func (s *Store) SaveSession(ctx context.Context, v server.Session) error {
	return saveSession(ctx, s.exec, v)
}

func saveSession(ctx context.Context, exec execer, v server.Session) error {
	n, err := exec(ctx, upsertSession, v.ID, v.EnterpriseID, v.PersonID, v.CookieHash, v.Parent, v.Client,
		text(v.Device), ms(v.AuthTime), ms(v.ProvenAt), ms(v.CreatedAt), ms(v.LastSeen), ms(v.ExpiresAt),
		ms(v.EndedAt), v.Upstream, v.UpstreamSID, text(v.NewDevice), ms(v.NewDeviceAt))
	return saved("session", n, err)
}

// BeginSession implements [server.Sessions].
func (s *Store) BeginSession(ctx context.Context, v server.Session, others bool, line server.SignIn) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		if others {
			if err := prove(ctx, t.exec, v.EnterpriseID, v.PersonID, v.ProvenAt, v.Upstream); err != nil {
				return err
			}
		}
		if err := saveSession(ctx, t.exec, v); err != nil {
			return err
		}
		return recordSignIn(ctx, t.exec, line)
	})
}

// TouchSession implements [server.Sessions]. A zero provenAt, or one older than the
// kept, changes nothing but LastSeen.
func (s *Store) TouchSession(ctx context.Context, enterprise, id string, provenAt, now time.Time) error {
	n, err := s.exec(ctx, touchSession, enterprise, id, ms(provenAt), ms(now))
	return found("touch session", n, err)
}

// ProveSessions implements [server.Sessions].
func (s *Store) ProveSessions(ctx context.Context, enterprise, person string, provenAt time.Time, upstream []byte) error {
	return prove(ctx, s.exec, enterprise, person, provenAt, upstream)
}

func prove(ctx context.Context, exec execer, enterprise, person string, provenAt time.Time, upstream []byte) error {
	if _, err := exec(ctx, proveSessions, enterprise, person, ms(provenAt), upstream); err != nil {
		return fmt.Errorf("prove sessions of person: %w", err)
	}
	return nil
}

// ExtendSession implements [server.Sessions].
func (s *Store) ExtendSession(ctx context.Context, enterprise, id string, expires, now time.Time) error {
	n, err := s.exec(ctx, extendSession, enterprise, id, ms(now), ms(expires))
	return found("extend session", n, err)
}

// EndSession implements [server.Sessions]. Ending what has ended or never was is no error.
func (s *Store) EndSession(ctx context.Context, enterprise, id string, now time.Time) error {
	if err := s.end(ctx, endSession, enterprise, id, now); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndSessionsOf implements [server.Sessions], children and tokens included.
func (s *Store) EndSessionsOf(ctx context.Context, enterprise, person string, now time.Time) error {
	if err := s.end(ctx, endSessionsOf, enterprise, person, now); err != nil {
		return fmt.Errorf("end sessions of person: %w", err)
	}
	return nil
}
