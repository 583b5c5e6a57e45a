package broker_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	p := w.browser().get(w.issuer() + "/.well-known/openid-configuration")
	var doc map[string]any
	must(t, json.Unmarshal([]byte(p.body), &doc))
	for name, want := range map[string]any{
		"issuer": w.issuer(), "authorization_endpoint": w.issuer() + "/authorize", "end_session_endpoint": w.issuer() + "/end-session",
		"authorization_response_iss_parameter_supported": true, "request_uri_parameter_supported": false,
	} {
		if doc[name] != want {
			t.Errorf("%s is %v, want %v", name, doc[name], want)
		}
	}
	if !strings.Contains(p.header.Get("Cache-Control"), "max-age") {
		t.Errorf("header %v", p.header)
	}
	if p := w.browser().get(w.url + "/e/nowhere/.well-known/openid-configuration"); p.status != 404 {
		t.Errorf("unknown enterprise: status %d", p.status)
	}
}

// The key set has a key for every algorithm in use and never a private part.
func TestPublishedKeys(t *testing.T) {
	w := newWorld(t)
	p := w.browser().get(w.issuer() + "/keys")
	var set struct{ Keys []map[string]string }
	must(t, json.Unmarshal([]byte(p.body), &set))
	algs := map[string]bool{}
	for _, k := range set.Keys {
		algs[k["alg"]] = true
		if k["kid"] == "" || k["use"] != "sig" || k["d"] != "" || k["p"] != "" {
			t.Errorf("key %v", k)
		}
	}
	if !algs["ES256"] || !algs["RS256"] || len(set.Keys) != 2 {
		t.Errorf("algorithms %v", algs)
	}
	if again := w.browser().get(w.issuer() + "/keys"); again.body != p.body {
		t.Error("keys changed from one look to the next")
	}
}

// A key that another instance retires signs no more, but what it signed stays good for
// as long as it is published.
func TestKeyRotationInMidFlight(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	before := w.token(redeem(b.code(ask())))

	keys, err := w.store.Keys(ctx, acme, "id_token")
	must(t, err)
	for _, k := range keys {
		k.RetireAt = w.clock.Now().Add(time.Hour)
		must(t, w.store.SaveKey(ctx, k))
	}
	w.clock.advance(2 * time.Minute)
	after := w.token(redeem(b.code(ask())))

	provider, err := oidc.NewProvider(ctx, w.issuer())
	must(t, err)
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: "notes", SupportedSigningAlgs: []string{"ES256"}, Now: w.clock.Now})
	for what, a := range map[string]answer{"before": before, "after": after} {
		if _, err := verifier.Verify(ctx, a.ID); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	kid := func(a answer) string { head, _, _ := strings.Cut(a.ID, "."); return head }
	if kid(before) == kid(after) {
		t.Error("the retired key still signs")
	}
	w.clock.advance(2 * time.Hour)
	if set := w.browser().get(w.issuer() + "/keys"); strings.Contains(set.body, keys[0].ID) {
		t.Error("the retired key is still published")
	}
}
