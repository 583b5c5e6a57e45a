package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth/server"
)

const (
	adminColumns = `id, enterprise_id, person_id, name, role, created_at, last_seen, password_hash`

	adminSessionColumns = `s.id, s.admin_id, s.cookie_hash, s.enterprise_id, s.by_link, s.created_at, s.last_seen, s.expires_at`
)

var (
	selectAdmin         = reads(`SELECT ` + adminColumns + ` FROM admins WHERE id = $1`)
	selectAdminByName   = reads(`SELECT ` + adminColumns + ` FROM admins WHERE name = $1 AND person_id = ''`)
	selectAdminByPerson = reads(`SELECT ` + adminColumns + ` FROM admins
		WHERE enterprise_id = $1 AND person_id = $2 AND person_id <> ''`)
	selectAdmins = reads(`SELECT ` + adminColumns + ` FROM admins WHERE enterprise_id = $1 ORDER BY name, id`)

	upsertAdmin = writes(`INSERT INTO admins (` + adminColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, last_seen = excluded.last_seen,
			password_hash = excluded.password_hash
		WHERE admins.enterprise_id = excluded.enterprise_id AND admins.person_id = excluded.person_id`)

	touchAdmin = writes(`UPDATE admins SET name = $2, last_seen = $3
		WHERE id = $1 AND password_hash = $4 AND role = $5`)

	deleteAdmin         = writes(`DELETE FROM admins WHERE enterprise_id = $1 AND id = $2`)
	deleteAdminSessions = writes(`DELETE FROM admin_sessions WHERE admin_id = $1 AND id <> $2`)

	insertAdminLink = writes(`INSERT INTO admin_links (hash, created_at, expires_at) VALUES ($1, $2, $3)`)
	deleteAdminLink = writes(`DELETE FROM admin_links WHERE hash = $1 AND expires_at > $2`)

	insertAdminSession = writes(`INSERT INTO admin_sessions (id, admin_id, cookie_hash, enterprise_id, by_link,
			created_at, last_seen, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	touchAdminSession  = writes(`UPDATE admin_sessions SET last_seen = $2 WHERE id = $1`)
	moveAdminSession   = writes(`UPDATE admin_sessions SET enterprise_id = $2 WHERE id = $1`)
	proveAdminSession  = writes(`UPDATE admin_sessions SET by_link = FALSE WHERE id = $1`)
	selectAdminSession = reads(`SELECT ` + adminSessionColumns + ` FROM admin_sessions s
		JOIN admins a ON a.id = s.admin_id
		LEFT JOIN people p ON p.id = a.person_id AND p.enterprise_id = a.enterprise_id
		WHERE s.cookie_hash = $1 AND s.expires_at > $2 AND (a.person_id = '' OR p.ended_at = 0 AND p.left_at = 0)`)
	deleteAdminSession = writes(`DELETE FROM admin_sessions WHERE id = $1`)
)

func scanAdmin(row scanner) (a server.Admin, err error) {
	err = row.Scan(&a.ID, &a.EnterpriseID, &a.PersonID, &a.Name, &a.Role, at(&a.CreatedAt), at(&a.LastSeen), &a.PasswordHash)
	return a, err
}

func scanAdminSession(row scanner) (s server.AdminSession, err error) {
	err = row.Scan(&s.ID, &s.AdminID, &s.CookieHash, &s.EnterpriseID, &s.ByLink, at(&s.CreatedAt), at(&s.LastSeen), at(&s.ExpiresAt))
	return s, err
}

// Admin implements [server.Admins].
func (s *Store) Admin(ctx context.Context, id string) (server.Admin, error) {
	return one(ctx, s, "admin", selectAdmin, scanAdmin, id)
}

// AdminByName implements [server.Admins].
func (s *Store) AdminByName(ctx context.Context, name string) (server.Admin, error) {
	return one(ctx, s, "admin by name", selectAdminByName, scanAdmin, text(name))
}

// AdminByPerson implements [server.Admins].
func (s *Store) AdminByPerson(ctx context.Context, enterprise, person string) (server.Admin, error) {
	return one(ctx, s, "admin by person", selectAdminByPerson, scanAdmin, enterprise, person)
}

// ListAdmins implements [server.Admins], by name.
func (s *Store) ListAdmins(ctx context.Context, enterprise string) ([]server.Admin, error) {
	return many(ctx, s, "admins", selectAdmins, scanAdmin, enterprise)
}

// SaveAdmin implements [server.Admins]: it inserts or replaces. A name or a person that
// is another admin's is auth.ErrConflict, and so is to change whose admin it is.
func (s *Store) SaveAdmin(ctx context.Context, a server.Admin) error {
	n, err := s.exec(ctx, upsertAdmin, a.ID, a.EnterpriseID, a.PersonID, text(a.Name), string(a.Role),
		ms(a.CreatedAt), ms(a.LastSeen), a.PasswordHash)
	return saved("admin", n, err)
}

// DeleteAdmin implements [server.Admins].
func (s *Store) DeleteAdmin(ctx context.Context, enterprise, id string) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, deleteAdmin, enterprise, id)
		if err := found("delete admin", n, err); err != nil {
			return err
		}
		_, err = t.exec(ctx, deleteAdminSessions, id, "")
		return err
	})
}

