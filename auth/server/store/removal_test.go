package store_test

import (
	"errors"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// testRemoval: with the connector goes every session of its enterprise, and no other's.
func testRemoval(t *testing.T, s *store.Store) {
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, id := range []string{"a", "b"} {
		if err := s.SaveEnterprise(ctx, server.Enterprise{Enterprise: auth.Enterprise{ID: id, Code: "code-" + id, Name: auth.Text{"en": id}}}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{"old", "new"} {
			err := s.SaveConnector(ctx, server.Connector{ID: c + id, EnterpriseID: id, AppID: "AK" + c + id, Document: []byte(`{}`), Active: true})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range []string{"p", "q"} {
			if _, err := s.UpsertPerson(ctx, server.Person{ID: p + id, EnterpriseID: id, Key: p + id}); err != nil {
				t.Fatal(err)
			}
			for _, n := range []string{"1", "2"} {
				err := s.SaveSession(ctx, server.Session{ID: p + id + n, EnterpriseID: id, PersonID: p + id, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	count := func(id string, wantSessions, wantPeople int) {
		t.Helper()
		if sessions, people, err := s.CountSessions(ctx, id, now); err != nil || sessions != wantSessions || people != wantPeople {
			t.Errorf("%s has %d sessions of %d people, %v; want %d of %d", id, sessions, people, err, wantSessions, wantPeople)
		}
	}
	if err := s.EndSession(ctx, "a", "pa2", now); err != nil {
		t.Fatal(err)
	}
	count("a", 3, 2)
	if err := s.DeleteConnectors(ctx, "a", now); err != nil {
		t.Fatal(err)
	}
	count("a", 0, 0)
	count("b", 4, 2)
	if _, err := s.ActiveConnector(ctx, "a"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the connector is still there: %v", err)
	}
	if _, err := s.Connector(ctx, "olda"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the one before is still there: %v", err)
	}
	if c, err := s.ActiveConnector(ctx, "b"); err != nil || c.ID != "newb" {
		t.Errorf("another enterprise has %+v, %v", c, err)
	}
	if err := s.DeleteConnectors(ctx, "a", now); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
}
