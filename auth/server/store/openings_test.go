package store_test

import (
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

func testOpenings(t *testing.T, s *store.Store) {
	company(t, s)
	o := server.Opening{ID: "o", EnterpriseID: acme, AppID: "notes", PersonID: "zhang", SessionID: "s", Outcome: server.OpeningLinked, At: now, Took: 1500 * time.Millisecond}
	wantErr(t, "none", second(s.Opening(ctx(t), acme, "o")), auth.ErrNotFound)
	must(t, s.RecordOpening(ctx(t), o))
	want(t, "kept", o)(s.Opening(ctx(t), acme, "o"))
	wantErr(t, "another enterprise's", second(s.Opening(ctx(t), other, "o")), auth.ErrNotFound)
	stolen := o
	stolen.EnterpriseID = other
	wantErr(t, "another enterprise's id", s.RecordOpening(ctx(t), stolen), auth.ErrConflict)

	must(t, s.MarkOpening(ctx(t), acme, "o", server.OpeningBack, now.Add(2*time.Second)))
	o.Outcome, o.Took = server.OpeningBack, 2*time.Second
	want(t, "marked", o)(s.Opening(ctx(t), acme, "o"))
	wantErr(t, "mark another enterprise's", s.MarkOpening(ctx(t), other, "o", server.OpeningAsked, now), auth.ErrNotFound)
	wantErr(t, "mark none", s.MarkOpening(ctx(t), acme, "none", server.OpeningBack, now), auth.ErrNotFound)
	must(t, s.MarkOpening(ctx(t), acme, "o", server.OpeningAsked, now.Add(time.Minute)))
	o.Outcome = server.OpeningAsked // and the time that it took is the app's
	want(t, "asked", o)(s.Opening(ctx(t), acme, "o"))
	must(t, s.MarkOpening(ctx(t), acme, "o", server.OpeningBack, now.Add(time.Hour)))
	want(t, "what the person said stands", o)(s.Opening(ctx(t), acme, "o"))

	replaced := server.Opening{ID: "o", EnterpriseID: acme, AppID: "docs", PersonID: "zhang", Outcome: server.OpeningFailed, At: now.Add(time.Second)}
	must(t, s.RecordOpening(ctx(t), replaced))
	want(t, "replaced", replaced)(s.Opening(ctx(t), acme, "o"))
}

func testMarkBack(t *testing.T, s *store.Store) {
	company(t, s)
	must(t, s.SaveApp(ctx(t), server.App{ID: "notes", EnterpriseID: acme}))
	must(t, s.SaveApp(ctx(t), server.App{ID: "docs", EnterpriseID: acme, ClientID: "office"}))
	for i, o := range []server.Opening{
		{ID: "old", AppID: "docs", PersonID: "zhang", At: now.Add(-time.Hour)},
		{ID: "first", AppID: "docs", PersonID: "zhang", At: now},
		{ID: "newest", AppID: "docs", PersonID: "zhang", At: now.Add(time.Second)},
		{ID: "failed", AppID: "docs", PersonID: "zhang", At: now.Add(2 * time.Second), Outcome: server.OpeningFailed},
		{ID: "notes", AppID: "notes", PersonID: "zhang", At: now.Add(3 * time.Second), Outcome: server.OpeningPosted},
		{ID: "li", AppID: "docs", PersonID: "li", At: now.Add(4 * time.Second)},
	} {
		o.EnterpriseID, o.SessionID = acme, "s"
		if o.Outcome == "" {
			o.Outcome = server.OpeningLinked
		}
		if i == 4 {
			o.SessionID = "other"
		}
		must(t, s.RecordOpening(ctx(t), o))
	}
	outcomes := func() map[string]string {
		all, err := s.FindOpenings(ctx(t), acme, "", time.Time{}, 0, 0)
		must(t, err)
		out := map[string]string{}
		for _, o := range all {
			if o.Outcome != server.OpeningLinked {
				out[o.ID] = o.Outcome
			}
		}
		return out
	}
	since, later := now.Add(-time.Minute), now.Add(5*time.Second)
	back := func(enterprise, person, client string) {
		t.Helper()
		must(t, s.MarkBack(ctx(t), enterprise, person, client, server.OpeningBack, since, later))
	}
	back(acme, "zhang", "docs")    // an app's id is its client's only where it has no other
	back(acme, "zhang", "tool")    // nobody's
	back(other, "zhang", "office") // another enterprise's
	want(t, "nothing matched", map[string]string{"failed": "failed", "notes": "posted"})(outcomes(), nil)
	back(acme, "zhang", "office")
	want(t, "the newest", map[string]string{"failed": "failed", "notes": "posted", "newest": "back"})(outcomes(), nil)
	back(acme, "zhang", "notes")
	back(acme, "zhang", "office")
	back(acme, "zhang", "office") // the one that is left is too old
	want(t, "one each time", map[string]string{"failed": "failed", "notes": "back", "newest": "back", "first": "back"})(outcomes(), nil)
	o, err := s.Opening(ctx(t), acme, "newest")
	if err != nil || o.Took != 4*time.Second {
		t.Errorf("took %v, %v; want 4s", o.Took, err)
	}

	must(t, s.SaveSession(ctx(t), server.Session{ID: "s", EnterpriseID: acme, PersonID: "li"}))
	must(t, s.MarkSession(ctx(t), other, "s", server.OpeningAnother, since, later))
	must(t, s.MarkSession(ctx(t), acme, "none", server.OpeningAnother, since, later))
	must(t, s.MarkSession(ctx(t), acme, "s", server.OpeningAnother, since, later))
	want(t, "by session", map[string]string{"failed": "failed", "notes": "back", "newest": "back", "first": "back", "li": "another"})(outcomes(), nil)
}

func testFindOpenings(t *testing.T, s *store.Store) {
	company(t, s)
	var all []server.Opening
	for i, o := range []server.Opening{
		{AppID: "notes", Outcome: server.OpeningBack},
		{AppID: "docs", Outcome: server.OpeningAsked},
		{AppID: "notes", Outcome: server.OpeningBack},
		{AppID: "notes", Outcome: server.OpeningOld},
	} {
		o.ID, o.EnterpriseID, o.PersonID, o.At = id("o", i), acme, "zhang", now.Add(time.Duration(i)*time.Minute)
		must(t, s.RecordOpening(ctx(t), o))
		all = append([]server.Opening{o}, all...)
	}
	want(t, "all, newest first", all)(s.FindOpenings(ctx(t), acme, "", time.Time{}, 0, 0))
	want(t, "of an app", []server.Opening{all[2]})(s.FindOpenings(ctx(t), acme, "docs", time.Time{}, 0, 0))
	want(t, "since", all[:2])(s.FindOpenings(ctx(t), acme, "", now.Add(2*time.Minute), 0, 0))
	want(t, "a page", all[1:3])(s.FindOpenings(ctx(t), acme, "", time.Time{}, 2, 1))
	want(t, "another enterprise", []server.Opening(nil))(s.FindOpenings(ctx(t), other, "", time.Time{}, 0, 0))
	want(t, "rates", []server.OpeningRate{
		{AppID: "docs", Count: map[string]int{"asked": 1}}, {AppID: "notes", Count: map[string]int{"back": 2, "old": 1}},
	})(s.OpeningRates(ctx(t), acme, time.Time{}))
	want(t, "rates since", []server.OpeningRate{{AppID: "notes", Count: map[string]int{"back": 1, "old": 1}}})(s.OpeningRates(ctx(t), acme, now.Add(2*time.Minute)))
	want(t, "no rates", []server.OpeningRate(nil))(s.OpeningRates(ctx(t), other, time.Time{}))
}

func testSweepOpenings(t *testing.T, s *store.Store) {
	company(t, s)
	old := server.Opening{ID: "old", EnterpriseID: acme, AppID: "notes", Outcome: server.OpeningBack, At: now}
	fresh := server.Opening{ID: "fresh", EnterpriseID: acme, AppID: "notes", Outcome: server.OpeningBack, At: now.Add(time.Hour)}
	must(t, s.RecordOpening(ctx(t), old))
	must(t, s.RecordOpening(ctx(t), fresh))
	must(t, s.Sweep(ctx(t), now.Add(190*24*time.Hour)))
	want(t, "190 days", []server.Opening{fresh})(s.FindOpenings(ctx(t), acme, "", time.Time{}, 0, 0))
	s.KeepAudit = time.Hour
	must(t, s.Sweep(ctx(t), now.Add(2*time.Hour)))
	want(t, "as long as it is set", []server.Opening(nil))(s.FindOpenings(ctx(t), acme, "", time.Time{}, 0, 0))
}
