package store

import (
	"context"

	"lanyard/auth/server"
)

var _ server.Codes = (*Store)(nil)

var (
	selectCodesOf = reads(`SELECT code FROM codes WHERE enterprise_id = $1 AND (until = 0 OR until > $2)
		ORDER BY CASE until WHEN 0 THEN 0 ELSE 1 END, until DESC, code`)

	selectSignedByCode = reads(`SELECT e.id, e.document_version, CASE WHEN e.document IS NULL THEN 0 ELSE e.document_expires END
		FROM codes c JOIN enterprises e ON e.id = c.enterprise_id
		WHERE c.hash = $1 AND (c.until = 0 OR c.until > $2)`)

	selectPublicCodes = reads(`SELECT code FROM enterprises WHERE public ORDER BY code LIMIT $1`)
)

func scanEnterpriseCode(row scanner) (code string, err error) {
	err = row.Scan(&code)
	return code, err
}

func scanSigned(row scanner) (d server.Signed, err error) {
	err = row.Scan(&d.EnterpriseID, &d.Version, at(&d.Expires))
	return d, err
}

// SignedByCode implements [server.Codes].
func (s *Store) SignedByCode(ctx context.Context, codeHash string) (server.Signed, error) {
	return one(ctx, s, "document by code", selectSignedByCode, scanSigned, codeHash, ms(s.now()))
}

// CodesOf implements [server.Codes].
func (s *Store) CodesOf(ctx context.Context, enterprise string) ([]string, error) {
	return many(ctx, s, "codes", selectCodesOf, scanEnterpriseCode, enterprise, ms(s.now()))
}

// PublicCodes implements [server.Codes].
func (s *Store) PublicCodes(ctx context.Context, limit int) ([]string, error) {
	return many(ctx, s, "public codes", selectPublicCodes, scanEnterpriseCode, limit)
}
