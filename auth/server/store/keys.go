package store

import (
	"context"

	"lanyard/auth/server"
)

const keyColumns = `enterprise_id, id, key_use, alg, created_at, retire_at, public, sealed`

var (
	selectKeys = reads(`SELECT ` + keyColumns + ` FROM signing_keys WHERE enterprise_id = $1 AND key_use = $2
		ORDER BY created_at, id`)

	upsertKey = writes(`INSERT INTO signing_keys (` + keyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (enterprise_id, id) DO UPDATE SET key_use = excluded.key_use, alg = excluded.alg,
			retire_at = excluded.retire_at, public = excluded.public, sealed = excluded.sealed`)
)

func scanKey(row scanner) (k server.Key, err error) {
	err = row.Scan(&k.EnterpriseID, &k.ID, &k.Use, &k.Alg, at(&k.CreatedAt), at(&k.RetireAt), &k.Public, &k.Sealed)
	return k, err
}

// Keys implements [server.Keys], oldest first, retired ones included.
func (s *Store) Keys(ctx context.Context, enterprise, use string) ([]server.Key, error) {
	return many(ctx, s, "keys", selectKeys, scanKey, enterprise, use)
}

// SaveKey implements [server.Keys]: it inserts or replaces.
func (s *Store) SaveKey(ctx context.Context, k server.Key) error {
	n, err := s.exec(ctx, upsertKey, k.EnterpriseID, k.ID, k.Use, k.Alg, ms(k.CreatedAt), ms(k.RetireAt), k.Public, k.Sealed)
	return saved("key", n, err)
}
