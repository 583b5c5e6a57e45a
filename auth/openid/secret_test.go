package openid_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

// A confidential client shows its secret in the one way that the provider lists, at
// every request, and nowhere else.
func TestClientSecret(t *testing.T) {
	const secret = "s3cr3t: with+signs&more"
	for name, inForm := range map[string]bool{"by Basic": false, "in the form": true} {
		t.Run(name, func(t *testing.T) {
			p := meetSecret(t, secret, inForm, secret)
			tokens, id, err := p.signIn(t, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			again, err := p.Refresh(t.Context(), tokens, id)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Revoke(t.Context(), again); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Refresh(t.Context(), again, id); err == nil {
				t.Error("the revoked token still counts")
			}
			p = meetSecret(t, secret, inForm, "another")
			_, _, err = p.signIn(t, t.Context())
			expectFault(t, err, auth.ProviderSecret, "")
			noSecrets(t, err, auth.NewSecret("another"))
		})
	}
	p := meet(t, nil)
	same, err := p.WithSecret(auth.Secret{})
	if err != nil || same != p.Provider {
		t.Errorf("without a secret: %v", err)
	}
}

// meetSecret is meet with a provider that wants one secret and a client that has another.
func meetSecret(t *testing.T, wanted string, inForm bool, shown string) *party {
	t.Helper()
	p := &party{idp: authtest.NewProvider(t, authtest.Faults{}), now: time.Now()}
	p.idp.Secret, p.idp.SecretInForm = wanted, inForm
	provider, err := client(nil).Discover(t.Context(), conn(p.idp))
	if err == nil {
		p.Provider, err = provider.WithSecret(auth.NewSecret(shown))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSecretTheProviderCannotTake(t *testing.T) {
	idp := authtest.NewProvider(t, authtest.Faults{Discovery: set("token_endpoint_auth_methods_supported", []string{"private_key_jwt"})})
	p, err := client(nil).Discover(t.Context(), conn(idp))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.WithSecret(auth.NewSecret("s"))
	expectFault(t, err, auth.EnterpriseMisconfig, "")
}

// Groups and what others may trust come from the id_token or, where it lacks them, from
// userinfo; only what the connector marks is trusted.
func TestGroupsAndAuthoritative(t *testing.T) {
	user := map[string]any{
		"sub": "1", "name": "N", "email": "e@x", "email_verified": false,
		"groups": []any{"staff", "研发", "two\nlines"}, "upn": "zhang@acme.com", "nick": "a\r\nb",
	}
	paths := map[string]connector.Paths{"groups": {"groups"}, "upn": {"upn"}}
	for name, faults := range map[string]authtest.Faults{
		"in the id_token": {},
		"in userinfo": {Claims: func(claims map[string]any) {
			maps.DeleteFunc(claims, func(k string, _ any) bool { return k == "groups" || k == "upn" })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := meet(t, func(c *connector.Connector) {
				c.Claims, c.Authoritative = paths, []string{"upn", "groups", "email", "nick", "nothing"}
			})
			p.idp.User = user
			p.idp.Set(faults)
			req := p.AuthorizeRequest(redirectURI, openid.Options{})
			got, err := p.Redeem(t.Context(), req, auth.NewSecret(p.idp.Callback(t, req.URL).Get("code")))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Groups, []string{"staff", "研发"}) {
				t.Errorf("groups %q", got.Groups)
			}
			want := map[string]string{"upn": "zhang@acme.com", "groups": "staff\n研发", "email": "e@x"}
			if !maps.Equal(got.Authoritative, want) || got.Identity.Email != "e@x" {
				t.Errorf("authoritative %q, e-mail %q", got.Authoritative, got.Identity.Email)
			}
		})
	}
	p := meet(t, nil)
	p.idp.User = user
	req := p.AuthorizeRequest(redirectURI, openid.Options{})
	got, err := p.Redeem(t.Context(), req, auth.NewSecret(p.idp.Callback(t, req.URL).Get("code")))
	if err != nil || got.Groups != nil || got.Authoritative != nil || got.Identity.Email != "" {
		t.Errorf("of an unmarked connector: %+v, %v", got, err)
	}
}
