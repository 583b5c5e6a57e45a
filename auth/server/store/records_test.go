package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

func testEnterprises(t *testing.T, s *store.Store) {
	wantErr(t, "none", second(s.Enterprise(ctx(t), acme)), auth.ErrNotFound)
	want(t, "empty list", []server.Enterprise(nil))(s.ListEnterprises(ctx(t)))
	e := acmeRecord()
	must(t, s.SaveEnterprise(ctx(t), e))
	want(t, "kept", e)(s.Enterprise(ctx(t), acme))
	must(t, s.SaveEnterprise(ctx(t), otherRecord()))
	want(t, "kept with nothing", otherRecord())(s.Enterprise(ctx(t), other))
	want(t, "list", []server.Enterprise{e, otherRecord()})(s.ListEnterprises(ctx(t)))

	e.Name, e.Public, e.Domains, e.Document = auth.Text{"en": "Acme 2"}, false, nil, nil
	changed := e
	changed.CreatedAt = now.Add(time.Hour) // a replacement does not change when it began
	must(t, s.SaveEnterprise(ctx(t), changed))
	want(t, "replaced", e)(s.Enterprise(ctx(t), acme))

	wantErr(t, "no code", s.SaveEnterprise(ctx(t), server.Enterprise{Enterprise: auth.Enterprise{ID: "x"}}), auth.ErrUsage)
}

func testEnterpriseCodes(t *testing.T, s *store.Store) {
	clock := now
	s.Now = func() time.Time { return clock }
	first, second2 := acmeRecord(), otherRecord()
	must(t, s.SaveEnterprise(ctx(t), first))
	must(t, s.SaveEnterprise(ctx(t), second2))
	byCode := func(code string) (string, error) {
		e, err := s.EnterpriseByCode(ctx(t), server.Hash(code))
		return e.ID, err
	}
	want(t, "by code", acme)(byCode("acme"))
	wantErr(t, "unknown code", second(byCode("acmee")), auth.ErrNotFound)
	wantErr(t, "the code itself is no hash", second(s.EnterpriseByCode(ctx(t), "acme")), auth.ErrNotFound)

	taken := second2
	taken.Code, taken.Public = "acme", true
	wantErr(t, "another's code", s.SaveEnterprise(ctx(t), taken), auth.ErrConflict)
	want(t, "a refused save changes nothing", second2)(s.Enterprise(ctx(t), other))

	first.Code = "acme-group"
	must(t, s.SaveEnterprise(ctx(t), first))
	want(t, "new code", acme)(byCode("acme-group"))
	want(t, "old code", acme)(byCode("acme"))
	wantErr(t, "another's old code", s.SaveEnterprise(ctx(t), taken), auth.ErrConflict)
	first.Code = "acme"
	must(t, s.SaveEnterprise(ctx(t), first))
	want(t, "back again", acme)(byCode("acme"))
	first.Code = "acme-group"
	must(t, s.SaveEnterprise(ctx(t), first))

	clock = now.Add(31 * 24 * time.Hour)
	wantErr(t, "lapsed code", second(byCode("acme")), auth.ErrNotFound)
	want(t, "present code does not lapse", acme)(byCode("acme-group"))
	must(t, s.SaveEnterprise(ctx(t), taken))
	want(t, "lapsed code is free", other)(byCode("acme"))
}

func testEnterpriseCodesAtOnce(t *testing.T, s *store.Store) {
	oneWinner(t, atOnce(32, func(i int) error {
		return s.SaveEnterprise(ctx(t), server.Enterprise{Enterprise: auth.Enterprise{ID: id("e", i), Code: "acme"}})
	}), auth.ErrConflict)
	all, err := s.ListEnterprises(ctx(t))
	if err != nil || len(all) != 1 {
		t.Errorf("%d enterprises were saved, want the winner: %v", len(all), err)
	}
}

func testDocuments(t *testing.T, s *store.Store) {
	e := acmeRecord()
	must(t, s.SaveEnterprise(ctx(t), e))
	e.DocumentVersion, e.Document, e.DocumentExpires = 8, []byte("new"), now.Add(time.Minute)
	must(t, s.SaveDocument(ctx(t), acme, 8, e.Document, e.DocumentExpires))
	want(t, "kept", e)(s.Enterprise(ctx(t), acme))
	wantErr(t, "same version", s.SaveDocument(ctx(t), acme, 8, []byte("x"), now), auth.ErrConflict)
	wantErr(t, "older version", s.SaveDocument(ctx(t), acme, 7, []byte("x"), now), auth.ErrConflict)
	want(t, "not replaced", e)(s.Enterprise(ctx(t), acme))
	wantErr(t, "unknown", s.SaveDocument(ctx(t), other, 9, nil, now), auth.ErrNotFound)
}

