package store_test

import (
	"sync/atomic"
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

func grant(session string) server.Grant {
	return server.Grant{EnterpriseID: acme, ClientID: "lanyard", PersonID: "zhang", SessionID: session, Scope: "openid", AuthTime: now}
}

func access(hash, session, family string) server.AccessToken {
	return server.AccessToken{Hash: hash, Grant: grant(session), Audience: server.AudienceAPI, Family: family, ExpiresAt: now.Add(10 * time.Minute)}
}

func refresh(hash, session, family string) server.RefreshToken {
	return server.RefreshToken{Hash: hash, Grant: grant(session), Family: family, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
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
			who, root, parent, child, token := id("person", i), id("root", i), id("parent", i), id("child", i), id("token", i)
			must(t, second(s.UpsertPerson(ctx(t), server.Person{ID: who, EnterpriseID: acme, Key: who})))
			save(root, "", who, later)
			save(parent, root, who, later)
			v := save(child, parent, who, later)
			at := server.AccessToken{Hash: token, Grant: server.Grant{EnterpriseID: acme, PersonID: who, SessionID: child}, ExpiresAt: later.Add(time.Hour)}
			must(t, s.SaveTokens(ctx(t), server.Issue{Access: at}))

			must(t, s.EndSession(ctx(t), other, child, now)) // another enterprise ends nothing
			must(t, s.EndSessionsOf(ctx(t), other, who, now))
			want(t, "session stands", v)(s.Session(ctx(t), acme, child, now))
			want(t, "token stands", at)(s.AccessToken(ctx(t), acme, token, now))

			must(t, c.end(who, root, parent, child))
			wantErr(t, "session", second(s.Session(ctx(t), acme, child, c.at)), auth.ErrNotFound)
			wantErr(t, "by cookie", second(s.SessionByCookie(ctx(t), acme, v.CookieHash, c.at)), auth.ErrNotFound)
			wantErr(t, "token", second(s.AccessToken(ctx(t), acme, token, c.at)), auth.ErrNotFound)
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
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("at", "s1", "f"), Refresh: ptr(refresh("rt", "s1", "f"))}))
	must(t, s.SaveCode(ctx(t), server.Code{Hash: "c", Grant: grant("s1"), ExpiresAt: now.Add(time.Minute)}))
	must(t, s.EndSession(ctx(t), acme, "s1", now))
	must(t, s.EndSession(ctx(t), acme, "s1", now)) // again is no error
	wantErr(t, "saved again", s.SaveSession(ctx(t), v), auth.ErrConflict)
	wantErr(t, "touched", s.TouchSession(ctx(t), acme, "s1", now, now), auth.ErrNotFound)
	wantErr(t, "extended", s.ExtendSession(ctx(t), acme, "s1", now.Add(time.Hour), now), auth.ErrNotFound)
	wantErr(t, "refresh token", second(s.RefreshToken(ctx(t), acme, "rt")), auth.ErrNotFound)
	wantErr(t, "code", second(s.UseCode(ctx(t), acme, "c", now)), auth.ErrNotFound)
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("late", "s1", "f")})) // was under way
	wantErr(t, "late token", second(s.AccessToken(ctx(t), acme, "late", now)), auth.ErrNotFound)
}

// The refresh token of a leaver is found until it expires, so that the broker can say
// why it is worth nothing.
func testLeaverTokens(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	rt := refresh("rt", "s1", "f")
	rt.ExpiresAt = now.Add(30 * 24 * time.Hour)
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("at", "s1", "f"), Refresh: &rt}))
	must(t, s.SaveCode(ctx(t), server.Code{Hash: "c", Grant: grant("s1"), ExpiresAt: now.Add(time.Minute)}))
	must(t, s.EndPerson(ctx(t), acme, "zhang", now))
	want(t, "refresh token", rt)(s.RefreshToken(ctx(t), acme, "rt"))
	wantErr(t, "access token", second(s.AccessToken(ctx(t), acme, "at", now)), auth.ErrNotFound)
	wantErr(t, "code", second(s.UseCode(ctx(t), acme, "c", now)), auth.ErrNotFound)
	rotate := func() error {
		return second(s.Rotate(ctx(t), rt, refresh("r2", "s1", "f"), nil, server.Issue{Access: access("a2", "s1", "f")}, now))
	}
	wantErr(t, "rotation", rotate(), auth.ErrNotFound)
	must(t, s.Sweep(ctx(t), now.Add(48*time.Hour))) // its session is gone by now
	want(t, "after a sweep", rt)(s.RefreshToken(ctx(t), acme, "rt"))
	wantErr(t, "rotation after a sweep", rotate(), auth.ErrNotFound)
	must(t, s.Sweep(ctx(t), rt.ExpiresAt))
	wantErr(t, "expired", second(s.RefreshToken(ctx(t), acme, "rt")), auth.ErrNotFound)
}

