package store_test

import (
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

func deviceGrant(hash, user string) server.DeviceGrant {
	return server.DeviceGrant{
		Hash: hash, UserHash: user, EnterpriseID: acme, ClientID: "lanyard", Scope: "openid", Challenge: "challenge", Nonce: "nonce",
		Number: "07", Address: "192.0.2.7", Device: "build-7 “🦊”", CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
	}
}

// useDevice trades an approved device code for a grant and a session, both named id.
func useDevice(t *testing.T, s *store.Store, enterprise, hash, id string, at time.Time) error {
	g := grant(id, id)
	g.EnterpriseID, g.UsedAt = enterprise, at
	return s.UseDeviceGrant(ctx(t), hash, g, &server.Session{
		ID: id, EnterpriseID: enterprise, PersonID: "zhang", Client: server.DesktopClient, ExpiresAt: now.Add(time.Hour),
	})
}

func testDeviceGrants(t *testing.T, s *store.Store) {
	company(t, s)
	g := deviceGrant("h", "u")
	must(t, s.SaveDeviceGrant(ctx(t), g))
	wantErr(t, "same user code", s.SaveDeviceGrant(ctx(t), deviceGrant("h2", "u")), auth.ErrConflict)
	elsewhere := deviceGrant("h3", "u")
	elsewhere.EnterpriseID = other
	wantErr(t, "same user code at another enterprise", s.SaveDeviceGrant(ctx(t), elsewhere), auth.ErrConflict)
	elsewhere.UserHash = "u3"
	must(t, s.SaveDeviceGrant(ctx(t), elsewhere))

	want(t, "by user code", g)(s.DeviceGrantByUser(ctx(t), acme, "u"))
	want(t, "by user code anywhere", g)(s.DeviceGrantAnywhere(ctx(t), "u"))
	want(t, "another's by user code anywhere", elsewhere)(s.DeviceGrantAnywhere(ctx(t), "u3"))
	wantErr(t, "another enterprise's user code", second(s.DeviceGrantByUser(ctx(t), acme, "u3")), auth.ErrNotFound)
	wantErr(t, "unknown user code anywhere", second(s.DeviceGrantAnywhere(ctx(t), "x")), auth.ErrNotFound)
	wantErr(t, "unknown user code", second(s.DeviceGrantByUser(ctx(t), acme, "x")), auth.ErrNotFound)
	want(t, "first poll", g)(s.PollDeviceGrant(ctx(t), acme, "h", now.Add(time.Second)))
	g.PolledAt = now.Add(time.Second)
	want(t, "second poll", g)(s.PollDeviceGrant(ctx(t), acme, "h", now.Add(time.Second)))
	wantErr(t, "another enterprise's poll", second(s.PollDeviceGrant(ctx(t), other, "h", now)), auth.ErrNotFound)

	// Nobody has approved it: it is worth nothing.
	wantErr(t, "use before approval", useDevice(t, s, acme, "h", "given", now), auth.ErrConflict)
	wantErr(t, "another enterprise approves", s.SettleDeviceGrant(ctx(t), other, "h", "li", "s", now, now), auth.ErrConflict)
	wantErr(t, "too late", s.SettleDeviceGrant(ctx(t), acme, "h", "zhang", "s", now, g.ExpiresAt), auth.ErrConflict)
	want(t, "first wrong number", 1)(s.TryDeviceGrant(ctx(t), acme, "h", 5, now))
	must(t, s.SettleDeviceGrant(ctx(t), acme, "h", "zhang", "s1", now.Add(-time.Minute), now))
	g.Tries, g.ApprovedAt, g.PersonID, g.SessionID, g.AuthTime = 1, now, "zhang", "s1", now.Add(-time.Minute)
	want(t, "approved", g)(s.DeviceGrantByUser(ctx(t), acme, "u"))
	wantErr(t, "denied after approval", s.SettleDeviceGrant(ctx(t), acme, "h", "", "", time.Time{}, now), auth.ErrConflict)
	wantErr(t, "wrong number after approval", second(s.TryDeviceGrant(ctx(t), acme, "h", 5, now)), auth.ErrNotFound)
	wantErr(t, "used at another enterprise", useDevice(t, s, other, "h", "given", now), auth.ErrConflict)
	wantErr(t, "nothing is given until then", second(s.Grant(ctx(t), acme, "given")), auth.ErrNotFound)
	must(t, useDevice(t, s, acme, "h", "given", now))
	must(t, second(s.HeldGrant(ctx(t), acme, "given", now)))
	wantErr(t, "used again", useDevice(t, s, acme, "h", "again", now), auth.ErrConflict)
	wantErr(t, "nothing is given again", second(s.Session(ctx(t), acme, "again", now)), auth.ErrNotFound)

	guessed := deviceGrant("h4", "u4")
	must(t, s.SaveDeviceGrant(ctx(t), guessed))
	for i := range 5 {
		want(t, "wrong number", i+1)(s.TryDeviceGrant(ctx(t), acme, "h4", 5, now))
	}
	wantErr(t, "a sixth number", second(s.TryDeviceGrant(ctx(t), acme, "h4", 5, now)), auth.ErrNotFound)
	wantErr(t, "approved after five wrong numbers", s.SettleDeviceGrant(ctx(t), acme, "h4", "zhang", "s1", now, now), auth.ErrConflict)

	must(t, s.Sweep(ctx(t), now.Add(25*time.Hour)))
	wantErr(t, "swept", second(s.DeviceGrantByUser(ctx(t), acme, "u")), auth.ErrNotFound)
}

func testDeviceGrantsAtOnce(t *testing.T, s *store.Store) {
	company(t, s)
	must(t, s.SaveDeviceGrant(ctx(t), deviceGrant("h", "u")))
	oneWinner(t, atOnce(16, func(i int) error {
		person := "zhang"
		if i%2 == 1 {
			person = "" // denies
		}
		return s.SettleDeviceGrant(ctx(t), acme, "h", person, "s1", now, now)
	}), auth.ErrConflict)

	must(t, s.SaveDeviceGrant(ctx(t), deviceGrant("h2", "u2")))
	must(t, s.SettleDeviceGrant(ctx(t), acme, "h2", "zhang", "s1", now, now))
	oneWinner(t, atOnce(16, func(i int) error { return useDevice(t, s, acme, "h2", id("given", i), now) }), auth.ErrConflict)

	// The person's other desktops are told, and nobody else.
	for _, id := range []string{"old", "new", "browser"} {
		v := session(t, s, id, "")
		if id != "browser" {
			v.Client = server.DesktopClient
		}
		must(t, s.SaveSession(ctx(t), v))
	}
	must(t, s.TellDevices(ctx(t), acme, "zhang", "new", "build-7", now))
	for id, name := range map[string]string{"old": "build-7", "new": "", "browser": ""} {
		v, err := s.Session(ctx(t), acme, id, now)
		if err != nil || v.NewDevice != name || v.NewDeviceAt.IsZero() != (name == "") {
			t.Errorf("%s: new device %q at %v, %v; want %q", id, v.NewDevice, v.NewDeviceAt, err, name)
		}
	}
}
