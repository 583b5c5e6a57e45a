package catalog_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

func TestOpeningsAreMeasured(t *testing.T) {
	w := newWorld(t)
	zhang, li := w.signedIn(acme, "张三"), w.signedIn(acme, "李四")
	b, agent := w.browser(), w.agent(zhang)
	if len(w.openings()) != 0 {
		t.Error("a link that nobody opened counts")
	}
	w.Advance(3 * time.Second)
	b.open(agent.link.URL)
	s, err := b.session(acme)
	must(t, err)
	o, err := w.Store.Opening(t.Context(), acme, agent.link.ID)
	must(t, err)
	if o.AppID != "notes" || o.PersonID != zhang.person || o.SessionID != s.ID || o.Outcome != server.OpeningLinked || o.Took < 3*time.Second || o.Took > time.Minute {
		t.Errorf("opening %+v", o)
	}
	// Used links: once for each link, beside the opening that the link made.
	b.open(agent.link.URL)
	b.open(agent.link.URL)
	w.oneOld("used twice more")
	if o, err := w.Store.Opening(t.Context(), acme, agent.link.ID); err != nil || o.Outcome != server.OpeningLinked {
		t.Errorf("the first opening is now %+v, %v", o, err)
	}
	// Who stays somebody else has opened the app as another person.
	c := w.browser()
	c.signIn(li)
	switching := w.agent(zhang)
	_, page := c.open(switching.link.URL)
	c.press(page, "keep")
	if o, err := w.Store.Opening(t.Context(), acme, switching.link.ID); err != nil || o.Outcome != server.OpeningAnother || o.PersonID != zhang.person {
		t.Errorf("opened as another: %+v, %v", o, err)
	}
	w.inApp(c.trail)
}

func TestAskedToSignIn(t *testing.T) {
	w := newWorld(t)
	zhang, li, foreign := w.signedIn(acme, "张三"), w.signedIn(acme, "李四"), w.signedIn(other, "外人")
	b, agent := w.browser(), w.agent(zhang)
	b.open(agent.link.URL)
	ask := func(enterprise, token, id string) int {
		t.Helper()
		answer, _ := w.call(http.MethodPost, w.issuer(enterprise)+"/v1/openings/"+id+"/asked", token, "")
		return answer.StatusCode
	}
	for what, c := range map[string]struct {
		enterprise, token, id string
		status                int
	}{
		"another person":             {acme, li.token, agent.link.ID, http.StatusNotFound},
		"another enterprise":         {other, foreign.token, agent.link.ID, http.StatusNotFound},
		"another enterprise's token": {acme, foreign.token, agent.link.ID, http.StatusUnauthorized},
		"none":                       {acme, zhang.token, "none", http.StatusNotFound},
		"an app's token":             {acme, w.accessToken(zhang, server.AudienceUserinfo), agent.link.ID, http.StatusUnauthorized},
	} {
		if got := ask(c.enterprise, c.token, c.id); got != c.status {
			t.Errorf("%s: status %d, want %d", what, got, c.status)
		}
	}
	if got := w.outcomes(); !slices.Equal(got, []string{"notes linked"}) {
		t.Errorf("openings %q", got)
	}
	for range 2 {
		if got := ask(acme, zhang.token, agent.link.ID); got != http.StatusNoContent {
			t.Errorf("status %d", got)
		}
	}
	if got := w.outcomes(); !slices.Equal(got, []string{"notes asked"}) || !strings.Contains(w.Log.String(), "app asked to sign in") {
		t.Errorf("openings %q", got)
	}
}
