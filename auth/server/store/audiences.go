package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// keysAtOnce is how many of a person's keys one statement compares; hardly anybody is in
// more groups.
const keysAtOnce = 8

// anyOf is the list of a person's keys from parameter first on.
func anyOf(first int) string {
	list := make([]string, keysAtOnce)
	for i := range list {
		list[i] = "$" + strconv.Itoa(first+i)
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// membersAtOnce is how many members one statement saves: a long list is written while
// everybody else waits, so it is written quickly.
const membersAtOnce = 16

const memberColumns = `enterprise_id, app_id, member, position, account, group_name, carries`

// insertMembers is a statement that saves n members of one audience.
func insertMembers(n int) writing {
	rows := make([]string, n)
	for i := range rows {
		p := 3 + 5*i
		rows[i] = fmt.Sprintf("($1, $2, $%d, $%d, $%d, $%d, $%d)", p, p+1, p+2, p+3, p+4)
	}
	return writes(`INSERT INTO audience_members (` + memberColumns + `) VALUES ` + strings.Join(rows, ", "))
}

// A person's row of an audience, if there is one, beside the audience.
const admissions = `SELECT a.app_id, a.everyone, COALESCE(m.member, ''), COALESCE(m.carries, 'null') FROM audiences a
	LEFT JOIN audience_members m ON m.enterprise_id = a.enterprise_id AND m.app_id = a.app_id AND m.member IN `

var (
	selectAudience = reads(`SELECT enterprise_id, app_id, everyone, updated_at FROM audiences WHERE enterprise_id = $1 AND app_id = $2`)

	selectMembers = reads(`SELECT account, group_name, carries FROM audience_members
		WHERE enterprise_id = $1 AND app_id = $2 ORDER BY position`)

	upsertAudience = writes(`INSERT INTO audiences (enterprise_id, app_id, everyone, updated_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (enterprise_id, app_id) DO UPDATE SET everyone = excluded.everyone, updated_at = excluded.updated_at`)

	deleteAudience = writes(`DELETE FROM audiences WHERE enterprise_id = $1 AND app_id = $2`)
	deleteMembers  = writes(`DELETE FROM audience_members WHERE enterprise_id = $1 AND app_id = $2`)

	insertMember      = insertMembers(1)
	insertManyMembers = insertMembers(membersAtOnce)

	selectAdmission = reads(admissions + anyOf(3) + ` WHERE a.enterprise_id = $1 AND a.app_id = $2`)

	// Every audience, and apart from that every row of the person: asked for app by app,
	// hundreds of apps would cost as many look-ups for each key.
	selectAdmissions = reads(`SELECT app_id, everyone, '', 'null' FROM audiences WHERE enterprise_id = $1
		UNION ALL SELECT app_id, FALSE, member, carries FROM audience_members
			WHERE enterprise_id = $1 AND member IN ` + anyOf(2))

	selectClientAdmissions = reads(`SELECT p.id, COALESCE(a.everyone, TRUE), COALESCE(m.member, ''), COALESCE(m.carries, 'null')
		FROM apps p LEFT JOIN audiences a ON a.enterprise_id = p.enterprise_id AND a.app_id = p.id
		LEFT JOIN audience_members m ON m.enterprise_id = a.enterprise_id AND m.app_id = a.app_id AND m.member IN ` + anyOf(3) + `
		WHERE p.enterprise_id = $1 AND (p.client_id = $2 OR (p.id = $2 AND p.client_id = ''))`)
)

func scanAudience(row scanner) (a server.Audience, err error) {
	err = row.Scan(&a.EnterpriseID, &a.AppID, &a.Everyone, at(&a.UpdatedAt))
	return a, err
}

func scanMember(row scanner) (m server.Member, err error) {
	err = row.Scan(&m.Account, &m.Group, decode(&m.Values))
	return m, err
}

// admitted is one row of one person: of an audience or of a membership in it.
type admitted struct {
	app      string
	everyone bool
	member   string // "": the person is none
	values   map[string]string
}

func scanAdmitted(row scanner) (a admitted, err error) {
	err = row.Scan(&a.app, &a.everyone, &a.member, decode(&a.values))
	return a, err
}

// Audience implements [server.Audiences], its members in the order they were saved in.
func (s *Store) Audience(ctx context.Context, enterprise, app string) (server.Audience, error) {
	a, err := one(ctx, s, "audience", selectAudience, scanAudience, enterprise, app)
	if errors.Is(err, auth.ErrNotFound) {
		return server.Audience{EnterpriseID: enterprise, AppID: app, Everyone: true}, nil
	}
	if err != nil {
		return a, err
	}
	a.Members, err = many(ctx, s, "members", selectMembers, scanMember, enterprise, app)
	return a, err
}

// SaveAudience implements [server.Audiences], in one transaction. A member that is named
// twice is kept as it was named first.
func (s *Store) SaveAudience(ctx context.Context, a server.Audience) error {
	rows, err := memberRows(a)
	if err != nil {
		return fmt.Errorf("save audience: %w", err)
	}
	return s.setUp(ctx, func(ctx context.Context, t transaction) error {
		n, err := t.exec(ctx, upsertAudience, a.EnterpriseID, a.AppID, a.Everyone, ms(a.UpdatedAt))
		if err := saved("audience", n, err); err != nil {
			return err
		}
		if _, err := t.exec(ctx, deleteMembers, a.EnterpriseID, a.AppID); err != nil {
			return fmt.Errorf("save audience: %w", err)
		}
		for len(rows) > 0 {
			insert, n := insertMember, 1
			if len(rows) >= membersAtOnce {
				insert, n = insertManyMembers, membersAtOnce
			}
			args := append([]any{a.EnterpriseID, a.AppID}, slices.Concat(rows[:n]...)...)
			if _, err := t.exec(ctx, insert, args...); err != nil {
				return fmt.Errorf("save members: %w", err)
			}
			rows = rows[n:]
		}
		return nil
	})
}

// memberRows are the values of an audience's members, each one once.
func memberRows(a server.Audience) ([][]any, error) {
	rows, known := make([][]any, 0, len(a.Members)), make(map[string]bool, len(a.Members))
	for i, m := range a.Members {
		m.Account, m.Group = text(m.Account), text(m.Group)
		key := m.Key()
		switch {
		case m.Account != "" && m.Group != "":
			return nil, fmt.Errorf("member %d is a person and a group: %w", i+1, auth.ErrUsage)
		case len(key) == len("a:"):
			return nil, fmt.Errorf("member %d has no name: %w", i+1, auth.ErrUsage)
		case !known[key]:
			known[key] = true
			rows = append(rows, []any{key, i, m.Account, m.Group, encoded(m.Values)})
		}
	}
	return rows, nil
}

// Admission implements [server.Audiences].
func (s *Store) Admission(ctx context.Context, p server.Person, app string) (server.Admission, error) {
	all, err := s.admissions(ctx, p, selectAdmission, p.EnterpriseID, app)
	if a, there := all[app]; there || err != nil {
		return a, err
	}
	return server.Admission{Allowed: true}, nil
}

// Admissions implements [server.Audiences].
func (s *Store) Admissions(ctx context.Context, p server.Person) (map[string]server.Admission, error) {
	return s.admissions(ctx, p, selectAdmissions, p.EnterpriseID)
}

// ClientAdmission implements [server.Audiences]. Its values are those of one app that the
// person may open, the first by id.
func (s *Store) ClientAdmission(ctx context.Context, p server.Person, client string) (server.Admission, error) {
	all, err := s.admissions(ctx, p, selectClientAdmissions, p.EnterpriseID, client)
	if err != nil || len(all) == 0 {
		return server.Admission{Allowed: err == nil}, err
	}
	first, found := "", false
	for app, a := range all {
		if a.Allowed && (!found || app < first) {
			first, found = app, true
		}
	}
	return all[first], nil
}

// admissions asks a statement that ends with a person's keys, as often as it takes.
func (s *Store) admissions(ctx context.Context, p server.Person, r reading, args ...any) (map[string]server.Admission, error) {
	keys := p.MemberKeys()
	rank := make(map[string]int, len(keys))
	for i, key := range keys {
		rank[key] = i
	}
	var rows []admitted
	for first := true; first || len(keys) > 0; first = false {
		all := slices.Clone(args)
		for i := range keysAtOnce {
			key := ""
			if i < len(keys) {
				key = keys[i]
			}
			all = append(all, key)
		}
		keys = keys[min(keysAtOnce, len(keys)):]
		some, err := many(ctx, s, "admissions", r, scanAdmitted, all...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	// The person's own row comes last, so that its values beat a group's.
	slices.SortStableFunc(rows, func(a, b admitted) int { return rank[b.member] - rank[a.member] })
	return together(rows), nil
}

// together joins what is known of each app.
func together(rows []admitted) map[string]server.Admission {
	apps := map[string]server.Admission{}
	for _, row := range rows {
		a, there := apps[row.app]
		if !there {
			a.Allowed = row.everyone
		}
		a.Allowed = a.Allowed || row.everyone || row.member != ""
		for name, value := range row.values {
			if a.Values == nil {
				a.Values = map[string]string{}
			}
			a.Values[name] = value
		}
		apps[row.app] = a
	}
	return apps
}
