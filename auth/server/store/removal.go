package store

import (
	"context"
	"time"

	"lanyard/auth/server"
)

var _ server.Removal = (*Store)(nil)

var (
	// countSessions has no use for its second value: standing takes the time as the third.
	countSessions = reads(`SELECT COUNT(*), COUNT(DISTINCT s.person_id) FROM sessions s
		JOIN people p ON p.id = s.person_id AND p.enterprise_id = s.enterprise_id
		WHERE s.enterprise_id = $1 AND s.id <> $2 AND ` + standing)

	deleteConnectors = writes(`DELETE FROM connectors WHERE enterprise_id = $1`)
	endAllSessions   = endingOf(`id <> $2`) // with an empty second value: all
)

// CountSessions implements [server.Removal].
func (s *Store) CountSessions(ctx context.Context, enterprise string, now time.Time) (sessions, people int, err error) {
	n, err := one(ctx, s, "count of sessions", countSessions, func(row scanner) (n [2]int, err error) {
		err = row.Scan(&n[0], &n[1])
		return n, err
	}, enterprise, "", ms(now))
	return n[0], n[1], err
}

// DeleteConnectors implements [server.Removal]. The applications are told of every session.
func (s *Store) DeleteConnectors(ctx context.Context, enterprise string, now time.Time) error {
	told := false
	err := s.setUp(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, deleteConnectors, enterprise)
		if err := found("delete connectors", n, err); err != nil {
			return err
		}
		told, err = t.end(ctx, endAllSessions, enterprise, "", now)
		return err
	})
	s.tell(told && err == nil)
	return err
}
