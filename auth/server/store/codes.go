package store

import (
	"context"

	"lanyard/auth/server"
)

var _ server.Codes = (*Store)(nil)

var (
	selectCodesOf = reads(`SELECT code FROM codes WHERE enterprise_id = $1 AND (until = 0 OR until > $2)
		ORDER BY CASE until WHEN 0 THEN 0 ELSE 1 END, until DESC, code`)

	selectPublicCodes = reads(`SELECT code FROM enterprises WHERE public ORDER BY code LIMIT $1`)
)

func scanEnterpriseCode(row scanner) (code string, err error) {
	err = row.Scan(&code)
	return code, err
}

// CodesOf implements [server.Codes].
func (s *Store) CodesOf(ctx context.Context, enterprise string) ([]string, error) {
	return many(ctx, s, "codes", selectCodesOf, scanEnterpriseCode, enterprise, ms(s.now()))
}

// PublicCodes implements [server.Codes].
func (s *Store) PublicCodes(ctx context.Context, limit int) ([]string, error) {
	return many(ctx, s, "public codes", selectPublicCodes, scanEnterpriseCode, limit)
}
