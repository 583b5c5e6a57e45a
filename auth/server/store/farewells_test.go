package store_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// opened saves a session in which an application has redeemed a code.
func opened(t testing.TB, s *store.Store, id, parent string, clients ...string) server.Session {
	t.Helper()
	v := session(t, s, id, parent)
	for _, client := range clients {
		g := grant(id+client, id)
		g.ClientID = client
		must(t, s.SaveGrant(ctx(t), g))
		g.UsedAt = now
		must(t, s.UseGrant(ctx(t), g, nil))
	}
	return v
}

// farewellClients makes an application that wants to be told and one that does not.
func farewellClients(t testing.TB, s *store.Store) {
	t.Helper()
	must(t, s.SaveClient(ctx(t), server.Client{ID: "notes", EnterpriseID: acme, Farewell: "https://notes.example/farewell"}))
	must(t, s.SaveClient(ctx(t), server.Client{ID: "wiki", EnterpriseID: acme, Farewell: "https://wiki.example/farewell"}))
	must(t, s.SaveClient(ctx(t), server.Client{ID: "silent", EnterpriseID: acme}))
	must(t, s.SaveClient(ctx(t), server.Client{ID: "notes", EnterpriseID: other, Farewell: "https://other.example/farewell"}))
}

// claimed claims all messages and returns "session client" of each.
func claimed(t testing.TB, s *store.Store) []string {
	t.Helper()
	list, err := s.ClaimFarewells(ctx(t), now.Add(time.Hour), now.Add(2*time.Hour), 100)
	must(t, err)
	names := []string{}
	for _, f := range list {
		names = append(names, f.SessionID+" "+f.ClientID)
		must(t, s.DoneFarewell(ctx(t), f.EnterpriseID, f.ID))
	}
	slices.Sort(names)
	return names
}

func testFarewells(t *testing.T, s *store.Store) {
	company(t, s)
	farewellClients(t, s)
	woken := 0
	s.OnFarewell = func() { woken++ }
	want(t, "nothing is due", time.Time{})(s.NextFarewell(ctx(t)))
	opened(t, s, "s1", "", "notes")
	must(t, s.EndSession(ctx(t), acme, "s1", now))
	must(t, s.EndSession(ctx(t), acme, "s1", now)) // it has ended: nobody is told again
	if woken != 1 {
		t.Errorf("woken %d times, want once", woken)
	}
	want(t, "due at once", now)(s.NextFarewell(ctx(t)))
	f := server.Farewell{
		ID: "s1.notes", EnterpriseID: acme, ClientID: "notes", SessionID: "s1", PersonID: "zhang",
		Tries: 1, NextAt: now.Add(time.Minute), CreatedAt: now,
	}
	want(t, "not due yet", []server.Farewell(nil))(s.ClaimFarewells(ctx(t), now.Add(-1), now, 10))
	want(t, "claimed", []server.Farewell{f})(s.ClaimFarewells(ctx(t), now, now.Add(time.Minute), 10))
	want(t, "claimed already", []server.Farewell(nil))(s.ClaimFarewells(ctx(t), now, now.Add(time.Minute), 10))
	want(t, "put off", now.Add(time.Minute))(s.NextFarewell(ctx(t)))
	must(t, s.RetryFarewell(ctx(t), acme, f.ID, now.Add(time.Hour)))
	want(t, "put off further", now.Add(time.Hour))(s.NextFarewell(ctx(t)))
	wantErr(t, "put off at another enterprise", s.RetryFarewell(ctx(t), other, f.ID, now), auth.ErrNotFound)
	must(t, s.DoneFarewell(ctx(t), other, f.ID)) // changes nothing
	f.Tries, f.NextAt = 2, now.Add(2*time.Hour)
	want(t, "claimed again", []server.Farewell{f})(s.ClaimFarewells(ctx(t), now.Add(time.Hour), f.NextAt, 10))
	must(t, s.DoneFarewell(ctx(t), acme, f.ID))
	want(t, "nothing is left", time.Time{})(s.NextFarewell(ctx(t)))

	// The code is long over, the session is not: its application is still known.
	v := opened(t, s, "s2", "", "notes")
	v.ExpiresAt = now.Add(100 * time.Hour)
	must(t, s.SaveSession(ctx(t), v))
	must(t, s.Sweep(ctx(t), now.Add(90*time.Hour)))
	must(t, s.EndSession(ctx(t), acme, "s2", now))
	if got := claimed(t, s); !slices.Equal(got, []string{"s2 notes"}) {
		t.Errorf("after a sweep: told %v", got)
	}
}

