package store

import (
	"context"
	"encoding/json"
	"fmt"

	"lanyard/auth/server"
)

const appColumns = `enterprise_id, id, position, icon, plain, created_at, updated_at, client_id, title, launch, sealed`

var (
	selectApps = reads(`SELECT ` + appColumns + ` FROM apps WHERE enterprise_id = $1 ORDER BY position, id`)
	selectApp  = reads(`SELECT ` + appColumns + ` FROM apps WHERE enterprise_id = $1 AND id = $2`)

	upsertApp = writes(`INSERT INTO apps (` + appColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (enterprise_id, id) DO UPDATE SET position = excluded.position, icon = excluded.icon,
			plain = excluded.plain, updated_at = excluded.updated_at, client_id = excluded.client_id,
			title = excluded.title, launch = excluded.launch, sealed = excluded.sealed`)

	deleteApp = writes(`DELETE FROM apps WHERE enterprise_id = $1 AND id = $2`)

	selectIcon = reads(`SELECT sha256, media_type, data FROM icons WHERE enterprise_id = $1 AND sha256 = $2`)

	insertIcon = writes(`INSERT INTO icons (enterprise_id, sha256, media_type, data) VALUES ($1, $2, $3, $4)
		ON CONFLICT (enterprise_id, sha256) DO NOTHING`)
)

func scanApp(row scanner) (a server.App, err error) {
	var launch string
	err = row.Scan(&a.EnterpriseID, &a.ID, &a.Position, &a.Icon, &a.Plain, at(&a.CreatedAt), at(&a.UpdatedAt),
		&a.ClientID, decode(&a.Title), &launch, &a.Sealed)
	a.Launch = json.RawMessage(launch)
	return a, err
}

func scanIcon(row scanner) (i server.Icon, err error) {
	err = row.Scan(&i.SHA256, &i.MediaType, &i.Data)
	return i, err
}

// Apps implements [server.Catalogue], by position.
func (s *Store) Apps(ctx context.Context, enterprise string) ([]server.App, error) {
	return many(ctx, s, "apps", selectApps, scanApp, enterprise)
}

// App implements [server.Catalogue].
func (s *Store) App(ctx context.Context, enterprise, id string) (server.App, error) {
	return one(ctx, s, "app", selectApp, scanApp, enterprise, id)
}

// SaveApp implements [server.Catalogue]: it inserts or replaces.
func (s *Store) SaveApp(ctx context.Context, a server.App) error {
	n, err := s.exec(ctx, upsertApp, a.EnterpriseID, a.ID, a.Position, a.Icon, a.Plain, ms(a.CreatedAt), ms(a.UpdatedAt),
		a.ClientID, encoded(a.Title), string(a.Launch), a.Sealed)
	return saved("app", n, err)
}

// DeleteApp implements [server.Catalogue]. Its audience goes with it: a later app of the
// same name is not for the same people.
func (s *Store) DeleteApp(ctx context.Context, enterprise, id string) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, deleteApp, enterprise, id)
		if err := found("delete app", n, err); err != nil || id == "" {
			return err
		}
		for _, rows := range []writing{deleteAudience, deleteMembers} {
			if _, err := t.exec(ctx, rows, enterprise, id); err != nil {
				return fmt.Errorf("delete app: %w", err)
			}
		}
		return nil
	})
}

// Icon implements [server.Catalogue].
func (s *Store) Icon(ctx context.Context, enterprise, sha256 string) (server.Icon, error) {
	return one(ctx, s, "icon", selectIcon, scanIcon, enterprise, sha256)
}

// SaveIcon implements [server.Catalogue]. The name is the content's, so there is
// nothing to replace.
func (s *Store) SaveIcon(ctx context.Context, enterprise string, i server.Icon) error {
	_, err := s.exec(ctx, insertIcon, enterprise, i.SHA256, i.MediaType, i.Data)
	return saved("icon", 1, err)
}
