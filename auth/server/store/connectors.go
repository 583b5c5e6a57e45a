package store

import (
	"context"
	"encoding/json"
	"fmt"

	"lanyard/auth/server"
)

const connectorColumns = `id, enterprise_id, app_id, active, created_at, updated_at, document, sealed`

var (
	selectConnector        = reads(`SELECT ` + connectorColumns + ` FROM connectors WHERE id = $1`)
	selectConnectorByAppID = reads(`SELECT ` + connectorColumns + ` FROM connectors WHERE app_id = $1 AND app_id <> ''`)
	selectActiveConnector  = reads(`SELECT ` + connectorColumns + ` FROM connectors WHERE enterprise_id = $1 AND active`)

	// dropDocument has the signed document made anew; its row keeps other transactions of
	// the same enterprise waiting.
	dropDocument = writes(`UPDATE enterprises SET document = $2, document_expires = 0 WHERE id = $1`)

	deactivateOthers = writes(`UPDATE connectors SET active = FALSE WHERE enterprise_id = $1 AND id <> $2 AND active`)

	upsertConnector = writes(`INSERT INTO connectors (` + connectorColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET app_id = excluded.app_id, active = excluded.active,
			updated_at = excluded.updated_at, document = excluded.document, sealed = excluded.sealed
		WHERE connectors.enterprise_id = excluded.enterprise_id`)
)

func scanConnector(row scanner) (c server.Connector, err error) {
	var document string
	err = row.Scan(&c.ID, &c.EnterpriseID, &c.AppID, &c.Active, at(&c.CreatedAt), at(&c.UpdatedAt), &document, &c.Sealed)
	c.Document = json.RawMessage(document)
	return c, err
}

// Connector implements [server.Connectors].
func (s *Store) Connector(ctx context.Context, id string) (server.Connector, error) {
	return one(ctx, s, "connector", selectConnector, scanConnector, id)
}

// ConnectorByAppID implements [server.Connectors].
func (s *Store) ConnectorByAppID(ctx context.Context, appID string) (server.Connector, error) {
	return one(ctx, s, "connector by APPID", selectConnectorByAppID, scanConnector, appID)
}

// ActiveConnector implements [server.Connectors].
func (s *Store) ActiveConnector(ctx context.Context, enterprise string) (server.Connector, error) {
	return one(ctx, s, "active connector", selectActiveConnector, scanConnector, enterprise)
}

// SaveConnector implements [server.Connectors]. An APPID or an id that belongs to
// another connector is auth.ErrConflict; an unknown enterprise is auth.ErrNotFound. The
// enterprise's signed document goes in the same transaction: it may name the connector,
// and a server that dies here must not leave the new one behind the old one's document.
func (s *Store) SaveConnector(ctx context.Context, c server.Connector, with ...server.Draft) error {
	return s.setUp(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, dropDocument, c.EnterpriseID, []byte(nil))
		if err := found("save connector of enterprise", n, err); err != nil {
			return err
		}
		if c.Active {
			if _, err := t.exec(ctx, deactivateOthers, c.EnterpriseID, c.ID); err != nil {
				return fmt.Errorf("save connector: %w", err)
			}
		}
		n, err = t.exec(ctx, upsertConnector, c.ID, c.EnterpriseID, c.AppID, c.Active,
			ms(c.CreatedAt), ms(c.UpdatedAt), string(c.Document), c.Sealed)
		if err := saved("connector", n, err); err != nil {
			return err
		}
		for _, d := range with {
			n, err := t.exec(ctx, upsertDraft, d.EnterpriseID, d.Kind, ms(d.UpdatedAt), d.Sealed)
			if err := saved("draft", n, err); err != nil {
				return err
			}
		}
		return nil
	})
}
