package store_test

import (
	"errors"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// session saves a session of zhang at Acme.
func session(t testing.TB, s *store.Store, id, parent string) server.Session {
	t.Helper()
	v := server.Session{
		ID: id, EnterpriseID: acme, PersonID: "zhang", CookieHash: "cookie of " + id, Parent: parent, Client: "browser",
		Device: "Firefox", AuthTime: now, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
	}
	must(t, s.SaveSession(ctx(t), v))
	return v
}

// grant is one of zhang's at Acme whose code waits to be redeemed.
func grant(id, session string) server.Grant {
	return server.Grant{
		ID: id, EnterpriseID: acme, ClientID: "notes", PersonID: "zhang", SessionID: session, Scope: "openid", AuthTime: now,
		RedirectURI: "http://127.0.0.1/callback", Challenge: "x", Nonce: "n", CodeExpires: now.Add(time.Minute),
	}
}

// used is a grant whose code was redeemed for a first refresh token.
func used(t testing.TB, s *store.Store, id, session string) server.Grant {
	t.Helper()
	g := grant(id, session)
	must(t, s.SaveGrant(ctx(t), g))
	g.UsedAt, g.Generation, g.RefreshExpires = now, 1, now.Add(time.Hour)
	must(t, s.UseGrant(ctx(t), g, nil))
	return g
}

func testSessions(t *testing.T, s *store.Store) {
	company(t, s)
	v := session(t, s, "s1", "")
	want(t, "kept", v)(s.Session(ctx(t), acme, "s1", now))
	want(t, "by cookie", v)(s.SessionByCookie(ctx(t), acme, v.CookieHash, now))
	wantErr(t, "another enterprise's", second(s.Session(ctx(t), other, "s1", now)), auth.ErrNotFound)
	wantErr(t, "another enterprise's cookie", second(s.SessionByCookie(ctx(t), other, v.CookieHash, now)), auth.ErrNotFound)

	desktop := session(t, s, "s2", "")
	desktop.CookieHash, desktop.Upstream, desktop.CreatedAt = "", []byte("sealed"), now
	must(t, s.SaveSession(ctx(t), desktop))
	want(t, "replaced", desktop)(s.Session(ctx(t), acme, "s2", now))
	wantErr(t, "no cookie finds nothing", second(s.SessionByCookie(ctx(t), acme, "", now)), auth.ErrNotFound)
	want(t, "of person", []server.Session{v, desktop})(s.SessionsOf(ctx(t), acme, "zhang", now))
	want(t, "of another enterprise's person", []server.Session(nil))(s.SessionsOf(ctx(t), other, "zhang", now))

	taken := v
	taken.ID = "s3"
	wantErr(t, "same cookie", s.SaveSession(ctx(t), taken), auth.ErrConflict)
	taken = v
	taken.EnterpriseID = other
	wantErr(t, "another enterprise's id", s.SaveSession(ctx(t), taken), auth.ErrConflict)

	later := now.Add(time.Minute)
	must(t, s.TouchSession(ctx(t), acme, "s1", time.Time{}, later))
	v.LastSeen = later
	want(t, "touched", v)(s.Session(ctx(t), acme, "s1", now))
	must(t, s.TouchSession(ctx(t), acme, "s1", later, later))
	must(t, s.TouchSession(ctx(t), acme, "s1", now, later)) // an older proof takes nothing back
	v.ProvenAt = later
	want(t, "proven", v)(s.Session(ctx(t), acme, "s1", now))
	wantErr(t, "touch another enterprise's", s.TouchSession(ctx(t), other, "s1", later, later), auth.ErrNotFound)

	v.ExpiresAt = now.Add(2 * time.Hour)
	must(t, s.ExtendSession(ctx(t), acme, "s1", v.ExpiresAt, now))
	want(t, "extended", v)(s.Session(ctx(t), acme, "s1", now.Add(time.Hour)))
	wantErr(t, "extend expired", s.ExtendSession(ctx(t), acme, "s2", v.ExpiresAt, now.Add(time.Hour)), auth.ErrNotFound)
	wantErr(t, "extend another enterprise's", s.ExtendSession(ctx(t), other, "s1", v.ExpiresAt, now), auth.ErrNotFound)
}

func testSessionsEnd(t *testing.T, s *store.Store) {
	must(t, s.SaveEnterprise(ctx(t), acmeRecord()))
	save := func(id, parent, person string, expires time.Time) server.Session {
		v := server.Session{ID: id, EnterpriseID: acme, PersonID: person, CookieHash: "cookie of " + id, Parent: parent, CreatedAt: now, ExpiresAt: expires}
		must(t, s.SaveSession(ctx(t), v))
		return v
	}
	later := now.Add(time.Hour)
	for i, c := range []struct {
		what string
		end  func(who, root, parent, child string) error
		at   time.Time
	}{
		{"itself", func(_, _, _, child string) error { return s.EndSession(ctx(t), acme, child, now) }, now},
		{"its parent", func(_, _, parent, _ string) error { return s.EndSession(ctx(t), acme, parent, now) }, now},
		{"its parent's parent", func(_, root, _, _ string) error { return s.EndSession(ctx(t), acme, root, now) }, now},
		{"its person", func(who, _, _, _ string) error { return s.EndPerson(ctx(t), acme, who, now) }, now},
		{"all of the person's", func(who, _, _, _ string) error { return s.EndSessionsOf(ctx(t), acme, who, now) }, now},
		{"its time", func(_, _, _, _ string) error { return nil }, later},
		{"its parent's parent's time", func(who, root, _, _ string) error {
			save(root, "", who, now)
			return nil
		}, now},
		{"a parent's parent that was swept", func(who, root, _, _ string) error {
			save(root, "", who, now.Add(-48*time.Hour))
			return s.Sweep(ctx(t), now)
		}, now},
	} {
		t.Run(c.what, func(t *testing.T) {
			who, root, parent, child := id("person", i), id("root", i), id("parent", i), id("child", i)
			must(t, second(s.UpsertPerson(ctx(t), server.Person{ID: who, EnterpriseID: acme, Key: who})))
			save(root, "", who, later)
			save(parent, root, who, later)
			v := save(child, parent, who, later)
			g := grant(id("grant", i), child)
			g.PersonID = who
			must(t, s.SaveGrant(ctx(t), g))

			must(t, s.EndSession(ctx(t), other, child, now)) // another enterprise ends nothing
			must(t, s.EndSessionsOf(ctx(t), other, who, now))
			want(t, "session stands", v)(s.Session(ctx(t), acme, child, now))
			want(t, "grant is held", server.HeldGrant{Grant: g, Session: v, Person: server.Person{ID: who, EnterpriseID: acme, Key: who}})(s.HeldGrant(ctx(t), acme, g.ID, now))

			must(t, c.end(who, root, parent, child))
			wantErr(t, "session", second(s.Session(ctx(t), acme, child, c.at)), auth.ErrNotFound)
			wantErr(t, "by cookie", second(s.SessionByCookie(ctx(t), acme, v.CookieHash, c.at)), auth.ErrNotFound)
			wantErr(t, "grant", second(s.HeldGrant(ctx(t), acme, g.ID, c.at)), auth.ErrNotFound)
			all, err := s.SessionsOf(ctx(t), acme, who, c.at)
			must(t, err)
			for _, v := range all {
				if v.ID == child {
					t.Error("the ended session is listed")
				}
			}
			if c.what == "itself" && len(all) != 2 {
				t.Errorf("%d other sessions stand, want 2", len(all))
			}
		})
	}
}

func testEndedSessionStays(t *testing.T, s *store.Store) {
	company(t, s)
	v := session(t, s, "s1", "")
	g := used(t, s, "g", "s1")
	must(t, s.EndSession(ctx(t), acme, "s1", now))
	must(t, s.EndSession(ctx(t), acme, "s1", now)) // again is no error
	wantErr(t, "saved again", s.SaveSession(ctx(t), v), auth.ErrConflict)
	wantErr(t, "touched", s.TouchSession(ctx(t), acme, "s1", now, now), auth.ErrNotFound)
	wantErr(t, "extended", s.ExtendSession(ctx(t), acme, "s1", now.Add(time.Hour), now), auth.ErrNotFound)
	wantErr(t, "held", second(s.HeldGrant(ctx(t), acme, "g", now)), auth.ErrNotFound)
	want(t, "says why", g)(s.Grant(ctx(t), acme, "g"))
	wantErr(t, "refreshed", s.RefreshGrant(ctx(t), acme, "g", 1, now.Add(time.Hour)), auth.ErrConflict)
	must(t, s.SaveGrant(ctx(t), grant("late", "s1"))) // was under way
	wantErr(t, "late", second(s.HeldGrant(ctx(t), acme, "late", now)), auth.ErrNotFound)
	late := grant("late", "s1")
	late.UsedAt = now
	wantErr(t, "used late", s.UseGrant(ctx(t), late, nil), auth.ErrConflict)
	own := v
	own.ID, own.CookieHash, late.SessionID = "own", "", "own"
	wantErr(t, "used late, for a session of its own", s.UseGrant(ctx(t), late, &own), auth.ErrConflict)
	wantErr(t, "that session", second(s.Session(ctx(t), acme, "own", now)), auth.ErrNotFound)
}

// Whoever signs out everywhere is signed out, whatever was under way at that moment.
func testEndWhileUsing(t *testing.T, s *store.Store) {
	company(t, s)
	zhang, err := s.Person(ctx(t), acme, "zhang")
	must(t, err)
	const codes = 24
	for round := range 8 {
		browser := session(t, s, id("browser", round), "")
		device := deviceGrant(id("device", round), id("user", round))
		must(t, s.SaveDeviceGrant(ctx(t), device))
		must(t, s.SettleDeviceGrant(ctx(t), acme, device.Hash, zhang.ID, browser.ID, now, now))
		for i := range codes {
			must(t, s.SaveGrant(ctx(t), grant(id(browser.ID, i), browser.ID)))
		}
		for _, err := range atOnce(codes+2, func(i int) error {
			g := grant(id(browser.ID, i), browser.ID)
			own := browser
			own.ID, own.CookieHash = "own-"+g.ID, ""
			g.UsedAt, g.SessionID = now, own.ID
			switch i {
			case codes:
				return s.EndSessionsOf(ctx(t), acme, zhang.ID, now)
			case codes + 1:
				return s.UseDeviceGrant(ctx(t), device.Hash, g, &own)
			}
			return s.UseGrant(ctx(t), g, &own)
		}) {
			if err != nil && !errors.Is(err, auth.ErrConflict) {
				t.Fatal(err)
			}
		}
		all, err := s.SessionsOf(ctx(t), acme, zhang.ID, now)
		if must(t, err); len(all) > 0 {
			t.Fatalf("round %d: %d sessions stand after their end", round, len(all))
		}
	}
}

// The grant of a leaver is found until its refresh token expires, so that the broker can
// say why it is worth nothing.
func testLeaverGrants(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	g := grant("g", "s1")
	must(t, s.SaveGrant(ctx(t), g))
	g.UsedAt, g.Generation, g.RefreshExpires = now, 1, now.Add(30*24*time.Hour)
	must(t, s.UseGrant(ctx(t), g, nil))
	must(t, s.EndPerson(ctx(t), acme, "zhang", now))
	wantErr(t, "held", second(s.HeldGrant(ctx(t), acme, "g", now)), auth.ErrNotFound)
	wantErr(t, "refreshed", s.RefreshGrant(ctx(t), acme, "g", 1, now.Add(time.Hour)), auth.ErrConflict)
	must(t, s.Sweep(ctx(t), now.Add(48*time.Hour))) // its session is gone by now
	want(t, "after a sweep", g)(s.Grant(ctx(t), acme, "g"))
	wantErr(t, "refreshed after a sweep", s.RefreshGrant(ctx(t), acme, "g", 1, now.Add(time.Hour)), auth.ErrConflict)
	must(t, s.Sweep(ctx(t), g.RefreshExpires.Add(25*time.Hour)))
	wantErr(t, "expired", second(s.Grant(ctx(t), acme, "g")), auth.ErrNotFound)
}

// Who has left is out until the upstream lets them in again.
func testLeft(t *testing.T, s *store.Store) {
	company(t, s)
	zhang, err := s.Person(ctx(t), acme, "zhang")
	must(t, err)
	must(t, s.LeavePerson(ctx(t), acme, "zhang", now))
	v := session(t, s, "after", "") // was under way
	must(t, s.SaveGrant(ctx(t), grant("g", v.ID)))
	wantErr(t, "session", second(s.Session(ctx(t), acme, v.ID, now)), auth.ErrNotFound)
	wantErr(t, "session by cookie", second(s.SessionByCookie(ctx(t), acme, v.CookieHash, now)), auth.ErrNotFound)
	wantErr(t, "held", second(s.HeldGrant(ctx(t), acme, "g", now)), auth.ErrNotFound)
	must(t, second(s.UpsertPerson(ctx(t), zhang)))
	must(t, second(s.HeldGrant(ctx(t), acme, "g", now)))
}

func testGrants(t *testing.T, s *store.Store) {
	company(t, s)
	v := session(t, s, "s1", "")
	zhang, err := s.Person(ctx(t), acme, "zhang")
	must(t, err)
	g := grant("g", "s1")
	must(t, s.SaveGrant(ctx(t), g))
	wantErr(t, "same grant", s.SaveGrant(ctx(t), g), auth.ErrConflict)
	want(t, "kept", g)(s.Grant(ctx(t), acme, "g"))
	want(t, "held", server.HeldGrant{Grant: g, Session: v, Person: zhang})(s.HeldGrant(ctx(t), acme, "g", now))
	wantErr(t, "another enterprise's", second(s.Grant(ctx(t), other, "g")), auth.ErrNotFound)
	wantErr(t, "held by another enterprise", second(s.HeldGrant(ctx(t), other, "g", now)), auth.ErrNotFound)
	must(t, s.SaveGrant(ctx(t), grant("astray", "none")))
	wantErr(t, "no session", second(s.HeldGrant(ctx(t), acme, "astray", now)), auth.ErrNotFound)

	foreign := g
	foreign.EnterpriseID = other
	wantErr(t, "use another enterprise's", s.UseGrant(ctx(t), foreign, nil), auth.ErrConflict)
	g.UsedAt, g.SessionID, g.Generation, g.RefreshExpires = now, "s2", 1, now.Add(time.Hour)
	v.ID, v.CookieHash = "s2", ""
	must(t, s.UseGrant(ctx(t), g, &v))
	want(t, "used, with a session of its own", server.HeldGrant{Grant: g, Session: v, Person: zhang})(s.HeldGrant(ctx(t), acme, "g", now))
	again := v
	again.ID = "s3"
	wantErr(t, "used again", s.UseGrant(ctx(t), g, &again), auth.ErrConflict)
	wantErr(t, "no session of the second use", second(s.Session(ctx(t), acme, "s3", now)), auth.ErrNotFound)

	must(t, s.SaveGrant(ctx(t), grant("raced", "s1")))
	raced := grant("raced", "s1")
	raced.UsedAt = now
	oneWinner(t, atOnce(32, func(int) error { return s.UseGrant(ctx(t), raced, nil) }), auth.ErrConflict)
}

func testRefresh(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	g := used(t, s, "g", "s1")
	later := now.Add(2 * time.Hour)
	wantErr(t, "another enterprise's", s.RefreshGrant(ctx(t), other, "g", 1, later), auth.ErrConflict)
	wantErr(t, "another generation", s.RefreshGrant(ctx(t), acme, "g", 2, later), auth.ErrConflict)
	oneWinner(t, atOnce(32, func(int) error { return s.RefreshGrant(ctx(t), acme, "g", 1, later) }), auth.ErrConflict)
	g.Generation, g.RefreshExpires = 2, later
	want(t, "refreshed once", g)(s.Grant(ctx(t), acme, "g"))
}

func testGrantsEnd(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	used(t, s, "g", "s1")
	bystander := used(t, s, "h", "s1")
	must(t, s.EndGrant(ctx(t), other, "g", now))
	must(t, second(s.HeldGrant(ctx(t), acme, "g", now)))
	must(t, s.EndGrant(ctx(t), acme, "g", now))
	must(t, s.EndGrant(ctx(t), acme, "g", now.Add(time.Hour))) // again is no error
	must(t, s.EndGrant(ctx(t), acme, "none", now))
	wantErr(t, "held", second(s.HeldGrant(ctx(t), acme, "g", now)), auth.ErrNotFound)
	wantErr(t, "refreshed", s.RefreshGrant(ctx(t), acme, "g", 1, now.Add(time.Hour)), auth.ErrConflict)
	if g, err := s.Grant(ctx(t), acme, "g"); err != nil || !g.EndedAt.Equal(now) {
		t.Errorf("ended at %v, %v; want %v", g.EndedAt, err, now)
	}
	want(t, "another grant", bystander)(s.Grant(ctx(t), acme, "h"))

	waiting := grant("waiting", "s1")
	must(t, s.SaveGrant(ctx(t), waiting))
	must(t, s.EndGrant(ctx(t), acme, "waiting", now))
	waiting.UsedAt = now
	wantErr(t, "used after its end", s.UseGrant(ctx(t), waiting, nil), auth.ErrConflict)
}

func testLaunches(t *testing.T, s *store.Store) {
	l := server.Launch{
		ID: "l1", Hash: "h", EnterpriseID: acme, AppID: "notes", PersonID: "zhang", SessionID: "s1", Port: 4711, Nonce: "n",
		CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	must(t, s.SaveLaunch(ctx(t), l))
	wantErr(t, "same link", s.SaveLaunch(ctx(t), l), auth.ErrConflict)
	want(t, "kept", l)(s.Launch(ctx(t), acme, "h"))
	wantErr(t, "another enterprise's", second(s.Launch(ctx(t), other, "h")), auth.ErrNotFound)
	wantErr(t, "bind another enterprise's", second(s.BindLaunch(ctx(t), other, "h", "c", now)), auth.ErrNotFound)
	wantErr(t, "use another enterprise's", s.UseLaunch(ctx(t), other, "h", "child", now), auth.ErrNotFound)
	wantErr(t, "expired", second(s.BindLaunch(ctx(t), acme, "h", "c", l.ExpiresAt)), auth.LinkExpired)

	l.CookieHash = "c"
	want(t, "bound", l)(s.BindLaunch(ctx(t), acme, "h", "c", now))
	want(t, "bound again by the same browser", l)(s.BindLaunch(ctx(t), acme, "h", "c", now))
	got, err := s.BindLaunch(ctx(t), acme, "h", "another", now)
	wantErr(t, "another browser", err, auth.ErrConflict)
	want(t, "comes back", l)(got, nil)

	must(t, s.UseLaunch(ctx(t), acme, "h", "child", now))
	wantErr(t, "used again", s.UseLaunch(ctx(t), acme, "h", "another", now), auth.ErrConflict)
	l.UsedAt, l.Child = now, "child"
	got, err = s.BindLaunch(ctx(t), acme, "h", "c", now)
	wantErr(t, "used", err, auth.LinkUsed)
	want(t, "comes back", l)(got, nil)
	got, err = s.BindLaunch(ctx(t), acme, "h", "another", now.Add(time.Hour))
	wantErr(t, "another browser, later", err, auth.ErrConflict)
	want(t, "comes back", l)(got, nil)
}

func testLaunchesAtOnce(t *testing.T, s *store.Store) {
	l := server.Launch{ID: "l1", Hash: "h", EnterpriseID: acme, ExpiresAt: now.Add(time.Minute)}
	must(t, s.SaveLaunch(ctx(t), l))
	oneWinner(t, atOnce(32, func(i int) error { return second(s.BindLaunch(ctx(t), acme, "h", id("c", i), now)) }), auth.ErrConflict)
	oneWinner(t, atOnce(32, func(i int) error { return s.UseLaunch(ctx(t), acme, "h", id("child", i), now) }), auth.ErrConflict)
}

func testSweep(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	used(t, s, "used", "s1")
	must(t, s.SaveGrant(ctx(t), grant("unused", "s1")))
	must(t, s.SaveLaunch(ctx(t), server.Launch{ID: "l", Hash: "l", EnterpriseID: acme, ExpiresAt: now}))
	for i := range 2500 { // more than a batch
		must(t, s.SaveFlow(ctx(t), server.Flow{Hash: id("f", i), EnterpriseID: acme, ExpiresAt: now}))
	}
	must(t, s.SaveFlow(ctx(t), server.Flow{Hash: "fresh", EnterpriseID: acme, ExpiresAt: now.Add(time.Hour)}))
	must(t, s.RecordSignIn(ctx(t), server.SignIn{Reference: "r", EnterpriseID: acme, At: now}))

	must(t, s.Sweep(ctx(t), now))
	for i := range 2500 {
		wantErr(t, "flow", second(s.TakeFlow(ctx(t), id("f", i))), auth.ErrNotFound)
	}
	must(t, second(s.TakeFlow(ctx(t), "fresh")))
	must(t, second(s.Session(ctx(t), acme, "s1", now)))
	must(t, second(s.HeldGrant(ctx(t), acme, "used", now)))
	must(t, second(s.Launch(ctx(t), acme, "l"))) // kept, to notice a second presentation

	must(t, s.Sweep(ctx(t), now.Add(25*time.Hour+time.Hour)))
	wantErr(t, "unused grant", second(s.Grant(ctx(t), acme, "unused")), auth.ErrNotFound)
	wantErr(t, "launch", second(s.Launch(ctx(t), acme, "l")), auth.ErrNotFound)
	wantErr(t, "session", second(s.Session(ctx(t), acme, "s1", now)), auth.ErrNotFound)
	wantErr(t, "grant without a session", second(s.Grant(ctx(t), acme, "used")), auth.ErrNotFound)
	log, err := s.SignInsByReference(ctx(t), acme, "r")
	if err != nil || len(log) != 1 {
		t.Errorf("sign-in log = %v, %v; want it kept for 90 days", log, err)
	}
	must(t, s.Sweep(ctx(t), now.Add(91*24*time.Hour)))
	want(t, "old sign-ins", []server.SignIn(nil))(s.SignInsByReference(ctx(t), acme, "r"))
	must(t, second(s.Enterprise(ctx(t), acme)))
}
