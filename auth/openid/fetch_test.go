package openid_test

import (
	"net/http"
	"testing"
	"time"

	"lanyard/auth/authtest"
	"lanyard/auth/openid"
)

// asked keeps the requests that pass, and how long each may take.
type asked struct {
	requests []*http.Request
	limits   []time.Duration // 0: none
}

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	left := time.Duration(0)
	if end, ok := r.Context().Deadline(); ok {
		left = time.Until(end)
	}
	a.requests, a.limits = append(a.requests, r), append(a.limits, left)
	return http.DefaultTransport.RoundTrip(r)
}

// TestCallsEnd: every call ends within ten seconds, by its context: for a transport that
// net/http does not know, its own limit starts a goroutine and sets Cancel.
func TestCallsEnd(t *testing.T) {
	idp, through := authtest.NewProvider(t, authtest.Faults{}), &asked{}
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	c := openid.Client{HTTP: &http.Client{Transport: through}}
	provider, err := c.Discover(t.Context(), conn(idp))
	if err != nil {
		t.Fatal(err)
	}
	p := &party{idp: idp, now: time.Now(), Provider: provider}
	tokens, id, err := p.signIn(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Refresh(t.Context(), tokens, id); err != nil {
		t.Fatal(err)
	}
	if len(through.requests) < 4 { // discovery, token, keys, refresh
		t.Fatalf("%d requests", len(through.requests))
	}
	for i, r := range through.requests {
		if left := through.limits[i]; left <= 0 || left > 10*time.Second {
			t.Errorf("%s ends in %v", r.URL.Path, left)
		}
		if r.Cancel != nil { //nolint:staticcheck // that nobody sets it is what is tested
			t.Errorf("%s has a goroutine of its own", r.URL.Path)
		}
	}
}
