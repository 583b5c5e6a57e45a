package store

import (
	"context"
	"strings"
	"time"

	"lanyard/auth/server"
)

const personColumns = `id, enterprise_id, key, name, email, email_verified, created_at, last_seen, ended_at, ` +
	`left_at, account, avatar, groups, authoritative`

// personColumnsOf are the same of a join's people p.
var personColumnsOf = "p." + strings.ReplaceAll(personColumns, ", ", ", p.")

var (
	selectPerson = reads(`SELECT ` + personColumns + ` FROM people WHERE enterprise_id = $1 AND id = $2`)

	upsertPerson = writes(`INSERT INTO people (` + personColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10, $11, $12)
		ON CONFLICT (enterprise_id, key) DO UPDATE SET name = excluded.name, email = excluded.email,
			email_verified = excluded.email_verified, last_seen = excluded.last_seen, avatar = excluded.avatar,
			account = excluded.account, groups = excluded.groups,
			authoritative = excluded.authoritative, left_at = 0
		RETURNING ` + personColumns)

	endPerson   = writes(`UPDATE people SET ended_at = $3 WHERE enterprise_id = $1 AND id = $2`)
	leavePerson = writes(`UPDATE people SET left_at = $3 WHERE enterprise_id = $1 AND id = $2`)
)

// personInto returns where a row's columns go.
func personInto(p *server.Person) []any {
	return []any{
		&p.ID, &p.EnterpriseID, &p.Key, &p.Name, &p.Email, &p.EmailVerified, at(&p.CreatedAt),
		at(&p.LastSeen), at(&p.EndedAt), at(&p.LeftAt), &p.Account, &p.Avatar, decode(&p.Groups), decode(&p.Authoritative),
	}
}

func scanPerson(row scanner) (p server.Person, err error) {
	err = row.Scan(personInto(&p)...)
	return p, err
}

// Person implements [server.People]. A person whose access has ended is found.
func (s *Store) Person(ctx context.Context, enterprise, id string) (server.Person, error) {
	return one(ctx, s, "person", selectPerson, scanPerson, enterprise, id)
}

// UpsertPerson implements [server.People]. It never gives back what an admin took:
// EndedAt stays. LeftAt was the upstream's word and so is this.
func (s *Store) UpsertPerson(ctx context.Context, p server.Person) (server.Person, error) {
	return changedOne(ctx, s, "person", upsertPerson, scanPerson, p.ID, p.EnterpriseID, p.Key, text(p.Name),
		text(p.Email), p.EmailVerified, ms(p.CreatedAt), ms(p.LastSeen), text(p.Account), text(p.Avatar),
		encoded(p.Groups), encoded(p.Authoritative))
}

// EndPerson implements [server.People]. The sessions end with what hangs on them;
// grants are found as before, but give nothing any more.
func (s *Store) EndPerson(ctx context.Context, enterprise, id string, now time.Time) error {
	return s.signOut(ctx, endPerson, enterprise, id, now)
}

// LeavePerson implements [server.People].
func (s *Store) LeavePerson(ctx context.Context, enterprise, id string, now time.Time) error {
	return s.signOut(ctx, leavePerson, enterprise, id, now)
}

// signOut writes why a person has no access any more and ends their sessions.
func (s *Store) signOut(ctx context.Context, why writing, enterprise, id string, now time.Time) error {
	err := s.telling(ctx, func(ctx context.Context, t transaction) (bool, error) {
		n, err := t.exec(ctx, why, enterprise, id, ms(now))
		if err := found("end person", n, err); err != nil {
			return false, err
		}
		return t.end(ctx, endSessionsOf, enterprise, id, now)
	})
	s.hasSetUp()
	return err
}
