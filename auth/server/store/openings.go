package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const openingColumns = `id, enterprise_id, app_id, person_id, session_id, outcome, happened_at, took`

// outcome sets what became of the opening $2; $3 is the outcome, $4 the present time.
// What a person says of it stands.
const outcome = `UPDATE openings SET outcome = $3, took = CASE WHEN $4 > happened_at THEN $4 - happened_at ELSE 0 END
	WHERE enterprise_id = $1 AND id = $2 AND outcome <> '` + server.OpeningAsked + `'`

// onTheWay is an opening of which nothing more is known than that the browser left.
const onTheWay = `outcome IN ('` + server.OpeningLinked + `', '` + server.OpeningPosted + `')`

var (
	upsertOpening = writes(`INSERT INTO openings (` + openingColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET app_id = excluded.app_id, person_id = excluded.person_id,
			session_id = excluded.session_id, outcome = excluded.outcome, happened_at = excluded.happened_at, took = excluded.took
		WHERE openings.enterprise_id = excluded.enterprise_id`)

	selectOpening = reads(`SELECT ` + openingColumns + ` FROM openings WHERE enterprise_id = $1 AND id = $2`)

	markOpening = writes(outcome)
	markAsked   = writes(`UPDATE openings SET outcome = '` + server.OpeningAsked + `' WHERE enterprise_id = $1 AND id = $2`)

	newestOfClient = reads(`SELECT id FROM openings WHERE enterprise_id = $1 AND person_id = $2 AND happened_at >= $4 AND ` + onTheWay + `
		AND app_id IN (SELECT id FROM apps WHERE enterprise_id = $1 AND (client_id = $3 OR (id = $3 AND client_id = '')))
		ORDER BY happened_at DESC, id LIMIT 1`)

	newestOfSession = reads(`SELECT o.id FROM openings o WHERE o.enterprise_id = $1
		AND o.person_id = (SELECT person_id FROM sessions WHERE id = $2 AND enterprise_id = $1)
		AND o.session_id = $2 AND o.happened_at >= $3 AND ` + onTheWay + `
		ORDER BY o.happened_at DESC, o.id LIMIT 1`)

	selectRates = reads(`SELECT app_id, outcome, COUNT(*) FROM openings WHERE enterprise_id = $1 AND happened_at >= $2
		GROUP BY app_id, outcome ORDER BY app_id, outcome`)

	findOpenings = reads(`SELECT ` + openingColumns + ` FROM openings
		WHERE enterprise_id = $1 AND happened_at >= $2 AND ($3 = '' OR app_id = $3)
		ORDER BY happened_at DESC, id LIMIT $4 OFFSET $5`)
)

func scanOpening(row scanner) (o server.Opening, err error) {
	var took int64
	err = row.Scan(&o.ID, &o.EnterpriseID, &o.AppID, &o.PersonID, &o.SessionID, &o.Outcome, at(&o.At), &took)
	o.Took = time.Duration(took) * time.Millisecond
	return o, err
}

// RecordOpening implements [server.Openings].
func (s *Store) RecordOpening(ctx context.Context, o server.Opening) error {
	n, err := s.exec(ctx, upsertOpening, o.ID, o.EnterpriseID, o.AppID, o.PersonID, o.SessionID, o.Outcome, ms(o.At), o.Took.Milliseconds())
	return saved("opening", n, err)
}

// Opening implements [server.Openings].
func (s *Store) Opening(ctx context.Context, enterprise, id string) (server.Opening, error) {
	return one(ctx, s, "opening", selectOpening, scanOpening, enterprise, id)
}

// MarkOpening implements [server.Openings].
func (s *Store) MarkOpening(ctx context.Context, enterprise, id, outcome string, now time.Time) error {
	if outcome == server.OpeningAsked {
		n, err := s.exec(ctx, markAsked, enterprise, id)
		return found("mark opening", n, err)
	}
	n, err := s.exec(ctx, markOpening, enterprise, id, outcome, ms(now))
	if err == nil && n == 0 { // none, or one that the person has spoken of
		_, err = s.Opening(ctx, enterprise, id)
	}
	if err != nil {
		return fmt.Errorf("mark opening: %w", err)
	}
	return nil
}

// MarkBack implements [server.Openings]. It reads before it writes: most sign-ins of apps
// follow no opening, and then nobody waits for a writer.
func (s *Store) MarkBack(ctx context.Context, enterprise, person, client, outcome string, since, now time.Time) error {
	return s.markFound(ctx, newestOfClient, enterprise, outcome, now, enterprise, person, client, ms(since))
}

// MarkSession implements [server.Openings].
func (s *Store) MarkSession(ctx context.Context, enterprise, session, outcome string, since, now time.Time) error {
	return s.markFound(ctx, newestOfSession, enterprise, outcome, now, enterprise, session, ms(since))
}

func (s *Store) markFound(ctx context.Context, r reading, enterprise, outcome string, now time.Time, args ...any) error {
	id, err := one(ctx, s, "opening", r, scanKeyOnly, args...)
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.MarkOpening(ctx, enterprise, id, outcome, now)
}

// OpeningRates implements [server.Openings].
func (s *Store) OpeningRates(ctx context.Context, enterprise string, since time.Time) ([]server.OpeningRate, error) {
	type row struct {
		app, outcome string
		count        int
	}
	rows, err := many(ctx, s, "opening rates", selectRates, func(r scanner) (v row, err error) {
		err = r.Scan(&v.app, &v.outcome, &v.count)
		return v, err
	}, enterprise, ms(since))
	var rates []server.OpeningRate
	for _, r := range rows {
		if len(rates) == 0 || rates[len(rates)-1].AppID != r.app {
			rates = append(rates, server.OpeningRate{AppID: r.app, Count: map[string]int{}})
		}
		rates[len(rates)-1].Count[r.outcome] = r.count
	}
	return rates, err
}

// FindOpenings implements [server.Openings].
func (s *Store) FindOpenings(ctx context.Context, enterprise, app string, since time.Time, limit, offset int) ([]server.Opening, error) {
	return many(ctx, s, "openings", findOpenings, scanOpening, enterprise, ms(since), app, most(limit), offset)
}
