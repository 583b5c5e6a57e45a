package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth/server"
)

const likePerson = `(lower(p.name) LIKE $%[1]d ESCAPE '\' OR lower(p.email) LIKE $%[1]d ESCAPE '\' OR lower(p.account) LIKE $%[1]d ESCAPE '\')`

var (
	findSignIns = reads(`SELECT ` + signInColumns + ` FROM sign_ins s
		WHERE enterprise_id = $1 AND happened_at >= $2
			AND ($3 = '' OR reference = $3) AND ($4 = '' OR person_id = $4) AND ($5 = '' OR app_id = $5)
			AND ($6 = 0 OR fault <> '') AND ($7 = '' OR fault = $7) AND ($8 = '' OR stage = $8)
			AND ($9 = '' OR EXISTS (SELECT 1 FROM people p
				WHERE p.id = s.person_id AND p.enterprise_id = s.enterprise_id AND ` + fmt.Sprintf(likePerson, 9) + `))
		ORDER BY happened_at DESC, reference LIMIT $10 OFFSET $11`)

	selectCauses = reads(`SELECT fault, stage, COUNT(*), MAX(happened_at) FROM sign_ins
		WHERE enterprise_id = $1 AND happened_at >= $2 GROUP BY fault, stage ORDER BY COUNT(*) DESC, fault, stage`)

	findPeople = reads(`SELECT ` + personColumns + ` FROM people p
		WHERE enterprise_id = $1 AND ($2 = '' OR ` + fmt.Sprintf(likePerson, 2) + `)
		ORDER BY last_seen DESC, id LIMIT $3 OFFSET $4`)

	countPeople = reads(`SELECT COUNT(*) FROM people WHERE enterprise_id = $1`)

	restorePerson = writes(`UPDATE people SET ended_at = 0 WHERE enterprise_id = $1 AND id = $2`)
)

func scanCause(row scanner) (c server.SignInCause, err error) {
	err = row.Scan(&c.Fault, &c.Stage, &c.Count, at(&c.Last))
	return c, err
}

func scanCount(row scanner) (n int, err error) {
	err = row.Scan(&n)
	return n, err
}

// FindSignIns implements [server.SignInLog].
func (s *Store) FindSignIns(ctx context.Context, enterprise string, f server.SignInFilter) ([]server.SignIn, error) {
	failed := 0
	if f.Failed {
		failed = 1
	}
	return many(ctx, s, "sign-ins", findSignIns, scanSignIn, enterprise, ms(f.Since), f.Reference, f.PersonID, f.AppID,
		failed, string(f.Fault), f.Stage, containing(f.Person), most(f.Limit), f.Offset)
}

// SignInCauses implements [server.SignInLog].
func (s *Store) SignInCauses(ctx context.Context, enterprise string, since time.Time) ([]server.SignInCause, error) {
	return many(ctx, s, "causes of sign-ins", selectCauses, scanCause, enterprise, ms(since))
}

// FindPeople implements [server.PeopleList].
func (s *Store) FindPeople(ctx context.Context, enterprise, part string, limit, offset int) ([]server.Person, error) {
	return many(ctx, s, "people", findPeople, scanPerson, enterprise, containing(part), most(limit), offset)
}

// CountPeople implements [server.PeopleList].
func (s *Store) CountPeople(ctx context.Context, enterprise string) (int, error) {
	return one(ctx, s, "number of people", countPeople, scanCount, enterprise)
}

// RestorePerson implements [server.PeopleList]. Sessions that ended stay ended.
func (s *Store) RestorePerson(ctx context.Context, enterprise, id string) error {
	return s.setUp(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, restorePerson, enterprise, id)
		return found("restore person", n, err)
	})
}
