package main

import (
	"context"

	"lanyard/auth/server"
)

// replaced notes that somebody else has signed in where a person was signed in before: an
// app that was just being opened there has got the wrong one.
func (s *service) replaced(ctx context.Context, old, next server.Session) {
	now := s.base.Time()
	if err := s.store.MarkSession(ctx, old.EnterpriseID, old.ID, server.OpeningAnother, now.Add(-openingLives), now); err != nil {
		s.log.WarnContext(ctx, "opening not marked", "enterprise", old.EnterpriseID, "session", next.ID, "err", err)
	}
}
