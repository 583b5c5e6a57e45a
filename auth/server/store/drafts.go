package store

import (
	"context"
	"fmt"

	"lanyard/auth/server"
)

var (
	selectDraft = reads(`SELECT enterprise_id, kind, updated_at, sealed FROM drafts WHERE enterprise_id = $1 AND kind = $2`)

	selectDraftsOfNobody = reads(`SELECT d.enterprise_id, d.kind, d.updated_at, d.sealed FROM drafts d
		WHERE d.kind = $1 AND NOT EXISTS (SELECT 1 FROM enterprises e WHERE e.id = d.enterprise_id)
		ORDER BY d.updated_at DESC, d.enterprise_id`)

	upsertDraft = writes(`INSERT INTO drafts (enterprise_id, kind, updated_at, sealed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (enterprise_id, kind) DO UPDATE SET updated_at = excluded.updated_at, sealed = excluded.sealed`)

	deleteDraft = writes(`DELETE FROM drafts WHERE enterprise_id = $1 AND kind = $2`)
)

func scanDraft(row scanner) (d server.Draft, err error) {
	err = row.Scan(&d.EnterpriseID, &d.Kind, at(&d.UpdatedAt), &d.Sealed)
	return d, err
}

// Draft implements [server.Drafts].
func (s *Store) Draft(ctx context.Context, enterprise, kind string) (server.Draft, error) {
	return one(ctx, s, "draft", selectDraft, scanDraft, enterprise, kind)
}

// DraftsOfNobody implements [server.Drafts].
func (s *Store) DraftsOfNobody(ctx context.Context) ([]server.Draft, error) {
	return many(ctx, s, "drafts", selectDraftsOfNobody, scanDraft, server.DraftNext)
}

// SaveDraft implements [server.Drafts].
func (s *Store) SaveDraft(ctx context.Context, d server.Draft) error {
	n, err := s.exec(ctx, upsertDraft, d.EnterpriseID, d.Kind, ms(d.UpdatedAt), d.Sealed)
	return saved("draft", n, err)
}

// DeleteDraft implements [server.Drafts]. Deleting what is not there is no error.
func (s *Store) DeleteDraft(ctx context.Context, enterprise, kind string) error {
	if _, err := s.exec(ctx, deleteDraft, enterprise, kind); err != nil {
		return fmt.Errorf("delete draft: %w", err)
	}
	return nil
}
