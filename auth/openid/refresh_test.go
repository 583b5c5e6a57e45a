package openid_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
)

func TestRefresh(t *testing.T) {
	for _, rotates := range []bool{true, false} {
		p := meet(t, nil)
		first, id, err := p.signIn(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.idp.Set(authtest.Faults{NoRotation: !rotates, Token: without("scope")})
		p.now = p.now.Add(30 * time.Minute)
		second, err := p.Refresh(t.Context(), first, id)
		if err != nil {
			t.Fatal(err)
		}
		if second.Refresh.IsZero() || second.Refresh.Equal(first.Refresh) == rotates {
			t.Errorf("rotates %v: the refresh token is %v", rotates, second.LogValue())
		}
		if second.Access.Equal(first.Access) || second.Scope != first.Scope || second.Expiry.Sub(p.now) != time.Hour {
			t.Errorf("rotates %v: refreshed to %v, scope %q", rotates, second.LogValue(), second.Scope)
		}
		p.idp.Set(authtest.Faults{Token: without("id_token")})
		third, err := p.Refresh(t.Context(), second, id)
		if err != nil || !third.ID.Equal(second.ID) {
			t.Errorf("rotates %v: without an id_token: %v, kept %v", rotates, err, third.ID.Equal(second.ID))
		}
	}
}

func TestRefreshFaults(t *testing.T) {
	tests := map[string]struct {
		faults authtest.Faults
		fault  auth.Fault
		check  string
	}{
		"refused":         {answer("/token", authtest.OAuthError(400, "invalid_grant", "")), auth.SignInRequired, ""},
		"the person left": {answer("/token", authtest.OAuthError(400, "invalid_grant", "access_ended")), auth.AccessEnded, ""},
		"500":             {answer("/token", authtest.Status(500)), auth.Offline, ""},
		"503":             {answer("/token", authtest.OAuthError(503, "temporarily_unavailable", "")), auth.Offline, ""},
		"a web page":      {answer("/token", authtest.HTML), auth.Offline, ""},
		"5 MB":            {answer("/token", authtest.Huge), auth.Offline, ""},
		"slow":            {authtest.Faults{}, auth.Offline, ""},
		"not reached":     {answer("/token", hangUp), auth.Offline, ""},
		"client unknown":  {answer("/token", authtest.OAuthError(401, "invalid_client", "")), auth.EnterpriseMisconfig, ""},
		"wrong iss":       {claims(set("iss", "https://evil.example")), auth.TokenInvalid, "iss"},
		"wrong aud":       {claims(set("aud", "other")), auth.TokenInvalid, "aud"},
		"wrong azp":       {claims(set("azp", "other")), auth.TokenInvalid, "azp"},
		"wrong sub":       {claims(set("sub", "u-1002")), auth.TokenInvalid, "sub"},
		"wrong at_hash":   {claims(set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")), auth.TokenInvalid, "at_hash"},
		"alg none":        {authtest.Faults{Alg: "none"}, auth.TokenInvalid, "alg"},
		"bad signature":   {authtest.Faults{BadSignature: true}, auth.TokenInvalid, "signature"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meet(t, nil)
			tokens, id, err := p.signIn(t, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.idp.Set(test.faults)
			ctx := t.Context()
			if name == "slow" {
				ctx = slow(t, p.idp, "/token")
			}
			got, err := p.Refresh(ctx, tokens, id)
			expectFault(t, err, test.fault, test.check)
			noSecrets(t, err, tokens.Refresh, tokens.Access)
			if test.fault == auth.Offline && !errors.Is(err, auth.ErrOffline) {
				t.Errorf("%v is not of kind offline", err)
			}
			if !got.Access.IsZero() {
				t.Errorf("a refused answer gave %v", got.LogValue())
			}
		})
	}
}

// TestRefreshKeepsWhatCame refreshes by a clock that is hours off either way: the provider
// has spent the old refresh token, so that to refuse what it sends would end the sign-in.
func TestRefreshKeepsWhatCame(t *testing.T) {
	for _, off := range []time.Duration{-8 * time.Hour, 8 * time.Hour} {
		p := meet(t, nil)
		tokens, id, err := p.signIn(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(off)
		got, err := p.Refresh(t.Context(), tokens, id)
		if err != nil || got.Refresh.IsZero() || got.Expiry.Sub(p.now) != time.Hour {
			t.Errorf("by a clock that is %v off: %v, %v", off, got.LogValue(), err)
		}
	}
}

// TestRefreshAsksForKeysFirst spends no refresh token as long as what comes for it could not
// be checked: an agent that starts with the network half there has no keys yet.
func TestRefreshAsksForKeysFirst(t *testing.T) {
	p := meet(t, nil)
	tokens, id, err := p.signIn(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := client(nil).Discover(t.Context(), conn(p.idp))
	if err != nil {
		t.Fatal(err)
	}
	p.idp.Set(answer("/keys", hangUp))
	before := p.idp.Count("/token")
	if _, err := again.Refresh(t.Context(), tokens, id); !errors.Is(err, auth.ErrOffline) {
		t.Errorf("refreshed without keys: %v, want offline", err)
	}
	if got := p.idp.Count("/token") - before; got != 0 {
		t.Errorf("the refresh token was sent %d times", got)
	}
	p.idp.Set(authtest.Faults{})
	if _, err := again.Refresh(t.Context(), tokens, id); err != nil {
		t.Errorf("with the keys: %v", err)
	}
}

func TestRefreshGoesOnlyToTheIssuerThatGaveIt(t *testing.T) {
	p := meet(t, nil)
	before := p.idp.Count("/token")
	tokens := auth.TokenSet{Refresh: auth.NewSecret("r")}
	_, err := p.Refresh(t.Context(), tokens, auth.Identity{Issuer: "https://old.acme.example", Subject: "u-1001"})
	expectFault(t, err, auth.SignInRequired, "")
	_, err = p.Refresh(t.Context(), auth.TokenSet{}, auth.Identity{Issuer: p.Issuer})
	expectFault(t, err, auth.SignInRequired, "")
	if got := p.idp.Count("/token"); got != before {
		t.Errorf("the token endpoint was asked %d times, want never", got-before)
	}
	if p.TokenOrigin() != p.idp.Issuer {
		t.Errorf("TokenOrigin is %q, want %q", p.TokenOrigin(), p.idp.Issuer)
	}
}

func TestRevoke(t *testing.T) {
	p := meet(t, nil)
	tokens, id, err := p.signIn(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Revoke(t.Context(), tokens); err != nil {
		t.Fatal(err)
	}
	if form := p.idp.Last("/revoke"); form.Get("token_type_hint") != "refresh_token" || form.Get("token") != tokens.Refresh.Reveal() {
		t.Errorf("revoked %q", form.Get("token_type_hint"))
	}
	_, err = p.Refresh(t.Context(), tokens, id)
	expectFault(t, err, auth.SignInRequired, "")

	if err := p.Revoke(t.Context(), auth.TokenSet{Access: tokens.Access}); err != nil || p.idp.Last("/revoke").Get("token_type_hint") != "access_token" {
		t.Errorf("revoke an access token: %v", err)
	}
	before := p.idp.Count("/revoke")
	if err := p.Revoke(t.Context(), auth.TokenSet{}); err != nil || p.idp.Count("/revoke") != before {
		t.Errorf("revoke nothing: %v", err)
	}
	p.idp.Set(answer("/revoke", authtest.Status(503)))
	if err := p.Revoke(t.Context(), tokens); !errors.Is(err, auth.ErrOffline) {
		t.Errorf("revoke at a provider that is down: %v, want offline", err)
	}
	p.idp.Set(answer("/revoke", hangUp))
	err = p.Revoke(t.Context(), tokens)
	noSecrets(t, err, tokens.Refresh)
	if !errors.Is(err, auth.ErrOffline) {
		t.Errorf("revoke without an answer: %v, want offline", err)
	}
	p.RevocationEndpoint = ""
	if err := p.Revoke(t.Context(), tokens); err != nil {
		t.Errorf("revoke where there is no endpoint: %v", err)
	}
}

func TestStrangerCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := client(nil).Discover(t.Context(), &connector.Connector{
		Kind: connector.KindOIDC, OIDC: &connector.OIDC{Issuer: server.URL, ClientID: "x"},
	})
	expectFault(t, err, auth.ProxyInterferes, "")
}