func ptr[T any](v T) *T { return &v }

func testCodes(t *testing.T, s *store.Store) {
	c := server.Code{
		Hash: "c", Grant: grant("s1"), RedirectURI: "http://127.0.0.1/callback", Challenge: "x", Nonce: "n", Family: "f",
		ExpiresAt: now.Add(time.Minute),
	}
	must(t, s.SaveCode(ctx(t), c))
	wantErr(t, "same code", s.SaveCode(ctx(t), c), auth.ErrConflict)
	wantErr(t, "another enterprise's", second(s.UseCode(ctx(t), other, "c", now)), auth.ErrNotFound)
	wantErr(t, "expired", second(s.UseCode(ctx(t), acme, "c", now.Add(time.Minute))), auth.ErrNotFound)
	c.UsedAt = now
	want(t, "used", c)(s.UseCode(ctx(t), acme, "c", now))
	again, err := s.UseCode(ctx(t), acme, "c", now.Add(time.Hour))
	wantErr(t, "used again", err, auth.ErrConflict)
	if again != c {
		t.Errorf("used again: %+v, want the code, so that its family can end", again)
	}

	c.Hash, c.UsedAt = "d", time.Time{}
	must(t, s.SaveCode(ctx(t), c))
	oneWinner(t, atOnce(32, func(int) error { return second(s.UseCode(ctx(t), acme, "d", now)) }), auth.ErrConflict)
}

func testAccessTokens(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	at := access("at", "s1", "f")
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: at}))
	want(t, "kept", at)(s.AccessToken(ctx(t), acme, "at", now))
	wantErr(t, "another enterprise's", second(s.AccessToken(ctx(t), other, "at", now)), auth.ErrNotFound)
	wantErr(t, "expired", second(s.AccessToken(ctx(t), acme, "at", at.ExpiresAt)), auth.ErrNotFound)
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("astray", "none", "f")}))
	wantErr(t, "no session", second(s.AccessToken(ctx(t), acme, "astray", now)), auth.ErrNotFound)

	both := server.Issue{Access: access("at", "s1", "f"), Refresh: ptr(refresh("rt", "s1", "f"))}
	wantErr(t, "same token", s.SaveTokens(ctx(t), both), auth.ErrConflict)
	wantErr(t, "half an issue", second(s.RefreshToken(ctx(t), acme, "rt")), auth.ErrNotFound)
}

func testRotation(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	first := refresh("r1", "s1", "f")
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("a1", "s1", "f"), Refresh: &first}))
	want(t, "kept", first)(s.RefreshToken(ctx(t), acme, "r1"))
	wantErr(t, "another enterprise's", second(s.RefreshToken(ctx(t), other, "r1")), auth.ErrNotFound)

	next := refresh("r2", "s1", "f")
	rotated := first
	rotated.UsedAt, rotated.Successor, rotated.SealedSuccessor = now, "r2", []byte("sealed r2")
	want(t, "rotated", rotated)(s.Rotate(ctx(t), first, next, []byte("sealed r2"), server.Issue{Access: access("a2", "s1", "f"), Refresh: &next}, now))
	want(t, "rotated is kept", rotated)(s.RefreshToken(ctx(t), acme, "r1"))
	want(t, "successor", next)(s.RefreshToken(ctx(t), acme, "r2"))
	want(t, "access token", access("a2", "s1", "f"))(s.AccessToken(ctx(t), acme, "a2", now))

	late := refresh("r3", "s1", "f")
	got, err := s.Rotate(ctx(t), first, late, []byte("sealed r3"), server.Issue{Access: access("a3", "s1", "f")}, now.Add(time.Second))
	wantErr(t, "rotated again", err, auth.ErrConflict)
	want(t, "as it is stored", rotated)(got, nil)
	wantErr(t, "nothing changed", second(s.RefreshToken(ctx(t), acme, "r3")), auth.ErrNotFound)
	wantErr(t, "no access token", second(s.AccessToken(ctx(t), acme, "a3", now)), auth.ErrNotFound)

	foreign := first
	foreign.EnterpriseID = other
	wantErr(t, "another enterprise's", second(s.Rotate(ctx(t), foreign, late, nil, server.Issue{Access: access("a4", "s1", "f")}, now)), auth.ErrNotFound)

	_, err = s.Rotate(ctx(t), next, late, nil, server.Issue{Access: access("a1", "s1", "f")}, now) // a1 exists
	wantErr(t, "failing half way", err, auth.ErrConflict)
	want(t, "is as before", next)(s.RefreshToken(ctx(t), acme, "r2"))
}

