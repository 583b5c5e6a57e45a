package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// How long expired things are kept, where the past still tells something.
const (
	keepGrants    = 24 * time.Hour      // a replayed code is recognised
	keepDevices   = 24 * time.Hour      // its device is told that it came too late
	keepFarewells = 7 * 24 * time.Hour  // long given up
	keepLaunches  = 24 * time.Hour      // a link's second presentation ends what the first made
	keepSessions  = 24 * time.Hour      // what hangs on them goes with them
	keepSignIns   = 90 * 24 * time.Hour // an administrator looks up a reference
	keepDrafts    = 90 * 24 * time.Hour // somebody began and never came back

	keepAudit = 190 * 24 * time.Hour // six months and a bit, unless Store.KeepAudit says otherwise
)

// sweepBatch is how many rows go in one transaction, so that no sign-in waits for the
// whole sweep.
const sweepBatch = 500

// A sweep finds by reading, which keeps nobody waiting, and then deletes by key.
type sweep struct {
	what   string
	find   reading // keys of the rows that go; $1 is the time by which they must have ended
	delete writing
	keep   time.Duration
}

var sweeps = []sweep{
	sweeping("flows", "hash", "expires_at <= $1", 0),
	sweeping("device_grants", "hash", "expires_at <= $1", keepDevices),
	sweeping("farewells", "id", "created_at <= $1", keepFarewells),
	sweeping("logout_tokens", "hash", "expires_at <= $1", 0),
	sweeping("launches", "hash", "expires_at <= $1", keepLaunches),
	sweeping("sessions", "id", "expires_at <= $1 OR (ended_at <> 0 AND ended_at <= $1)", keepSessions),
	sweeping("grants", "id", "code_expires <= $1 AND (used_at = 0 OR "+outlived+")", keepGrants),
	sweeping("codes", "hash", "until <> 0 AND until <= $1", 0),
	sweeping("sign_ins", "reference", "happened_at <= $1", keepSignIns),
	sweeping("admin_links", "hash", "expires_at <= $1", 0),
	sweeping("admin_sessions", "id", "expires_at <= $1", 0),
	sweeping("drafts", "enterprise_id", "kind = 'next' AND updated_at <= $1", keepDrafts),
	sweeping("audits", "id", "happened_at <= $1", keepAudit),
	sweeping("openings", "id", "happened_at <= $1", keepAudit),
}

// outlived are grants whose session is no more. Until then one that was used says which
// application is to be told when the session ends (see farewells.go), and a leaver's says
// why its refresh token no longer works, until that has expired.
const outlived = `NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_id)
	AND NOT (refresh_expires > $1 AND ` + personEnded + `)`

func sweeping(table, key, which string, keep time.Duration) sweep {
	return sweep{
		what: table,
		find: reads(fmt.Sprintf("SELECT DISTINCT %s FROM %s WHERE %s", key, table, which)),
		// Asked again, for a session may have been extended since.
		delete: writes(fmt.Sprintf("DELETE FROM %s WHERE %s = $2 AND (%s)", table, key, which)),
		keep:   keep,
	}
}

// Sweep implements [server.Housekeeping].
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	for _, w := range sweeps {
		keep := w.keep
		if w.keep == keepAudit && s.KeepAudit > 0 {
			keep = s.KeepAudit
		}
		before := ms(now.Add(-keep))
		keys, err := many(ctx, s, w.what, w.find, scanKeyOnly, before)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		for batch := range slices.Chunk(keys, sweepBatch) {
			if err := s.deleteAll(ctx, w.delete, before, batch); err != nil {
				return fmt.Errorf("sweep %s: %w", w.what, err)
			}
		}
	}
	return nil
}

func (s *Store) deleteAll(ctx context.Context, w writing, before int64, keys []string) error {
	return s.atomically(ctx, func(ctx context.Context, t transaction) error {
		for _, key := range keys {
			if _, err := t.exec(ctx, w, before, key); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanKeyOnly(row scanner) (key string, err error) {
	err = row.Scan(&key)
	return key, err
}
