package store

import (
	"context"

	"lanyard/auth/server"
)

const flowColumns = `hash, enterprise_id, connector_id, cookie_hash, return_to, reference, created_at, expires_at, sealed`

var (
	insertFlow = writes(`INSERT INTO flows (` + flowColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	takeFlow   = writes(`DELETE FROM flows WHERE hash = $1 RETURNING ` + flowColumns)
)

func scanFlow(row scanner) (f server.Flow, err error) {
	err = row.Scan(&f.Hash, &f.EnterpriseID, &f.ConnectorID, &f.CookieHash, &f.Return, &f.Reference,
		at(&f.CreatedAt), at(&f.ExpiresAt), &f.Sealed)
	return f, err
}

// SaveFlow implements [server.Flows].
func (s *Store) SaveFlow(ctx context.Context, f server.Flow) error {
	n, err := s.exec(ctx, insertFlow, f.Hash, f.EnterpriseID, f.ConnectorID, f.CookieHash, text(f.Return),
		f.Reference, ms(f.CreatedAt), ms(f.ExpiresAt), f.Sealed)
	return saved("flow", n, err)
}

// TakeFlow implements [server.Flows]. The caller judges ExpiresAt.
func (s *Store) TakeFlow(ctx context.Context, stateHash string) (server.Flow, error) {
	return changedOne(ctx, s, "flow", takeFlow, scanFlow, stateHash)
}
