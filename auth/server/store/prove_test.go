package store_test

import (
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// What the upstream says of a person holds for all their sessions and nobody else's, and
// a leaver who signs in again is back, unless an admin ended their access.
func testProof(t *testing.T, s *store.Store) {
	company(t, s)
	later := now.Add(5 * time.Hour)
	for _, p := range []server.Person{{ID: "p1", EnterpriseID: acme, Key: "first"}, {ID: "p2", EnterpriseID: acme, Key: "second"}} {
		p.CreatedAt, p.LastSeen = now, now
		_, err := s.UpsertPerson(ctx(t), p)
		must(t, err)
	}
	for id, person := range map[string]string{"laptop": "p1", "browser": "p1", "ended": "p1", "stranger": "p2"} {
		must(t, s.SaveSession(ctx(t), server.Session{
			ID: id, EnterpriseID: acme, PersonID: person, ProvenAt: now, Upstream: []byte("old"),
			CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(48 * time.Hour),
		}))
	}
	must(t, s.EndSession(ctx(t), acme, "ended", now))
	proof := func(id string) (time.Time, string) {
		v, err := s.Session(ctx(t), acme, id, now)
		must(t, err)
		return v.ProvenAt, string(v.Upstream)
	}
	wantProof := func(id string, at time.Time, upstream string) {
		t.Helper()
		if gotAt, got := proof(id); !gotAt.Equal(at) || got != upstream {
			t.Errorf("%s: proven %v with %q, want %v with %q", id, gotAt, got, at, upstream)
		}
	}
	must(t, s.ProveSessions(ctx(t), other, "p1", later, []byte("foreign")))
	wantProof("laptop", now, "old")
	must(t, s.ProveSessions(ctx(t), acme, "p1", later, []byte("new")))
	wantProof("laptop", later, "new")
	wantProof("browser", later, "new")
	wantProof("stranger", now, "old")
	must(t, s.ProveSessions(ctx(t), acme, "p1", time.Time{}, []byte("newer")))
	wantProof("laptop", later, "newer")

	// The next sign-in is the upstream's word too; it counts with its line or not at all.
	begun := server.Session{
		ID: "phone", EnterpriseID: acme, PersonID: "p1", ProvenAt: later.Add(time.Hour), Upstream: []byte("newest"),
		CreatedAt: later, LastSeen: later, ExpiresAt: now.Add(48 * time.Hour),
	}
	line := server.SignIn{Reference: "4829-1375", EnterpriseID: acme, PersonID: "p1", Stage: "person", At: later}
	must(t, s.BeginSession(ctx(t), begun, true, line))
	want(t, "begun", begun)(s.Session(ctx(t), acme, "phone", later))
	want(t, "its line", []server.SignIn{line})(s.SignInsByReference(ctx(t), acme, "4829-1375"))
	wantProof("laptop", begun.ProvenAt, "newest")
	wantProof("stranger", now, "old")
	over := begun
	over.ID, over.Upstream = "ended", []byte("never")
	wantErr(t, "in place of one that has ended", s.BeginSession(ctx(t), over, true, line), auth.ErrConflict)
	wantProof("laptop", begun.ProvenAt, "newest")
	want(t, "no second line", []server.SignIn{line})(s.SignInsByReference(ctx(t), acme, "4829-1375"))

	wantErr(t, "another enterprise's", s.LeavePerson(ctx(t), other, "p1", later), auth.ErrNotFound)
	must(t, s.LeavePerson(ctx(t), acme, "p1", later))
	wantErr(t, "a leaver's session", second(s.Session(ctx(t), acme, "laptop", later)), auth.ErrNotFound)
	p, err := s.Person(ctx(t), acme, "p1")
	must(t, err)
	if !p.LeftAt.Equal(later) || !p.EndedAt.IsZero() {
		t.Errorf("a leaver: left %v, ended %v", p.LeftAt, p.EndedAt)
	}
	p, err = s.UpsertPerson(ctx(t), server.Person{ID: "x", EnterpriseID: acme, Key: "first", LastSeen: later})
	must(t, err)
	if p.ID != "p1" || !p.LeftAt.IsZero() {
		t.Errorf("back again: %+v", p)
	}
	wantErr(t, "the old session", second(s.Session(ctx(t), acme, "laptop", later)), auth.ErrNotFound)
}
