package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/server"
	"lanyard/auth/server/servertest"
	"lanyard/auth/server/store"
)

// The suite says what storage must do, on every engine.
var suite = []struct {
	name string
	test func(*testing.T, *store.Store)
}{
	{"enterprises", testEnterprises},
	{"enterprise codes", testEnterpriseCodes},
	{"enterprise codes at once", testEnterpriseCodesAtOnce},
	{"lists of enterprise codes", testCodeLists},
	{"documents", testDocuments},
	{"connectors", testConnectors},
	{"connectors switched at once", testConnectorsAtOnce},
	{"connectors removed", testRemoval},
	{"people", testPeople},
	{"proof", testProof},
	{"people at once", testPeopleAtOnce},
	{"flows", testFlows},
	{"clients", testClients},
	{"keys", testKeys},
	{"apps and icons", testCatalogue},
	{"sign-ins", testSignIns},
	{"text that no column takes", testHostileText},
	{"sessions", testSessions},
	{"sessions end with what they hang on", testSessionsEnd},
	{"ended sessions stay ended", testEndedSessionStays},
	{"leavers' grants", testLeaverGrants},
	{"who has left", testLeft},
	{"an end while codes are used", testEndWhileUsing},
	{"grants", testGrants},
	{"refresh", testRefresh},
	{"grants end", testGrantsEnd},
	{"sign-ins from another machine", testDeviceGrants},
	{"one answer to a device", testDeviceGrantsAtOnce},
	{"farewells", testFarewells},
	{"who ends what, and who is told", testFarewellsOf},
	{"farewells claimed at once", testFarewellsAtOnce},
	{"upstream logouts", testLogouts},
	{"launches", testLaunches},
	{"launches at once", testLaunchesAtOnce},
	{"admins", testAdmins},
	{"admin links", testAdminLinks},
	{"admin sessions", testAdminSessions},
	{"audits", testAudits},
	{"drafts", testDrafts},
	{"sign-ins as admins read them", testFindSignIns},
	{"people as admins see them", testFindPeople},
	{"audiences", testAudiences},
	{"admissions", testAdmissions},
	{"admissions by client", testClientAdmissions},
	{"audiences at once", testAudiencesAtOnce},
	{"openings", testOpenings},
	{"openings that apps come back of", testMarkBack},
	{"openings as admins read them", testFindOpenings},
	{"openings are swept", testSweepOpenings},
	{"sweep", testSweep},
	{"canceled context", testCanceled},
}

func TestSQLite(t *testing.T) {
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) { c.test(t, openStore(t, servertest.Database(t))) })
	}
}

func TestPostgres(t *testing.T) {
	authtest.Need(t, "postgres")
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) { c.test(t, openStore(t, authtest.Postgres(t))) })
	}
}

// Instances of one company start together on an empty database.
func TestPostgresInstancesStartAtOnce(t *testing.T) {
	address := authtest.Postgres(t)
	for _, err := range atOnce(4, func(int) error {
		s, err := store.Open(context.Background(), address)
		if err == nil {
			err = s.Close()
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
}

func openStore(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// now is the time of the suite, in the precision that is kept.
var now = time.Date(2026, 2, 28, 23, 59, 59, 123_000_000, time.UTC)

const (
	acme  = "11111111111111111111111111111111"
	other = "22222222222222222222222222222222"
)

func acmeRecord() server.Enterprise {
	return server.Enterprise{
		Enterprise: auth.Enterprise{
			ID: acme, Code: "acme", Name: auth.Text{"en": "Acme", "zh": "顶点科技 “🦊”"}, Logo: "data:image/png;base64,AAAA",
			Domains: []string{"acme.com", "acme.cn"}, Help: auth.Help{Name: "IT", Phone: "+86 21 0000"},
		},
		Public: true, DocumentVersion: 7, Document: []byte("a.b.c"), DocumentExpires: now.Add(time.Hour),
		CreatedAt: now, UpdatedAt: now.Add(time.Second),
	}
}

func otherRecord() server.Enterprise {
	return server.Enterprise{Enterprise: auth.Enterprise{ID: other, Code: "other"}, CreatedAt: now}
}

// company fills a store with two enterprises and a person of each.
func company(t testing.TB, s *store.Store) (zhang, li server.Person) {
	t.Helper()
	must(t, s.SaveEnterprise(ctx(t), acmeRecord()))
	must(t, s.SaveEnterprise(ctx(t), otherRecord()))
	zhang, err := s.UpsertPerson(ctx(t), server.Person{ID: "zhang", EnterpriseID: acme, Key: "k1", Name: "张三", CreatedAt: now})
	must(t, err)
	li, err = s.UpsertPerson(ctx(t), server.Person{ID: "li", EnterpriseID: other, Key: "k1", Name: "李四", CreatedAt: now})
	must(t, err)
	return zhang, li
}

func ctx(t testing.TB) context.Context { return t.Context() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr fails the test unless err wraps target.
func wantErr(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: err = %v, want %v", what, err, target)
	}
}

// want fails the test unless got is want and there was no error.
func want[T any](t testing.TB, what string, wanted T) func(got T, err error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		} else if !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, got, wanted)
		}
	}
}

// atOnce runs do n times at the same moment and returns the errors.
func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-start; errs[i] = do(i) })
	}
	close(start)
	all.Wait()
	return errs
}

// oneWinner fails the test unless exactly one had no error and all others lost by kind.
func oneWinner(t *testing.T, errs []error, lost error) {
	t.Helper()
	winners := 0
	for _, err := range errs {
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, lost):
			t.Errorf("err = %v, want %v", err, lost)
		}
	}
	if winners != 1 {
		t.Errorf("%d winners, want 1", winners)
	}
}

func testCanceled(t *testing.T, s *store.Store) {
	zhang, _ := company(t, s)
	gone, cancel := context.WithCancel(ctx(t))
	cancel()
	wantErr(t, "read", second(s.Person(gone, acme, zhang.ID)), context.Canceled)
	wantErr(t, "write", s.SaveApp(gone, server.App{ID: "notes", EnterpriseID: acme}), context.Canceled)
	wantErr(t, "transaction", s.EndSession(gone, acme, "none", now), context.Canceled)
	must(t, s.SaveApp(ctx(t), server.App{ID: "notes", EnterpriseID: acme})) // the connection is free again
}

// second drops a result.
func second[T any](_ T, err error) error { return err }

func id(prefix string, i int) string { return fmt.Sprintf("%s-%d", prefix, i) }
