package sso_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

// Whoever is to prove anew who they are is not let in by an older proof; otherwise that
// one's time is the session's.
func TestProofIsAsOldAsTheProviderSays(t *testing.T) {
	for _, c := range []struct {
		what  string
		fresh bool
		age   time.Duration
		want  time.Duration // the session's; -1: refused
	}{
		{"let in by an older proof", false, 5 * time.Hour, 5 * time.Hour},
		{"proved just now", false, 0, 0},
		{"proved just now, by a clock that is behind", false, 30 * time.Second, 0},
		{"proved anew", true, 0, 0},
		{"proved anew, by a clock that is ahead", true, -30 * time.Second, 0},
		{"not asked again", true, 5 * time.Hour, -1},
	} {
		w, p := upstreamed(t)
		p.User["auth_time"] = w.Now().Add(-c.age).Unix()
		w.opts = server.BeginOptions{Fresh: c.fresh}
		b := w.browser()
		page := b.Get(b.callback("/e/" + acme + "/home"))
		if c.want < 0 {
			if b.signedIn(acme) || !strings.Contains(page.Body, "failed a safety check") {
				t.Errorf("%s: signed in %v: %s", c.what, b.signedIn(acme), page.Body)
			}
			continue
		}
		sessions, err := w.Store.SessionsOf(context.Background(), acme, w.personOf(b), w.Now())
		if err != nil || len(sessions) != 1 || !sessions[0].AuthTime.Equal(w.Now().Add(-c.want)) || !sessions[0].ProvenAt.Equal(w.Now()) {
			t.Errorf("%s: sessions %+v, %v; want one proved %v ago", c.what, sessions, err, c.want)
		}
	}
}