// Whatever ends a session tells the applications that got tokens under it or under what
// was launched from it; nobody else.
func testFarewellsOf(t *testing.T, s *store.Store) {
	company(t, s)
	farewellClients(t, s)
	for _, c := range []struct {
		what string
		end  func(prefix string) error
		want []string
	}{
		{"its session", func(p string) error { return s.EndSession(ctx(t), acme, p+"agent", now) }, []string{"agent notes", "child notes", "child wiki", "grandchild wiki"}},
		{"a child", func(p string) error { return s.EndSession(ctx(t), acme, p+"child", now) }, []string{"child notes", "child wiki", "grandchild wiki"}},
		{"the upstream's session", func(p string) error {
			return s.EndUpstream(ctx(t), acme, server.Logout{Hash: p, UpstreamSID: p + "sid"}, now)
		}, []string{"upstream wiki"}},
		{"all of the person's", func(string) error { return s.EndSessionsOf(ctx(t), acme, "zhang", now) }, []string{"agent notes", "child notes", "child wiki", "grandchild wiki", "upstream wiki"}},
		{"all of the person with that key", func(p string) error { return s.EndUpstream(ctx(t), acme, server.Logout{Hash: p, PersonKey: "k1"}, now) }, []string{"agent notes", "child notes", "child wiki", "grandchild wiki", "upstream wiki"}},
		{"another enterprise's session", func(p string) error { return s.EndSession(ctx(t), other, p+"agent", now) }, nil},
		{"another enterprise's upstream", func(p string) error {
			return s.EndUpstream(ctx(t), other, server.Logout{Hash: p, UpstreamSID: p + "sid"}, now)
		}, nil},
		{"another enterprise's key", func(p string) error {
			return s.EndUpstream(ctx(t), other, server.Logout{Hash: p, PersonKey: "k2"}, now)
		}, nil},
		{"no upstream session", func(p string) error { return s.EndUpstream(ctx(t), acme, server.Logout{Hash: p}, now) }, nil},
		{"whoever left", func(string) error { return s.LeavePerson(ctx(t), acme, "zhang", now) }, []string{"agent notes", "child notes", "child wiki", "grandchild wiki", "upstream wiki"}},
		{"whose access ended", func(string) error { return s.EndPerson(ctx(t), acme, "zhang", now) }, []string{"agent notes", "child notes", "child wiki", "grandchild wiki", "upstream wiki"}},
	} {
		p := c.what + "/"
		must(t, second(s.UpsertPerson(ctx(t), server.Person{ID: "zhang", EnterpriseID: acme, Key: "k1", CreatedAt: now}))) // is back
		opened(t, s, p+"agent", "", "notes", "silent", "unknown")
		opened(t, s, p+"child", p+"agent", "notes", "wiki")
		opened(t, s, p+"grandchild", p+"child", "wiki")
		v := opened(t, s, p+"upstream", "", "wiki")
		v.UpstreamSID = p + "sid"
		must(t, s.SaveSession(ctx(t), v))
		must(t, s.SaveGrant(ctx(t), grant(p+"unused", p+"upstream"))) // of notes

		must(t, c.end(p))
		wanted := []string{}
		for _, name := range c.want {
			wanted = append(wanted, p+name)
		}
		if got := claimed(t, s); !slices.Equal(got, wanted) {
			t.Errorf("%s:\ntold %v\nwant %v", c.what, got, wanted)
		}
		if _, err := s.Session(ctx(t), acme, p+"grandchild", now); len(wanted) > 1 && err == nil {
			t.Errorf("%s: what was launched stands", c.what)
		}
		must(t, s.EndSessionsOf(ctx(t), acme, "zhang", now))
		claimed(t, s)
	}
}

func testFarewellsAtOnce(t *testing.T, s *store.Store) {
	company(t, s)
	farewellClients(t, s)
	opened(t, s, "s1", "", "notes", "wiki")
	must(t, s.EndSession(ctx(t), acme, "s1", now))
	var sent atomic.Int32
	for _, err := range atOnce(8, func(int) error {
		list, err := s.ClaimFarewells(context.WithoutCancel(ctx(t)), now, now.Add(time.Minute), 10)
		sent.Add(int32(len(list))) //nolint:gosec // two at most
		return err
	}) {
		must(t, err)
	}
	if sent.Load() != 2 {
		t.Errorf("%d messages went out, want 2", sent.Load())
	}
}

func testLogouts(t *testing.T, s *store.Store) {
	company(t, s)
	v := session(t, s, "s1", "")
	v.UpstreamSID = "sid"
	must(t, s.SaveSession(ctx(t), v))
	want(t, "kept", v)(s.Session(ctx(t), acme, "s1", now))
	end := func(enterprise, id, sid string) error {
		return s.EndUpstream(ctx(t), enterprise, server.Logout{Hash: id, Expires: now.Add(time.Minute), UpstreamSID: sid}, now)
	}
	must(t, end(acme, "jti", "another"))
	wantErr(t, "again, and for another sign-in", end(acme, "jti", "sid"), auth.ErrConflict)
	must(t, end(other, "jti", "sid"))
	must(t, second(s.Session(ctx(t), acme, "s1", now)))
	must(t, s.Sweep(ctx(t), now.Add(time.Minute)))
	must(t, end(acme, "jti", "sid"))
	wantErr(t, "ended", second(s.Session(ctx(t), acme, "s1", now)), auth.ErrNotFound)
}
