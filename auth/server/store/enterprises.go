package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// oldCode is how long a code still resolves after the enterprise took another.
const oldCode = 30 * 24 * time.Hour

const enterpriseColumns = `e.id, e.code, e.public, e.document_version, e.document_expires, e.created_at,
	e.updated_at, e.name, e.domains, e.help, e.logo, e.document, e.device,
	EXISTS (SELECT 1 FROM audiences a WHERE a.enterprise_id = e.id AND a.app_id = '' AND NOT a.everyone)`

var (
	selectEnterprise = reads(`SELECT ` + enterpriseColumns + ` FROM enterprises e WHERE e.id = $1`)

	selectEnterpriseByCode = reads(`SELECT ` + enterpriseColumns + ` FROM codes c
		JOIN enterprises e ON e.id = c.enterprise_id
		WHERE c.hash = $1 AND (c.until = 0 OR c.until > $2)`)

	selectEnterprises = reads(`SELECT ` + enterpriseColumns + ` FROM enterprises e ORDER BY e.code, e.id`)

	upsertEnterprise = writes(`INSERT INTO enterprises (id, code, public, document_version, document_expires,
			created_at, updated_at, name, domains, help, logo, document, device)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, public = excluded.public,
			document_version = excluded.document_version, document_expires = excluded.document_expires,
			updated_at = excluded.updated_at, name = excluded.name, domains = excluded.domains,
			help = excluded.help, logo = excluded.logo, document = excluded.document, device = excluded.device`)

	// A code that lapsed may be taken by anybody, any other only by its own enterprise.
	takeCode = writes(`INSERT INTO codes (hash, code, enterprise_id, until) VALUES ($1, $2, $3, 0)
		ON CONFLICT (hash) DO UPDATE SET enterprise_id = excluded.enterprise_id, until = 0
		WHERE codes.enterprise_id = excluded.enterprise_id OR (codes.until <> 0 AND codes.until <= $4)`)

	leaveCodes = writes(`UPDATE codes SET until = $3 WHERE enterprise_id = $1 AND hash <> $2 AND until = 0`)

	// An older document never replaces a newer one that another instance has signed.
	updateDocument = writes(`UPDATE enterprises SET document_version = $2, document = $3, document_expires = $4
		WHERE id = $1 AND document_version < $2`)
)

func scanEnterprise(row scanner) (e server.Enterprise, err error) {
	err = row.Scan(&e.ID, &e.Code, &e.Public, &e.DocumentVersion, at(&e.DocumentExpires), at(&e.CreatedAt),
		at(&e.UpdatedAt), decode(&e.Name), decode(&e.Domains), decode(&e.Help), &e.Logo, &e.Document, &e.Device, &e.Listed)
	return e, err
}

// Enterprise implements [server.Enterprises].
func (s *Store) Enterprise(ctx context.Context, id string) (server.Enterprise, error) {
	return one(ctx, s, "enterprise", selectEnterprise, scanEnterprise, id)
}

// EnterpriseByCode implements [server.Enterprises]. A code that the enterprise has
// left resolves for 30 days more.
func (s *Store) EnterpriseByCode(ctx context.Context, codeHash string) (server.Enterprise, error) {
	return one(ctx, s, "enterprise by code", selectEnterpriseByCode, scanEnterprise, codeHash, ms(s.now()))
}

// ListEnterprises implements [server.Enterprises].
func (s *Store) ListEnterprises(ctx context.Context) ([]server.Enterprise, error) {
	return many(ctx, s, "enterprises", selectEnterprises, scanEnterprise)
}

// SaveEnterprise implements [server.Enterprises]. What it replaces keeps its CreatedAt.
func (s *Store) SaveEnterprise(ctx context.Context, e server.Enterprise) error {
	if e.ID == "" || e.Code == "" {
		return fmt.Errorf("save enterprise: id or code is empty: %w", auth.BadInput)
	}
	now, hash := s.now(), server.Hash(e.Code)
	return s.setUp(ctx, func(ctx context.Context, t transaction) error {
		_, err := t.exec(ctx, upsertEnterprise, e.ID, e.Code, e.Public, e.DocumentVersion, ms(e.DocumentExpires),
			ms(e.CreatedAt), ms(e.UpdatedAt), encoded(e.Name), encoded(e.Domains), encoded(e.Help), e.Logo, e.Document, e.Device)
		if err != nil {
			return fmt.Errorf("save enterprise: %w", err)
		}
		n, err := t.exec(ctx, takeCode, hash, e.Code, e.ID, ms(now))
		if err := saved("enterprise code", n, err); err != nil {
			return err
		}
		if _, err := t.exec(ctx, leaveCodes, e.ID, hash, ms(now.Add(oldCode))); err != nil {
			return fmt.Errorf("save enterprise code: %w", err)
		}
		return nil
	})
}

// SaveDocument implements [server.Enterprises]. A version that is not newer than the
// kept one is auth.ErrConflict.
func (s *Store) SaveDocument(ctx context.Context, id string, version int64, jws []byte, expires time.Time) error {
	n, err := s.exec(ctx, updateDocument, id, version, jws, ms(expires))
	s.hasSetUp()
	if err == nil && n == 0 {
		if _, err := s.Enterprise(ctx, id); err != nil {
			return err
		}
	}
	return saved("document", n, err)
}
