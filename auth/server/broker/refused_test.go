package broker_test

import (
	"net/url"
	"strings"
	"testing"
)

// A refusal upstream reaches whoever asked: with state and iss, and the reason where
// error_description may hold it.
func TestRefusalReachesTheClient(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ what, reason, want string }{
		{"without a reason", "", ""},
		{"with one", "canceled on the sign-in page", "canceled on the sign-in page"},
		{"in other letters", "用户取消", ""},
		{"with quotes", `say "yes"`, ""},
		{"too long", strings.Repeat("x", 201), ""},
	} {
		for _, asked := range []url.Values{ask(), askDesktop()} {
			w.browser().Get(w.authorizeURL(asked))
			if !w.gate.Begun[len(w.gate.Begun)-1].TellAsker {
				t.Errorf("%s: the client is not told", c.what)
			}
			q := location(w.browser().Get(w.URL + w.Base.Refused(w.gate.Return, c.reason))).Query()
			if q.Get("error") != "access_denied" || q.Get("error_description") != c.want ||
				q.Get("state") != "the state" || q.Get("iss") != w.issuer() || q.Has("code") {
				t.Errorf("%s: got %v", c.what, q)
			}
		}
	}
}

// The marker of a refusal gives an error at most: to the very request that it was made
// for, and to no other.
func TestRefusalCannotBeMoved(t *testing.T) {
	w := newWorld(t)
	w.browser().Get(w.authorizeURL(ask()))
	refused := w.Base.Refused(w.gate.Return, "no")
	_, marker, _ := strings.Cut(refused, "&lanyard_refused=")

	signedIn := w.browser()
	signedIn.SignIn(w.person(acme, "张三"))
	if q := location(signedIn.Get(w.URL + refused)).Query(); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("signed in: got %v", q)
	}
	for what, address := range map[string]string{
		"another request":  w.authorizeURL(ask("nonce", "another")) + "&lanyard_refused=" + marker,
		"invented":         w.authorizeURL(ask()) + "&lanyard_refused=" + strings.Repeat("A", len(marker)),
		"not base64":       w.authorizeURL(ask()) + "&lanyard_refused=%00",
		"with more behind": w.URL + refused + "&state=x",
	} {
		before := len(w.gate.Begun)
		p := w.browser().Get(address)
		if strings.Contains(p.Location(), "access_denied") {
			t.Errorf("%s: told the client %s", what, p.Location())
		}
		if what != "with more behind" && len(w.gate.Begun) != before+1 {
			t.Errorf("%s: did not begin a sign-in", what)
		}
	}
	// Nor does it change where the answer goes.
	evil := strings.Replace(refused, "redirect_uri=", "redirect_uri=https%3A%2F%2Fevil.example%2F%3F", 1)
	if p := w.browser().Get(w.URL + evil); p.Location() != "" || !strings.HasPrefix(p.Body, "page: request_invalid") {
		t.Errorf("another redirect address: location %q, %s", p.Location(), p.Body)
	}
}
