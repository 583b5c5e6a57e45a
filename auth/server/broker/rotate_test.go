package broker_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"lanyard/auth"
	"lanyard/auth/server/broker"
)

// kids are the names of the keys that the issuer publishes, by algorithm.
func (w *world) kids(issuer string) map[string][]string {
	w.T.Helper()
	var set jose.JSONWebKeySet
	must(w.T, json.Unmarshal([]byte(w.browser().Get(issuer+"/keys").Body), &set))
	out := map[string][]string{}
	for _, k := range set.Keys {
		out[k.Algorithm] = append(out[k.Algorithm], k.KeyID)
	}
	return out
}

// signed returns a fresh id_token of the app and the name of the key that signed it.
func (w *world) signed() (token, kid string) {
	w.T.Helper()
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	token = w.token(redeem(b.code(ask()))).ID
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	must(w.T, err)
	return token, jws.Signatures[0].Header.KeyID
}

// TestRotateKeys changes the keys beside a running server, as the command line does. At
// every moment whoever fetches the keys can check what was signed.
func TestRotateKeys(t *testing.T) {
	w := newWorld(t)
	old, elsewhere := w.kids(w.issuer()), w.kids(w.URL+"/e/"+other)
	before, kid := w.signed()
	if !slices.Equal(old["ES256"], []string{kid}) || len(old["RS256"]) != 1 {
		t.Fatalf("published %v, signed by %s", old, kid)
	}
	r, err := broker.RotateKeys(t.Context(), w.Base, w.Store, acme)
	must(t, err)
	if wait := r.Signs.Sub(w.Now()); wait < 6*time.Minute { // an instance looks once a minute, a cache after five
		t.Errorf("the new keys sign after %s", wait)
	}

	w.Advance(time.Minute)
	both := w.kids(w.issuer())
	for _, alg := range []string{"ES256", "RS256"} {
		if len(both[alg]) != 2 || both[alg][0] != old[alg][0] {
			t.Fatalf("published beside %v: %v", old, both)
		}
	}
	w.Advance(r.Signs.Sub(w.Now()) - time.Millisecond)
	last, kid := w.signed()
	if kid != old["ES256"][0] {
		t.Errorf("signed by %s before anybody need know it", kid)
	}
	w.Advance(time.Millisecond)
	first, kid := w.signed()
	if kid != both["ES256"][1] {
		t.Errorf("signed by %s, want the new key", kid)
	}
	provider, err := oidc.NewProvider(t.Context(), w.issuer())
	must(t, err)
	verifier := provider.Verifier(&oidc.Config{ClientID: "notes", SupportedSigningAlgs: []string{"ES256"}, SkipExpiryCheck: true})
	for what, token := range map[string]string{"before": before, "the last of the old key": last, "the first of the new one": first} {
		if _, err := verifier.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}

	// The last one is believed to its end, and as long as its app may sign out by it.
	if r.Retired.Sub(r.Signs) < max(w.Base.Lifetimes.AccessToken, w.Base.Lifetimes.Session) {
		t.Errorf("retired at %s, the new keys sign from %s", r.Retired, r.Signs)
	}
	w.Advance(r.Retired.Sub(w.Now()) - time.Millisecond)
	if got := w.kids(w.issuer()); len(got["ES256"]) != 2 || len(got["RS256"]) != 2 {
		t.Errorf("published to the end: %v", got)
	}
	w.Advance(time.Millisecond)
	if got := w.kids(w.issuer()); !slices.Equal(got["ES256"], both["ES256"][1:]) || !slices.Equal(got["RS256"], both["RS256"][1:]) {
		t.Errorf("published in the end: %v", got)
	}
	if got := w.kids(w.URL + "/e/" + other); !slices.Equal(got["ES256"], elsewhere["ES256"]) {
		t.Errorf("another enterprise publishes %v, did %v", got, elsewhere)
	}
}

// Who rotates again before the new keys sign leaves each time to sign to one of them.
func TestRotateKeysTwice(t *testing.T) {
	w := newWorld(t)
	_, kid := w.signed()
	one, err := broker.RotateKeys(t.Context(), w.Base, w.Store, acme)
	must(t, err)
	w.Advance(5 * time.Minute)
	two, err := broker.RotateKeys(t.Context(), w.Base, w.Store, acme)
	must(t, err)
	w.Advance(time.Minute)
	published := w.kids(w.issuer())["ES256"]
	if len(published) != 3 || published[0] != kid {
		t.Fatalf("published %v, signed by %s", published, kid)
	}
	for i, at := range []time.Time{w.Now(), one.Signs, two.Signs} {
		w.Advance(max(0, at.Sub(w.Now())))
		if _, kid := w.signed(); kid != published[i] {
			t.Errorf("at %s signed by %s, want %s", at, kid, published[i])
		}
	}
}

// A server whose clock is put back notices new keys as soon as ever.
func TestRotateKeysClockBack(t *testing.T) {
	w := newWorld(t)
	w.kids(w.issuer())
	w.Advance(-time.Hour)
	_, err := broker.RotateKeys(t.Context(), w.Base, w.Store, acme)
	must(t, err)
	w.Advance(time.Minute)
	if got := w.kids(w.issuer())["ES256"]; len(got) != 2 {
		t.Errorf("published %v", got)
	}
}

func TestRotateNoKeys(t *testing.T) {
	w := newWorld(t)
	if _, err := broker.RotateKeys(t.Context(), w.Base, w.Store, acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	w.signed()
}
