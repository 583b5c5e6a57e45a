package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const launchColumns = `hash, id, enterprise_id, app_id, person_id, session_id, port, nonce, cookie_hash, child,
	created_at, expires_at, used_at`

var (
	insertLaunch = writes(`INSERT INTO launches (` + launchColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	selectLaunch = reads(`SELECT ` + launchColumns + ` FROM launches WHERE enterprise_id = $1 AND hash = $2`)

	bindLaunch = writes(`UPDATE launches SET cookie_hash = $3
		WHERE enterprise_id = $1 AND hash = $2 AND cookie_hash IN ('', $3) AND used_at = 0 AND expires_at > $4
		RETURNING ` + launchColumns)

	useLaunch = writes(`UPDATE launches SET used_at = $4, child = $3
		WHERE enterprise_id = $1 AND hash = $2 AND used_at = 0`)
)

func scanLaunch(row scanner) (l server.Launch, err error) {
	err = row.Scan(&l.Hash, &l.ID, &l.EnterpriseID, &l.AppID, &l.PersonID, &l.SessionID, &l.Port, &l.Nonce,
		&l.CookieHash, &l.Child, at(&l.CreatedAt), at(&l.ExpiresAt), at(&l.UsedAt))
	return l, err
}

// SaveLaunch implements [server.Launches].
func (s *Store) SaveLaunch(ctx context.Context, l server.Launch) error {
	n, err := s.exec(ctx, insertLaunch, l.Hash, l.ID, l.EnterpriseID, l.AppID, l.PersonID, l.SessionID, l.Port, l.Nonce,
		l.CookieHash, l.Child, ms(l.CreatedAt), ms(l.ExpiresAt), ms(l.UsedAt))
	return saved("launch", n, err)
}

// Launch implements [server.Launches], used and expired ones included.
func (s *Store) Launch(ctx context.Context, enterprise, hash string) (server.Launch, error) {
	return one(ctx, s, "launch", selectLaunch, scanLaunch, enterprise, hash)
}

// BindLaunch implements [server.Launches]. The browser that holds the link may present
// it again. The launch comes back with its errors too: auth.ErrConflict for another
// browser, auth.LinkUsed and auth.LinkExpired.
func (s *Store) BindLaunch(ctx context.Context, enterprise, hash, cookieHash string, now time.Time) (server.Launch, error) {
	l, err := changedOne(ctx, s, "launch", bindLaunch, scanLaunch, enterprise, hash, cookieHash, ms(now))
	if !errors.Is(err, auth.ErrNotFound) {
		return l, err
	}
	l, err = s.Launch(ctx, enterprise, hash)
	switch {
	case err != nil:
		return server.Launch{}, err
	case l.CookieHash != "" && l.CookieHash != cookieHash:
		return l, fmt.Errorf("bind launch held by another browser: %w", auth.ErrConflict)
	case !l.UsedAt.IsZero():
		return l, auth.LinkUsed
	default:
		return l, auth.LinkExpired
	}
}

// UseLaunch implements [server.Launches].
func (s *Store) UseLaunch(ctx context.Context, enterprise, hash, child string, now time.Time) error {
	n, err := s.exec(ctx, useLaunch, enterprise, hash, child, ms(now))
	if err == nil && n == 0 {
		if _, err := s.Launch(ctx, enterprise, hash); err != nil {
			return err
		}
	}
	return saved("use of launch", n, err)
}
