package store

import (
	"context"

	"lanyard/auth/server"
)

const clientColumns = `enterprise_id, id, name, secret_hash, redirect_uris, logout_uris, alg, created_at, farewell, three`

var (
	selectClient  = reads(`SELECT ` + clientColumns + ` FROM clients WHERE enterprise_id = $1 AND id = $2`)
	selectClients = reads(`SELECT ` + clientColumns + ` FROM clients WHERE enterprise_id = $1 ORDER BY id`)

	upsertClient = writes(`INSERT INTO clients (` + clientColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (enterprise_id, id) DO UPDATE SET name = excluded.name, secret_hash = excluded.secret_hash,
			redirect_uris = excluded.redirect_uris, logout_uris = excluded.logout_uris, alg = excluded.alg,
			farewell = excluded.farewell, three = excluded.three`)

	deleteClient = writes(`DELETE FROM clients WHERE enterprise_id = $1 AND id = $2`)
)

func scanClient(row scanner) (c server.Client, err error) {
	err = row.Scan(&c.EnterpriseID, &c.ID, &c.Name, &c.SecretHash, decode(&c.RedirectURIs), decode(&c.LogoutURIs),
		&c.Alg, at(&c.CreatedAt), &c.Farewell, decode(&c.Three))
	return c, err
}

// Client implements [server.Clients].
func (s *Store) Client(ctx context.Context, enterprise, id string) (server.Client, error) {
	return one(ctx, s, "client", selectClient, scanClient, enterprise, id)
}

// ListClients implements [server.Clients], by id.
func (s *Store) ListClients(ctx context.Context, enterprise string) ([]server.Client, error) {
	return many(ctx, s, "clients", selectClients, scanClient, enterprise)
}

// SaveClient implements [server.Clients]: it inserts or replaces.
func (s *Store) SaveClient(ctx context.Context, c server.Client) error {
	n, err := s.exec(ctx, upsertClient, c.EnterpriseID, c.ID, c.Name, c.SecretHash, encoded(c.RedirectURIs),
		encoded(c.LogoutURIs), c.Alg, ms(c.CreatedAt), c.Farewell, encoded(c.Three))
	return saved("client", n, err)
}

// DeleteClient implements [server.Clients].
func (s *Store) DeleteClient(ctx context.Context, enterprise, id string) error {
	n, err := s.exec(ctx, deleteClient, enterprise, id)
	return found("delete client", n, err)
}
