package store

import (
	"context"
	"fmt"
	"time"
)

// How long expired things are kept, where the past still tells something.
const (
	keepCodes    = 24 * time.Hour      // a replayed code is recognised
	keepLaunches = 24 * time.Hour      // a link's second presentation ends what the first made
	keepSessions = 24 * time.Hour      // longer than any child of theirs may live
	keepSignIns  = 90 * 24 * time.Hour // an administrator looks up a reference
)

// sweepBatch is how many rows one statement deletes, so that a sign-in never waits
// for the whole sweep.
const sweepBatch = 1000

type sweep struct {
	what string
	run  writing
	keep time.Duration
}

var sweeps = []sweep{
	{"flows", sweeping("flows", "hash", "expires_at <= $1"), 0},
	{"authorization codes", sweeping("authorization_codes", "hash", "expires_at <= $1"), keepCodes},
	{"access tokens", sweeping("access_tokens", "hash", "expires_at <= $1"), 0},
	{"refresh tokens", sweeping("refresh_tokens", "hash", "expires_at <= $1"), 0},
	{"launches", sweeping("launches", "hash", "expires_at <= $1"), keepLaunches},
	{"expired sessions", sweeping("sessions", "id", "expires_at <= $1"), keepSessions},
	{"ended sessions", sweeping("sessions", "id", "ended_at <> 0 AND ended_at <= $1"), keepSessions},
	{"enterprise codes", sweeping("codes", "hash", "until <> 0 AND until <= $1"), 0},
}

var (
	sweepSignIns = writes(`DELETE FROM sign_ins WHERE happened_at <= $1`)
	// Tokens that were saved while their family ended go before the mark that keeps them dead.
	sweepEndedAccess  = writes(`DELETE FROM access_tokens WHERE family IN (SELECT family FROM ended_families)`)
	sweepEndedRefresh = writes(`DELETE FROM refresh_tokens WHERE family IN (SELECT family FROM ended_families)`)
	sweepFamilies     = writes(`DELETE FROM ended_families WHERE ended_at <= $1`)
)

func sweeping(table, key, which string) writing {
	return writes(fmt.Sprintf(`DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT %[4]d)`,
		table, key, which, sweepBatch))
}

// Sweep implements [server.Housekeeping].
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	for _, w := range sweeps {
		for n := int64(sweepBatch); n == sweepBatch; {
			var err error
			if n, err = s.exec(ctx, w.run, ms(now.Add(-w.keep))); err != nil {
				return fmt.Errorf("sweep %s: %w", w.what, err)
			}
		}
	}
	if _, err := s.exec(ctx, sweepSignIns, ms(now.Add(-keepSignIns))); err != nil {
		return fmt.Errorf("sweep sign-ins: %w", err)
	}
	return s.sweepFamilies(ctx, now)
}

func (s *Store) sweepFamilies(ctx context.Context, now time.Time) error {
	for _, w := range []writing{sweepEndedAccess, sweepEndedRefresh} {
		if _, err := s.exec(ctx, w); err != nil {
			return fmt.Errorf("sweep tokens of ended families: %w", err)
		}
	}
	if _, err := s.exec(ctx, sweepFamilies, ms(now.Add(-24*time.Hour))); err != nil {
		return fmt.Errorf("sweep ended families: %w", err)
	}
	return nil
}
