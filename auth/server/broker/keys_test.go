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
	p := w.browser().Get(w.issuer() + "/.well-known/openid-configuration")
	var doc map[string]any
	must(t, json.Unmarshal([]byte(p.Body), &doc))
	for name, want := range map[string]any{
		"issuer": w.issuer(), "authorization_endpoint": w.issuer() + "/authorize", "end_session_endpoint": w.issuer() + "/end-session",
		"authorization_response_iss_parameter_supported": true, "request_uri_parameter_supported": false,
	} {
		if doc[name] != want {
			t.Errorf("%s is %v, want %v", name, doc[name], want)
		}
	}
	if !strings.Contains(p.Header.Get("Cache-Control"), "max-age") {
		t.Errorf("header %v", p.Header)
	}
	if p := w.browser().Get(w.URL + "/e/nowhere/.well-known/openid-configuration"); p.Status != 404 {
		t.Errorf("unknown enterprise: status %d", p.Status)
	}
}

// The key set has a key for every algorithm in use and never a private part.
func TestPublishedKeys(t *testing.T) {
	w := newWorld(t)
	p := w.browser().Get(w.issuer() + "/keys")
	var set struct{ Keys []map[string]string }
	must(t, json.Unmarshal([]byte(p.Body), &set))
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
	if again := w.browser().Get(w.issuer() + "/keys"); again.Body != p.Body {
		t.Error("keys changed from one look to the next")
	}
}

// A key that another instance retires signs no more, but what it signed stays good for
// as long as it is published.
func TestKeyRotationInMidFlight(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	before := w.token(redeem(b.code(ask())))

	keys, err := w.Store.Keys(ctx, acme, "id_token")
	must(t, err)
	for _, k := range keys {
		k.RetireAt = w.Now().Add(time.Hour)
		must(t, w.Store.SaveKey(ctx, k))
	}
	w.Advance(2 * time.Minute)
	after := w.token(redeem(b.code(ask())))

	provider, err := oidc.NewProvider(ctx, w.issuer())
	must(t, err)
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: "notes", SupportedSigningAlgs: []string{"ES256"}, Now: w.Now})
	for what, a := range map[string]answer{"before": before, "after": after} {
		if _, err := verifier.Verify(ctx, a.ID); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	kid := func(a answer) string { head, _, _ := strings.Cut(a.ID, "."); return head }
	if kid(before) == kid(after) {
		t.Error("the retired key still signs")
	}
	w.Advance(2 * time.Hour)
	if set := w.browser().Get(w.issuer() + "/keys"); strings.Contains(set.Body, keys[0].ID) {
		t.Error("the retired key is still published")
	}
}
