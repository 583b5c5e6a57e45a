package openid_test

import (
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

func TestVerifyLogout(t *testing.T) {
	p := meet(t, nil)
	got, err := p.VerifyLogout(t.Context(), p.idp.LogoutToken(authtest.Faults{}, set("sid", "s-1")))
	if err != nil || got.ID == "" || got.SessionID != "s-1" || got.Subject != "u-1001" || got.Expiry.Sub(p.now) < time.Minute {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, test := range map[string]struct {
		faults authtest.Faults
		change func(map[string]any)
		check  string
	}{
		"an id_token":       {authtest.Faults{}, without("events"), "events"},
		"with a nonce":      {authtest.Faults{}, set("nonce", "n"), "nonce"},
		"without an id":     {authtest.Faults{}, without("jti"), "jti"},
		"about nobody":      {authtest.Faults{}, without("sub"), "sub"},
		"without an end":    {authtest.Faults{}, without("exp"), "exp"},
		"expired":           {authtest.Faults{}, set("exp", 1), "exp"},
		"of the future":     {authtest.Faults{}, set("iat", time.Now().Add(time.Hour).Unix()), "iat"},
		"another provider":  {authtest.Faults{}, set("iss", "https://evil.example"), "iss"},
		"another client":    {authtest.Faults{}, set("aud", "other"), "aud"},
		"a wrong signature": {authtest.Faults{BadSignature: true}, nil, "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.VerifyLogout(t.Context(), p.idp.LogoutToken(test.faults, test.change))
			expectFault(t, err, auth.TokenInvalid, test.check)
		})
	}
}

// TestLogoutOfMappedSubject tells whose session ended where the connector knows people by
// another claim, a number here that no float holds.
func TestLogoutOfMappedSubject(t *testing.T) {
	p := meet(t, func(c *connector.Connector) { c.Claims = map[string]connector.Paths{"sub": {"uid"}} })
	got, err := p.VerifyLogout(t.Context(), p.idp.LogoutToken(authtest.Faults{}, set("uid", int64(9007199254740993))))
	if want := (openid.Logout{ID: got.ID, Subject: "9007199254740993", Expiry: got.Expiry}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = p.VerifyLogout(t.Context(), p.idp.LogoutToken(authtest.Faults{}, nil))
	expectFault(t, err, auth.TokenInvalid, "sub")
}