func testConnectors(t *testing.T, s *store.Store) {
	company(t, s)
	a := server.Connector{
		ID: "a", EnterpriseID: acme, AppID: "AK1", Document: json.RawMessage(`{"id":"a"}`), Sealed: []byte{0, 255},
		Active: true, CreatedAt: now, UpdatedAt: now,
	}
	b := server.Connector{ID: "b", EnterpriseID: acme, Document: json.RawMessage(`{}`), Active: true}
	wantErr(t, "none", second(s.Connector(ctx(t), "a")), auth.ErrNotFound)
	wantErr(t, "none active", second(s.ActiveConnector(ctx(t), acme)), auth.ErrNotFound)
	must(t, s.SaveConnector(ctx(t), a))
	want(t, "kept", a)(s.Connector(ctx(t), "a"))
	want(t, "by APPID", a)(s.ConnectorByAppID(ctx(t), "AK1"))
	want(t, "active", a)(s.ActiveConnector(ctx(t), acme))
	wantErr(t, "another enterprise's", second(s.ActiveConnector(ctx(t), other)), auth.ErrNotFound)
	wantErr(t, "empty APPID", second(s.ConnectorByAppID(ctx(t), "")), auth.ErrNotFound)

	must(t, s.SaveDocument(ctx(t), acme, 1<<40, []byte("names a"), now))
	must(t, s.SaveConnector(ctx(t), b))
	want(t, "active switched", b)(s.ActiveConnector(ctx(t), acme))
	if e, err := s.Enterprise(ctx(t), acme); err != nil || len(e.Document) > 0 || !e.DocumentExpires.IsZero() || e.DocumentVersion != 1<<40 {
		t.Errorf("the document that names the old connector is still there: %q %v %v, %v", e.Document, e.DocumentExpires, e.DocumentVersion, err)
	}
	a.Active = false
	want(t, "the other is not", a)(s.Connector(ctx(t), "a"))
	must(t, s.SaveConnector(ctx(t), server.Connector{ID: "c", EnterpriseID: acme})) // a second without an APPID

	wantErr(t, "same APPID", s.SaveConnector(ctx(t), server.Connector{ID: "d", EnterpriseID: other, AppID: "AK1"}), auth.ErrConflict)
	kept := server.Draft{EnterpriseID: acme, Kind: server.DraftPrevious, UpdatedAt: now, Sealed: []byte("a")}
	must(t, s.SaveConnector(ctx(t), b, kept))
	want(t, "saved with it", kept)(s.Draft(ctx(t), acme, server.DraftPrevious))
	lost := kept
	lost.EnterpriseID = other
	wantErr(t, "another enterprise's id", s.SaveConnector(ctx(t), server.Connector{ID: "a", EnterpriseID: other}, lost), auth.ErrConflict)
	wantErr(t, "saved without it", second(s.Draft(ctx(t), other, server.DraftPrevious)), auth.ErrNotFound)
	wantErr(t, "no enterprise", s.SaveConnector(ctx(t), server.Connector{ID: "e", EnterpriseID: "none"}), auth.ErrNotFound)
	want(t, "untouched", a)(s.Connector(ctx(t), "a"))
}

