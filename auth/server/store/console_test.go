package store_test

import (
	"errors"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

func testAdmins(t *testing.T, s *store.Store) {
	company(t, s)
	op := server.Admin{ID: "op", Name: "admin", Role: server.RoleOperator, PasswordHash: "$argon2id$", CreatedAt: now, LastSeen: now}
	zhang := server.Admin{ID: "a1", EnterpriseID: acme, PersonID: "zhang", Name: "张三", Role: server.RoleHelpDesk, CreatedAt: now}
	must(t, s.SaveAdmin(ctx(t), op))
	must(t, s.SaveAdmin(ctx(t), zhang))
	want(t, "by id", op)(s.Admin(ctx(t), "op"))
	want(t, "by name", op)(s.AdminByName(ctx(t), "admin"))
	want(t, "by person", zhang)(s.AdminByPerson(ctx(t), acme, "zhang"))
	wantErr(t, "a person has no name to sign in with", second(s.AdminByName(ctx(t), "张三")), auth.ErrNotFound)
	wantErr(t, "the same person elsewhere", second(s.AdminByPerson(ctx(t), other, "zhang")), auth.ErrNotFound)
	wantErr(t, "an operator is no person", second(s.AdminByPerson(ctx(t), "", "")), auth.ErrNotFound)
	want(t, "of an enterprise", []server.Admin{zhang})(s.ListAdmins(ctx(t), acme))
	want(t, "operators", []server.Admin{op})(s.ListAdmins(ctx(t), ""))

	wantErr(t, "same name", s.SaveAdmin(ctx(t), server.Admin{ID: "op2", Name: "admin"}), auth.ErrConflict)
	wantErr(t, "same person", s.SaveAdmin(ctx(t), server.Admin{ID: "a2", EnterpriseID: acme, PersonID: "zhang"}), auth.ErrConflict)
	wantErr(t, "another enterprise's id", s.SaveAdmin(ctx(t), server.Admin{ID: "a1", EnterpriseID: other, PersonID: "li"}), auth.ErrConflict)
	zhang.Role = server.RoleAdministrator
	must(t, s.SaveAdmin(ctx(t), zhang))
	want(t, "replaced", zhang)(s.Admin(ctx(t), "a1"))

	wantErr(t, "delete another enterprise's", s.DeleteAdmin(ctx(t), other, "a1"), auth.ErrNotFound)
	must(t, s.DeleteAdmin(ctx(t), acme, "a1"))
	wantErr(t, "deleted", second(s.Admin(ctx(t), "a1")), auth.ErrNotFound)
}

func testAdminLinks(t *testing.T, s *store.Store) {
	must(t, s.SaveAdminLink(ctx(t), server.AdminLink{Hash: "h", CreatedAt: now, ExpiresAt: now.Add(time.Minute)}))
	must(t, s.SaveAdminLink(ctx(t), server.AdminLink{Hash: "old", CreatedAt: now, ExpiresAt: now}))
	wantErr(t, "expired", s.UseAdminLink(ctx(t), "old", now), auth.ErrNotFound)
	wantErr(t, "unknown", s.UseAdminLink(ctx(t), "x", now), auth.ErrNotFound)
	oneWinner(t, atOnce(16, func(int) error { return s.UseAdminLink(ctx(t), "h", now) }), auth.ErrNotFound)
}

func testAdminSessions(t *testing.T, s *store.Store) {
	company(t, s)
	admin := server.Admin{ID: "op", Name: "admin", Role: server.RoleOperator, PasswordHash: "$argon2id$"}
	helper := server.Admin{ID: "a1", EnterpriseID: acme, PersonID: "zhang", Role: server.RoleHelpDesk}
	must(t, s.SaveAdmin(ctx(t), admin))
	must(t, s.SaveAdmin(ctx(t), helper))
	op := server.AdminSession{ID: "s1", AdminID: "op", CookieHash: "c1", ByLink: true, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
	zhang := server.AdminSession{ID: "s2", AdminID: "a1", CookieHash: "c2", EnterpriseID: acme, ExpiresAt: now.Add(time.Hour)}
	must(t, s.OpenAdminSession(ctx(t), admin, op))
	helper.Name, helper.LastSeen = "张三", now
	must(t, s.OpenAdminSession(ctx(t), helper, zhang))
	want(t, "was here", helper)(s.Admin(ctx(t), "a1"))
	want(t, "kept", op)(s.AdminSession(ctx(t), "c1", now))
	want(t, "a person's", zhang)(s.AdminSession(ctx(t), "c2", now))
	wantErr(t, "expired", second(s.AdminSession(ctx(t), "c1", now.Add(time.Hour))), auth.ErrNotFound)

	op.EnterpriseID, op.ByLink, op.LastSeen = other, false, now.Add(time.Minute)
	change := func() []error { // each its own part, in whichever order
		return []error{
			s.ProveAdminSession(ctx(t), "s1"), s.TouchAdminSession(ctx(t), "s1", op.LastSeen), s.MoveAdminSession(ctx(t), "s1", other),
		}
	}
	must(t, errors.Join(change()...))
	want(t, "changed", op)(s.AdminSession(ctx(t), "c1", now))
	want(t, "another's", zhang)(s.AdminSession(ctx(t), "c2", now))
	wantErr(t, "opened twice", s.OpenAdminSession(ctx(t), admin, op), auth.ErrConflict)
	for what, was := range map[string]server.Admin{
		"by an old password": {ID: "op", Role: server.RoleOperator, PasswordHash: "$old$"},
		"in an old role":     {ID: "a1", EnterpriseID: acme, PersonID: "zhang", Role: server.RoleAdministrator},
		"by nobody":          {ID: "a2", EnterpriseID: acme, PersonID: "zhang", Role: server.RoleHelpDesk},
	} {
		v := server.AdminSession{ID: what, AdminID: was.ID, CookieHash: what, ExpiresAt: now.Add(time.Hour)}
		wantErr(t, what, s.OpenAdminSession(ctx(t), was, v), auth.ErrConflict)
		wantErr(t, what, second(s.AdminSession(ctx(t), what, now)), auth.ErrNotFound)
	}

	must(t, s.EndPerson(ctx(t), acme, "zhang", now))
	wantErr(t, "of a leaver", second(s.AdminSession(ctx(t), "c2", now)), auth.ErrNotFound)
	must(t, s.RestorePerson(ctx(t), acme, "zhang"))
	must(t, s.LeavePerson(ctx(t), acme, "zhang", now))
	wantErr(t, "of who has left, says the company", second(s.AdminSession(ctx(t), "c2", now)), auth.ErrNotFound)
	person, err := s.Person(ctx(t), acme, "zhang")
	must(t, err)
	must(t, second(s.UpsertPerson(ctx(t), person)))
	want(t, "of who is back", zhang)(s.AdminSession(ctx(t), "c2", now))
	must(t, s.DeleteAdmin(ctx(t), acme, "a1"))
	wantErr(t, "of nobody", second(s.AdminSession(ctx(t), "c2", now)), auth.ErrNotFound)

	second2 := op
	second2.ID, second2.CookieHash = "s3", "c3"
	must(t, s.OpenAdminSession(ctx(t), admin, second2))
	must(t, s.EndAdminSessionsOf(ctx(t), "op", "s3"))
	wantErr(t, "ended with the others", second(s.AdminSession(ctx(t), "c1", now)), auth.ErrNotFound)
	want(t, "but this one", second2)(s.AdminSession(ctx(t), "c3", now))
	// A page that found it before it ended does not bring it back.
	for _, err := range change() {
		wantErr(t, "change what has ended", err, auth.ErrConflict)
	}
	wantErr(t, "changed after its end", second(s.AdminSession(ctx(t), "c1", now)), auth.ErrNotFound)
	must(t, s.EndAdminSession(ctx(t), "s3"))
	must(t, s.EndAdminSession(ctx(t), "s3"))
	wantErr(t, "ended", second(s.AdminSession(ctx(t), "c3", now)), auth.ErrNotFound)
}

func testAudits(t *testing.T, s *store.Store) {
	line := func(id, enterprise, object string, at time.Time) server.Audit {
		a := server.Audit{
			ID: id, EnterpriseID: enterprise, AdminID: "op", Actor: "Admin", Action: "app.saved", Object: object,
			Detail: "100% 笔记", At: at,
		}
		must(t, s.RecordAudit(ctx(t), a))
		return a
	}
	a1 := line("1", acme, "Notes", now)
	a2 := line("2", acme, "wiki_x", now.Add(time.Second))
	srv := line("3", "", "admin", now.Add(2*time.Second))
	line("4", other, "Notes", now)

	find := func(f server.AuditFilter) ([]server.Audit, error) { return s.FindAudits(ctx(t), f) }
	want(t, "newest first", []server.Audit{a2, a1})(find(server.AuditFilter{EnterpriseID: acme}))
	want(t, "with the server's", []server.Audit{srv, a2, a1})(find(server.AuditFilter{EnterpriseID: acme, Server: true}))
	want(t, "by text", []server.Audit{a1})(find(server.AuditFilter{EnterpriseID: acme, Text: "nOTes"}))
	want(t, "wildcards are text", []server.Audit(nil))(find(server.AuditFilter{EnterpriseID: acme, Text: "wiki%"}))
	want(t, "so is _", []server.Audit{a2})(find(server.AuditFilter{EnterpriseID: acme, Text: "i_x"}))
	want(t, "since", []server.Audit{a2})(find(server.AuditFilter{EnterpriseID: acme, Since: now.Add(time.Millisecond)}))
	want(t, "until", []server.Audit{a1})(find(server.AuditFilter{EnterpriseID: acme, Until: now.Add(time.Millisecond)}))
	want(t, "second page", []server.Audit{a1})(find(server.AuditFilter{EnterpriseID: acme, Limit: 1, Offset: 1}))

	must(t, s.Sweep(ctx(t), now.Add(190*24*time.Hour)))
	want(t, "190 days", []server.Audit{a2})(find(server.AuditFilter{EnterpriseID: acme}))
	s.KeepAudit = time.Hour
	must(t, s.Sweep(ctx(t), now.Add(2*time.Hour)))
	want(t, "as long as it is set", []server.Audit(nil))(find(server.AuditFilter{EnterpriseID: acme, Server: true}))
}

func testDrafts(t *testing.T, s *store.Store) {
	d := server.Draft{EnterpriseID: acme, Kind: server.DraftNext, Sealed: []byte{1, 0}, UpdatedAt: now}
	old := server.Draft{EnterpriseID: acme, Kind: server.DraftPrevious, Sealed: []byte{2}, UpdatedAt: now}
	wantErr(t, "none", second(s.Draft(ctx(t), acme, server.DraftNext)), auth.ErrNotFound)
	must(t, s.SaveDraft(ctx(t), d))
	must(t, s.SaveDraft(ctx(t), old))
	want(t, "kept", d)(s.Draft(ctx(t), acme, server.DraftNext))
	want(t, "of nobody", []server.Draft{d})(s.DraftsOfNobody(ctx(t)))
	wantErr(t, "another enterprise's", second(s.Draft(ctx(t), other, server.DraftNext)), auth.ErrNotFound)
	d.Sealed, d.UpdatedAt = []byte{3}, now.Add(time.Second)
	must(t, s.SaveDraft(ctx(t), d))
	want(t, "replaced", d)(s.Draft(ctx(t), acme, server.DraftNext))
	company(t, s)
	later := server.Draft{EnterpriseID: "nobody", Kind: server.DraftNext, Sealed: []byte{4}, UpdatedAt: now.Add(time.Minute)}
	must(t, s.SaveDraft(ctx(t), later))
	want(t, "of nobody, with an enterprise beside it", []server.Draft{later})(s.DraftsOfNobody(ctx(t)))

	must(t, s.Sweep(ctx(t), now.Add(100*24*time.Hour)))
	wantErr(t, "forgotten", second(s.Draft(ctx(t), acme, server.DraftNext)), auth.ErrNotFound)
	want(t, "what served before is not", old)(s.Draft(ctx(t), acme, server.DraftPrevious))
	must(t, s.DeleteDraft(ctx(t), acme, server.DraftPrevious))
	must(t, s.DeleteDraft(ctx(t), acme, server.DraftPrevious))
	wantErr(t, "deleted", second(s.Draft(ctx(t), acme, server.DraftPrevious)), auth.ErrNotFound)
}

func testFindSignIns(t *testing.T, s *store.Store) {
	company(t, s)
	var lines []server.SignIn
	for i, v := range []server.SignIn{
		{Reference: "1", PersonID: "zhang", AppID: "notes", Stage: "person"},
		{Reference: "2", Stage: "token", Fault: auth.ProviderSecret},
		{Reference: "3", Stage: "token", Fault: auth.ProviderSecret, AppID: "wiki"},
		{Reference: "4", Stage: "callback", Fault: auth.SignInDenied},
	} {
		v.EnterpriseID, v.At = acme, now.Add(time.Duration(i)*time.Second)
		must(t, s.RecordSignIn(ctx(t), v))
		lines = append(lines, v)
	}
	must(t, s.RecordSignIn(ctx(t), server.SignIn{Reference: "1", EnterpriseID: other, PersonID: "li", Stage: "person", At: now}))
	pick := func(at ...int) []server.SignIn {
		var out []server.SignIn
		for _, i := range at {
			out = append(out, lines[i])
		}
		return out
	}
	for name, row := range map[string]struct {
		f    server.SignInFilter
		want []server.SignIn
	}{
		"all":          {server.SignInFilter{}, pick(3, 2, 1, 0)},
		"page":         {server.SignInFilter{Limit: 2, Offset: 1}, pick(2, 1)},
		"reference":    {server.SignInFilter{Reference: "1"}, pick(0)},
		"person":       {server.SignInFilter{PersonID: "zhang"}, pick(0)},
		"person name":  {server.SignInFilter{Person: "张"}, pick(0)},
		"nobody":       {server.SignInFilter{Person: "李四"}, nil},
		"app":          {server.SignInFilter{AppID: "wiki"}, pick(2)},
		"failed":       {server.SignInFilter{Failed: true}, pick(3, 2, 1)},
		"cause, stage": {server.SignInFilter{Fault: auth.ProviderSecret, Stage: "token"}, pick(2, 1)},
		"since":        {server.SignInFilter{Since: now.Add(2 * time.Second)}, pick(3, 2)},
	} {
		want(t, name, row.want)(s.FindSignIns(ctx(t), acme, row.f))
	}
	want(t, "causes", []server.SignInCause{
		{Fault: auth.ProviderSecret, Stage: "token", Count: 2, Last: lines[2].At},
		{Fault: auth.SignInDenied, Stage: "callback", Count: 1, Last: lines[3].At},
	})(s.SignInCauses(ctx(t), acme, now.Add(time.Second)))
}

func testFindPeople(t *testing.T, s *store.Store) {
	zhang, _ := company(t, s)
	wang, err := s.UpsertPerson(ctx(t), server.Person{
		ID: "wang", EnterpriseID: acme, Key: "k2", Account: "W-4711", Name: "Wang Wu", Email: "wang_wu@acme.com", LastSeen: now,
	})
	must(t, err)
	find := func(text string, limit, offset int) ([]server.Person, error) {
		return s.FindPeople(ctx(t), acme, text, limit, offset)
	}
	want(t, "last seen first", []server.Person{wang, zhang})(find("", 0, 0))
	want(t, "by name", []server.Person{wang})(find("wang w", 0, 0))
	want(t, "by account", []server.Person{wang})(find("w-47", 0, 0))
	want(t, "by address", []server.Person{wang})(find("g_wu@", 0, 0))
	want(t, "wildcards are text", []server.Person(nil))(find("w%u", 0, 0))
	want(t, "second page", []server.Person{zhang})(find("", 1, 1))
	want(t, "number", 2)(s.CountPeople(ctx(t), acme))

	must(t, s.EndPerson(ctx(t), acme, "wang", now))
	wantErr(t, "restore another enterprise's", s.RestorePerson(ctx(t), other, "wang"), auth.ErrNotFound)
	must(t, s.RestorePerson(ctx(t), acme, "wang"))
	want(t, "restored", wang)(s.Person(ctx(t), acme, "wang"))
}
