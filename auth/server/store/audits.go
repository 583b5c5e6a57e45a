package store

import (
	"context"
	"math"
	"strings"
	"time"

	"lanyard/auth/server"
)

const auditColumns = `id, enterprise_id, admin_id, actor, action, happened_at, object, detail`

var (
	insertAudit = writes(`INSERT INTO audits (` + auditColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)

	selectAudits = reads(`SELECT ` + auditColumns + ` FROM audits
		WHERE enterprise_id IN ($1, $2) AND happened_at >= $3 AND happened_at < $4
			AND ($5 = '' OR lower(actor) LIKE $5 ESCAPE '\' OR lower(action) LIKE $5 ESCAPE '\'
				OR lower(object) LIKE $5 ESCAPE '\' OR lower(detail) LIKE $5 ESCAPE '\')
		ORDER BY happened_at DESC, id LIMIT $6 OFFSET $7`)
)

func scanAudit(row scanner) (a server.Audit, err error) {
	err = row.Scan(&a.ID, &a.EnterpriseID, &a.AdminID, &a.Actor, &a.Action, at(&a.At), &a.Object, &a.Detail)
	return a, err
}

// RecordAudit implements [server.Audits].
func (s *Store) RecordAudit(ctx context.Context, a server.Audit) error {
	n, err := s.exec(ctx, insertAudit, a.ID, a.EnterpriseID, a.AdminID, text(a.Actor), a.Action, ms(a.At),
		text(a.Object), text(a.Detail))
	return saved("audit", n, err)
}

// FindAudits implements [server.Audits].
func (s *Store) FindAudits(ctx context.Context, f server.AuditFilter) ([]server.Audit, error) {
	also := f.EnterpriseID
	if f.Server {
		also = ""
	}
	return many(ctx, s, "audits", selectAudits, scanAudit, f.EnterpriseID, also, ms(f.Since), until(f.Until),
		containing(f.Text), most(f.Limit), f.Offset)
}

// containing is the LIKE pattern of what holds a text somewhere, "" for no choice.
func containing(part string) string {
	if part == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text(part))) + "%"
}

// most is a LIMIT; none is without.
func most(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt32
	}
	return int64(limit)
}

// until is the end of a span; none is without.
func until(t time.Time) int64 {
	if t.IsZero() {
		return math.MaxInt64
	}
	return ms(t)
}