func testConnectorsAtOnce(t *testing.T, s *store.Store) {
	company(t, s)
	for _, err := range atOnce(32, func(i int) error {
		return s.SaveConnector(ctx(t), server.Connector{ID: id("c", i), EnterpriseID: acme, Active: true})
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	active := 0
	for i := range 32 {
		c, err := s.Connector(ctx(t), id("c", i))
		must(t, err)
		if c.Active {
			active++
		}
	}
	if active != 1 {
		t.Errorf("%d connectors are active, want 1", active)
	}
}

func testPeople(t *testing.T, s *store.Store) {
	company(t, s)
	p := server.Person{
		ID: "p1", EnterpriseID: acme, Key: "key", Name: "王五", Email: "w@acme.com", EmailVerified: true,
		Avatar: "https://a.example/w.png", Groups: []string{"研发", "it"}, Authoritative: map[string]string{"employee": "007"},
		CreatedAt: now, LastSeen: now,
	}
	want(t, "inserted", p)(s.UpsertPerson(ctx(t), p))
	want(t, "kept", p)(s.Person(ctx(t), acme, "p1"))
	wantErr(t, "another enterprise's", second(s.Person(ctx(t), other, "p1")), auth.ErrNotFound)

	again := server.Person{ID: "p2", EnterpriseID: acme, Key: "key", Name: "王五五", CreatedAt: now.Add(time.Hour), LastSeen: now.Add(time.Hour)}
	stored := again
	stored.ID, stored.CreatedAt = "p1", now
	want(t, "found by key", stored)(s.UpsertPerson(ctx(t), again))
	twin := server.Person{ID: "p3", EnterpriseID: other, Key: "key"}
	want(t, "same key elsewhere is somebody else", twin)(s.UpsertPerson(ctx(t), twin))

	must(t, s.EndPerson(ctx(t), acme, "p1", now))
	stored.EndedAt = now
	want(t, "ended", stored)(s.Person(ctx(t), acme, "p1"))
	want(t, "a sign-in gives no access back", stored)(s.UpsertPerson(ctx(t), again))
	wantErr(t, "end another enterprise's", s.EndPerson(ctx(t), other, "p1", now), auth.ErrNotFound)
}

func testPeopleAtOnce(t *testing.T, s *store.Store) {
	company(t, s)
	ids := make([]string, 32)
	for _, err := range atOnce(32, func(i int) error {
		p, err := s.UpsertPerson(ctx(t), server.Person{ID: id("p", i), EnterpriseID: acme, Key: "same"})
		ids[i] = p.ID
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, got := range ids {
		if got != ids[0] {
			t.Errorf("one person has the ids %s and %s", got, ids[0])
		}
	}
}

func testFlows(t *testing.T, s *store.Store) {
	f := server.Flow{
		Hash: "h", EnterpriseID: acme, ConnectorID: "c", CookieHash: "k", Sealed: []byte("sealed"),
		Return: "/e/1/authorize?state=ü", Reference: "4829-1375", CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	must(t, s.SaveFlow(ctx(t), f))
	wantErr(t, "same state", s.SaveFlow(ctx(t), f), auth.ErrConflict)
	want(t, "taken", f)(s.TakeFlow(ctx(t), "h"))
	wantErr(t, "taken again", second(s.TakeFlow(ctx(t), "h")), auth.ErrNotFound)

	must(t, s.SaveFlow(ctx(t), f))
	oneWinner(t, atOnce(32, func(int) error { return second(s.TakeFlow(ctx(t), "h")) }), auth.ErrNotFound)
}

func testClients(t *testing.T, s *store.Store) {
	company(t, s)
	c := server.Client{
		ID: "notes", EnterpriseID: acme, Name: "笔记", SecretHash: "h", RedirectURIs: []string{"https://notes.example/cb?a=b&c=d"},
		LogoutURIs: []string{"https://notes.example/"}, Alg: "ES256", CreatedAt: now,
	}
	must(t, s.SaveClient(ctx(t), c))
	want(t, "kept", c)(s.Client(ctx(t), acme, "notes"))
	wantErr(t, "another enterprise's", second(s.Client(ctx(t), other, "notes")), auth.ErrNotFound)
	foreign := server.Client{ID: "notes", EnterpriseID: other}
	must(t, s.SaveClient(ctx(t), foreign))
	c.Name, c.RedirectURIs = "Notes", nil
	must(t, s.SaveClient(ctx(t), c))
	want(t, "replaced", c)(s.Client(ctx(t), acme, "notes"))
	want(t, "the other's stays", foreign)(s.Client(ctx(t), other, "notes"))
	want(t, "list", []server.Client{c})(s.ListClients(ctx(t), acme))
	must(t, s.DeleteClient(ctx(t), acme, "notes"))
	wantErr(t, "deleted", second(s.Client(ctx(t), acme, "notes")), auth.ErrNotFound)
	wantErr(t, "delete again", s.DeleteClient(ctx(t), acme, "notes"), auth.ErrNotFound)
	want(t, "the other's stays", foreign)(s.Client(ctx(t), other, "notes"))
}

func testKeys(t *testing.T, s *store.Store) {
	newer := server.Key{ID: "a", EnterpriseID: acme, Use: "id_token", Alg: "ES256", Sealed: []byte{1}, Public: []byte{2}, CreatedAt: now.Add(1e9)}
	older := server.Key{ID: "b", EnterpriseID: acme, Use: "id_token", Alg: "RS256", Sealed: []byte{3}, Public: []byte{4}, CreatedAt: now}
	root := server.Key{ID: "r", Use: "root", Alg: "EdDSA", CreatedAt: now}
	for _, k := range []server.Key{newer, older, root} {
		must(t, s.SaveKey(ctx(t), k))
	}
	want(t, "oldest first", []server.Key{older, newer})(s.Keys(ctx(t), acme, "id_token"))
	want(t, "the directory's", []server.Key{root})(s.Keys(ctx(t), "", "root"))
	want(t, "another enterprise's", []server.Key(nil))(s.Keys(ctx(t), other, "id_token"))
	older.RetireAt = now
	must(t, s.SaveKey(ctx(t), older))
	want(t, "retired", []server.Key{older, newer})(s.Keys(ctx(t), acme, "id_token"))
}

func testCatalogue(t *testing.T, s *store.Store) {
	company(t, s)
	notes := server.App{
		ID: "notes", EnterpriseID: acme, Title: auth.Text{"zh": "笔记"}, Icon: "abc", Launch: json.RawMessage(`{"kind":"link"}`),
		Plain: "https://notes.example/", Position: 2, CreatedAt: now, UpdatedAt: now,
	}
	first := server.App{ID: "zzz", EnterpriseID: acme, Launch: json.RawMessage(`{}`), Position: 1}
	must(t, s.SaveApp(ctx(t), notes))
	must(t, s.SaveApp(ctx(t), first))
	want(t, "kept", notes)(s.App(ctx(t), acme, "notes"))
	want(t, "by position", []server.App{first, notes})(s.Apps(ctx(t), acme))
	wantErr(t, "another enterprise's", second(s.App(ctx(t), other, "notes")), auth.ErrNotFound)
	want(t, "another enterprise's list", []server.App(nil))(s.Apps(ctx(t), other))
	notes.Plain = ""
	must(t, s.SaveApp(ctx(t), notes))
	want(t, "replaced", notes)(s.App(ctx(t), acme, "notes"))
	must(t, s.DeleteApp(ctx(t), acme, "notes"))
	wantErr(t, "deleted", s.DeleteApp(ctx(t), acme, "notes"), auth.ErrNotFound)

	icon := server.Icon{SHA256: "abc", MediaType: "image/png", Data: []byte{0, 1, 255}}
	must(t, s.SaveIcon(ctx(t), acme, icon))
	must(t, s.SaveIcon(ctx(t), acme, icon))
	want(t, "icon", icon)(s.Icon(ctx(t), acme, "abc"))
	wantErr(t, "another enterprise's icon", second(s.Icon(ctx(t), other, "abc")), auth.ErrNotFound)
}

func testSignIns(t *testing.T, s *store.Store) {
	first := server.SignIn{Reference: "4829-1375", EnterpriseID: acme, ConnectorID: "c", Stage: "token", Fault: auth.ProviderSecret, Detail: "10007 密钥", At: now}
	then := server.SignIn{Reference: "4829-1375", EnterpriseID: acme, PersonID: "zhang", Stage: "person", At: now.Add(time.Second)}
	must(t, s.RecordSignIn(ctx(t), then))
	must(t, s.RecordSignIn(ctx(t), first))
	want(t, "oldest first", []server.SignIn{first, then})(s.SignInsByReference(ctx(t), acme, "4829-1375"))
	want(t, "another enterprise's", []server.SignIn(nil))(s.SignInsByReference(ctx(t), other, "4829-1375"))
}

func testHostileText(t *testing.T, s *store.Store) {
	company(t, s)
	p, err := s.UpsertPerson(ctx(t), server.Person{ID: "p", EnterpriseID: acme, Key: "h", Name: "a\x00b\xff'; --", Groups: []string{"x\x00y\xff"}})
	must(t, err)
	if p.Name != "ab\uFFFD'; --" || len(p.Groups) != 1 {
		t.Errorf("name = %q, groups = %q", p.Name, p.Groups)
	}
	must(t, s.RecordSignIn(ctx(t), server.SignIn{Reference: "r", EnterpriseID: acme, Detail: "\x00\xc3"}))
	must(t, s.SaveFlow(ctx(t), server.Flow{Hash: "h", EnterpriseID: acme, Return: "/\x00\xff"}))

	// No record has such a name: it is not there, and nothing is wrong with the database.
	for _, name := range []string{"\x00", "\xff"} {
		wantErr(t, "client", second(s.Client(ctx(t), acme, name)), auth.ErrNotFound)
		wantErr(t, "enterprise", second(s.Enterprise(ctx(t), name)), auth.ErrNotFound)
		want(t, "sign-ins", []server.SignIn(nil))(s.SignInsByReference(ctx(t), acme, name))
	}
}