func testRotationAtOnce(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	first := refresh("r0", "s1", "f")
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("a0", "s1", "f"), Refresh: &first}))
	var winner atomic.Value
	answers := make([]string, 32)
	oneWinner(t, atOnce(32, func(i int) error {
		next := refresh(id("r", i+1), "s1", "f")
		got, err := s.Rotate(ctx(t), first, next, []byte(next.Hash), server.Issue{Access: access(id("a", i+1), "s1", "f")}, now)
		if err == nil {
			winner.Store(next.Hash)
		}
		answers[i] = got.Successor
		return err
	}), auth.ErrConflict)
	for _, successor := range answers {
		if successor != winner.Load() {
			t.Errorf("successor %q, want the winner's %q", successor, winner.Load())
		}
	}
}

func testFamiliesEnd(t *testing.T, s *store.Store) {
	company(t, s)
	session(t, s, "s1", "")
	mine, bystander := refresh("r1", "s1", "f"), refresh("r2", "s1", "g")
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("a1", "s1", "f"), Refresh: &mine}))
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("a2", "s1", "g"), Refresh: &bystander}))
	must(t, s.EndFamily(ctx(t), other, "f"))
	must(t, second(s.RefreshToken(ctx(t), acme, "r1")))
	must(t, s.EndFamily(ctx(t), acme, "f"))
	must(t, s.EndFamily(ctx(t), acme, "f"))
	wantErr(t, "refresh token", second(s.RefreshToken(ctx(t), acme, "r1")), auth.ErrNotFound)
	wantErr(t, "access token", second(s.AccessToken(ctx(t), acme, "a1", now)), auth.ErrNotFound)
	want(t, "another family", bystander)(s.RefreshToken(ctx(t), acme, "r2"))

	// What was on its way while the family ended is dead on arrival.
	late := refresh("r3", "s1", "f")
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("a3", "s1", "f"), Refresh: &late}))
	wantErr(t, "late refresh token", second(s.RefreshToken(ctx(t), acme, "r3")), auth.ErrNotFound)
	wantErr(t, "late access token", second(s.AccessToken(ctx(t), acme, "a3", now)), auth.ErrNotFound)
	next := refresh("r4", "s1", "f")
	wantErr(t, "late rotation", second(s.Rotate(ctx(t), late, next, nil, server.Issue{Access: access("a4", "s1", "f")}, now)), auth.ErrNotFound)
	must(t, s.Sweep(ctx(t), now.Add(10*365*24*time.Hour))) // the mark goes, and its tokens before it
	wantErr(t, "after the sweep", second(s.RefreshToken(ctx(t), acme, "r3")), auth.ErrNotFound)
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
	rt := refresh("rt", "s1", "f")
	must(t, s.SaveTokens(ctx(t), server.Issue{Access: access("at", "s1", "f"), Refresh: &rt}))
	must(t, s.SaveCode(ctx(t), server.Code{Hash: "c", Grant: grant("s1"), ExpiresAt: now}))
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
	must(t, second(s.AccessToken(ctx(t), acme, "at", now)))
	must(t, second(s.Launch(ctx(t), acme, "l"))) // kept, to notice a second presentation

	must(t, s.Sweep(ctx(t), now.Add(25*time.Hour+time.Hour)))
	wantErr(t, "code", second(s.UseCode(ctx(t), acme, "c", now.Add(-time.Hour))), auth.ErrNotFound)
	wantErr(t, "launch", second(s.Launch(ctx(t), acme, "l")), auth.ErrNotFound)
	wantErr(t, "session", second(s.Session(ctx(t), acme, "s1", now)), auth.ErrNotFound)
	wantErr(t, "refresh token", second(s.RefreshToken(ctx(t), acme, "rt")), auth.ErrNotFound)
	log, err := s.SignInsByReference(ctx(t), acme, "r")
	if err != nil || len(log) != 1 {
		t.Errorf("sign-in log = %v, %v; want it kept for 90 days", log, err)
	}
	must(t, s.Sweep(ctx(t), now.Add(91*24*time.Hour)))
	want(t, "old sign-ins", []server.SignIn(nil))(s.SignInsByReference(ctx(t), acme, "r"))
	must(t, second(s.Enterprise(ctx(t), acme)))
}
