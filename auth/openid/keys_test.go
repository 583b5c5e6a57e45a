package openid_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
)

// TestKnownKeysDoNotWait signs in while the provider is slow to answer for a key that
// nobody has, as a stranger's logout token may want it.
func TestKnownKeysDoNotWait(t *testing.T) {
	p := meet(t, nil)
	if _, _, err := p.signIn(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	p.now = p.now.Add(11 * time.Second)
	asked, release := make(chan struct{}), make(chan struct{})
	p.idp.Set(answer("/keys", func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"stranger"}`)) + ".e30.AA"
	stranger := make(chan error)
	go func() {
		_, err := p.VerifyLogout(t.Context(), forged)
		stranger <- err
	}()
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := p.signIn(t, ctx); err != nil {
		t.Error(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.VerifyLogout(canceled, forged) // waits for its turn
	expectFault(t, err, auth.SignInCanceled, "")
	close(release)
	err = <-stranger
	expectFault(t, err, auth.ProviderUnreachable, "")
	if _, args := auth.FaultOf(err); !strings.Contains(p.Issuer, args["host"]) || args["host"] == "" {
		t.Errorf("it is not said who is down: %v", args)
	}
}

func TestKeyRotation(t *testing.T) {
	p := meet(t, nil)
	signIn := func() error {
		_, _, err := p.signIn(t, t.Context())
		return err
	}
	if err := signIn(); err != nil {
		t.Fatal(err)
	}
	if err := signIn(); err != nil || p.idp.Count("/keys") != 1 {
		t.Errorf("%v; the keys were fetched %d times for two sign-ins, want once", err, p.idp.Count("/keys"))
	}
	p.idp.RotateKeys()
	for range 5 { // within 10 s of the last fetch nothing makes us ask again
		expectFault(t, signIn(), auth.TokenInvalid, "signature")
	}
	if got := p.idp.Count("/keys"); got != 1 {
		t.Errorf("the keys were fetched %d times within 10 s, want once", got)
	}
	p.now = p.now.Add(11 * time.Second)
	if err := signIn(); err != nil || p.idp.Count("/keys") != 2 {
		t.Errorf("after a rotation: %v, keys fetched %d times, want 2", err, p.idp.Count("/keys"))
	}
	// New keys under the old names.
	p.now = p.now.Add(11 * time.Second)
	p.idp.Set(authtest.Faults{Kid: "same", Keys: rename("kid", "same")})
	if err := signIn(); err != nil {
		t.Fatal(err)
	}
	p.idp.RotateKeys()
	p.now = p.now.Add(11 * time.Second)
	if err := signIn(); err != nil {
		t.Errorf("after a rotation under the same name: %v", err)
	}
}