// SaveAdminLink implements [server.Admins].
func (s *Store) SaveAdminLink(ctx context.Context, l server.AdminLink) error {
	n, err := s.exec(ctx, insertAdminLink, l.Hash, ms(l.CreatedAt), ms(l.ExpiresAt))
	return saved("admin link", n, err)
}

// UseAdminLink implements [server.Admins].
func (s *Store) UseAdminLink(ctx context.Context, hash string, now time.Time) error {
	n, err := s.exec(ctx, deleteAdminLink, hash, ms(now))
	return found("use admin link", n, err)
}

// OpenAdminSession implements [server.Admins].
func (s *Store) OpenAdminSession(ctx context.Context, a server.Admin, v server.AdminSession) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, touchAdmin, a.ID, text(a.Name), ms(a.LastSeen), a.PasswordHash, string(a.Role))
		if err := saved("look of admin", n, err); err != nil {
			return err
		}
		n, err = t.exec(ctx, insertAdminSession, v.ID, a.ID, v.CookieHash, v.EnterpriseID, v.ByLink,
			ms(v.CreatedAt), ms(v.LastSeen), ms(v.ExpiresAt))
		return saved("admin session", n, err)
	})
}

// TouchAdminSession implements [server.Admins].
func (s *Store) TouchAdminSession(ctx context.Context, id string, now time.Time) error {
	n, err := s.exec(ctx, touchAdminSession, id, ms(now))
	return saved("look of admin session", n, err)
}

// MoveAdminSession implements [server.Admins].
func (s *Store) MoveAdminSession(ctx context.Context, id, enterprise string) error {
	n, err := s.exec(ctx, moveAdminSession, id, enterprise)
	return saved("enterprise of admin session", n, err)
}

// ProveAdminSession implements [server.Admins].
func (s *Store) ProveAdminSession(ctx context.Context, id string) error {
	n, err := s.exec(ctx, proveAdminSession, id)
	return saved("password of admin session", n, err)
}

// AdminSession implements [server.Admins].
func (s *Store) AdminSession(ctx context.Context, cookieHash string, now time.Time) (server.AdminSession, error) {
	return one(ctx, s, "admin session", selectAdminSession, scanAdminSession, cookieHash, ms(now))
}

// EndAdminSession implements [server.Admins]. Ending what has ended is no error.
func (s *Store) EndAdminSession(ctx context.Context, id string) error {
	if _, err := s.exec(ctx, deleteAdminSession, id); err != nil {
		return fmt.Errorf("end admin session: %w", err)
	}
	return nil
}

// EndAdminSessionsOf implements [server.Admins].
func (s *Store) EndAdminSessionsOf(ctx context.Context, admin, but string) error {
	if _, err := s.exec(ctx, deleteAdminSessions, admin, but); err != nil {
		return fmt.Errorf("end admin sessions: %w", err)
	}
	return nil
}
