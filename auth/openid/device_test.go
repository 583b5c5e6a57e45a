package openid_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/openid"
)

// meetDevices starts a provider that offers the device grant, and discovers it.
func meetDevices(t *testing.T) *party {
	t.Helper()
	p := &party{idp: authtest.NewProvider(t, authtest.Faults{}), now: time.Now()}
	p.idp.Devices = true
	provider, err := client(func() time.Time { return p.now }).Discover(t.Context(), conn(p.idp))
	if err != nil {
		t.Fatal(err)
	}
	p.Provider = provider
	return p
}

// await waits for the tokens, for a while.
func (p *party) await(t *testing.T, d *openid.Device) (openid.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return p.AwaitDevice(ctx, d)
}

func TestDevice(t *testing.T) {
	p := meetDevices(t)
	d, err := p.AskDevice(t.Context(), "desk 4")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.UserCode, "WDJB-") || d.URL != p.idp.Issuer+"/device" || !strings.Contains(d.Complete, d.UserCode) ||
		d.Number != authtest.DeviceNumber || !d.Expires.Equal(p.now.Add(10*time.Minute)) {
		t.Errorf("got %+v", d)
	}
	if form := p.idp.Last("/device_authorization"); form.Get("device") != "desk 4" || form.Get("code_verifier") != "" {
		t.Errorf("asked with %v", form)
	}
	go func() {
		for p.idp.Count("/token") < 2 { // still pending
			time.Sleep(time.Millisecond)
		}
		p.idp.Decide(d.UserCode, "")
	}()
	got, err := p.await(t, d)
	if err != nil {
		t.Fatal(err)
	}
	if got.Identity.Subject != "u-1001" || got.Identity.Name != "张三" || got.Tokens.Refresh.IsZero() || got.Tokens.Expiry.Sub(p.now) != time.Hour {
		t.Errorf("got %+v", got)
	}
	if _, err := p.Refresh(t.Context(), got.Tokens, got.Identity); err != nil {
		t.Errorf("refresh: %v", err)
	}
	_, err = p.await(t, d) // once only
	expectFault(t, err, auth.SignInStale, "")
	noSecrets(t, err, auth.NewSecret(p.idp.Last("/token").Get("device_code")), auth.NewSecret(p.idp.Last("/token").Get("code_verifier")))
}

// flaky answers some questions in its own way before it lets them through.
func flaky(idp *authtest.Provider, answers ...http.HandlerFunc) {
	var asked atomic.Int32
	idp.Set(answer("/token", func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		if n == len(answers) {
			idp.Set(authtest.Faults{})
		}
		answers[n-1](w, r)
	}))
}

// TestDevicePace slows down when told to, and by trouble, and goes on.
func TestDevicePace(t *testing.T) {
	t.Cleanup(openid.SetSlowDown(200 * time.Millisecond))
	tests := map[string]struct {
		trouble http.HandlerFunc
		least   time.Duration // that the second question comes after the first
	}{
		"slow down":   {authtest.OAuthError(400, "slow_down", ""), 250 * time.Millisecond},
		"503":         {authtest.Status(503), 100 * time.Millisecond},
		"too many":    {authtest.Status(429), 100 * time.Millisecond},
		"not reached": {hangUp, 100 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meetDevices(t)
			d, err := p.AskDevice(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			p.idp.Decide(d.UserCode, "")
			var first time.Time
			flaky(p.idp, func(w http.ResponseWriter, r *http.Request) { first = time.Now(); test.trouble(w, r) })
			if _, err := p.await(t, d); err != nil {
				t.Fatal(err)
			}
			if pause := time.Since(first); pause < test.least {
				t.Errorf("asked again after %v, want %v at least", pause, test.least)
			}
		})
	}
}

// TestDeviceSpans reads spans as providers write them, and believes none of them for ever.
func TestDeviceSpans(t *testing.T) {
	for name, test := range map[string]struct {
		written any
		life    time.Duration
	}{
		"a number": {90, 90 * time.Second}, "a text": {"90", 90 * time.Second}, "a fraction": {90.5, 90*time.Second + 500*time.Millisecond},
		"endless": {1e300, 10 * 365 * 24 * time.Hour}, "nothing": {nil, 10 * time.Minute}, "negative": {-1, 10 * time.Minute}, "a word": {"soon", 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			p := meetDevices(t)
			p.idp.Set(authtest.Faults{Device: set("expires_in", test.written)})
			d, err := p.AskDevice(t.Context(), "")
			if err != nil || !d.Expires.Equal(p.now.Add(test.life)) {
				t.Fatalf("got %+v, %v; want a life of %v", d, err, test.life)
			}
		})
	}
	p := meetDevices(t)
	d, err := p.AskDevice(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p.idp.Set(authtest.Faults{Token: set("expires_in", "120")})
	p.idp.Decide(d.UserCode, "")
	if got, err := p.await(t, d); err != nil || got.Tokens.Expiry.Sub(p.now) != 2*time.Minute {
		t.Errorf("got %v, %v", got.Tokens.LogValue(), err)
	}
}

func TestDeviceNotOffered(t *testing.T) {
	p := meet(t, nil)
	_, err := p.AskDevice(t.Context(), "")
	expectFault(t, err, auth.DeviceNotOffered, "")
	p.DeviceEndpoint = p.idp.Issuer + "/device_authorization" // listed, but not for us
	_, err = p.AskDevice(t.Context(), "")
	expectFault(t, err, auth.DeviceNotOffered, "")
}

func TestDeviceAskFaults(t *testing.T) {
	asking := func(with http.HandlerFunc) authtest.Faults { return answer("/device_authorization", with) }
	device := func(change func(map[string]any)) authtest.Faults { return authtest.Faults{Device: change} }
	tests := map[string]struct {
		faults authtest.Faults
		fault  auth.Fault
	}{
		"500":                      {asking(authtest.Status(500)), auth.ProviderUnreachable},
		"a web page":               {asking(authtest.HTML), auth.AnswerNotData},
		"5 MB":                     {asking(authtest.Huge), auth.AnswerNotData},
		"not reached":              {asking(hangUp), auth.ProviderUnreachable},
		"no device code":           {device(without("device_code")), auth.AnswerNotData},
		"no user code":             {device(without("user_code")), auth.AnswerNotData},
		"a user code beyond sense": {device(set("user_code", strings.Repeat("A", 65))), auth.AnswerNotData},
		"no address":               {device(without("verification_uri")), auth.AnswerNotData},
		"a program's address":      {device(set("verification_uri", "ms-settings:")), auth.AnswerNotData},
		"plain http elsewhere":     {device(set("verification_uri", "http://acme.example/device")), auth.AnswerNotData},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meetDevices(t)
			p.idp.Set(test.faults)
			_, err := p.AskDevice(t.Context(), "")
			expectFault(t, err, test.fault, "")
		})
	}
}

func TestDeviceAwaitFaults(t *testing.T) {
	tests := map[string]struct {
		refused string
		faults  authtest.Faults
		fault   auth.Fault
		check   string
	}{
		"denied":           {"access_denied", authtest.Faults{}, auth.SignInDenied, ""},
		"expired":          {"expired_token", authtest.Faults{}, auth.SignInTimeout, ""},
		"client unknown":   {"", answer("/token", authtest.OAuthError(401, "invalid_client", "")), auth.EnterpriseMisconfig, ""},
		"a web page":       {"", answer("/token", authtest.HTML), auth.AnswerNotData, ""},
		"no access token":  {"", authtest.Faults{Token: without("access_token")}, auth.AnswerNotData, ""},
		"no id_token":      {"", authtest.Faults{Token: without("id_token")}, auth.TokenInvalid, "id_token"},
		"wrong iss":        {"", claims(set("iss", "https://evil.example")), auth.TokenInvalid, "iss"},
		"wrong aud":        {"", claims(set("aud", "other")), auth.TokenInvalid, "aud"},
		"bad signature":    {"", authtest.Faults{BadSignature: true}, auth.TokenInvalid, "signature"},
		"userinfo differs": {"", authtest.Faults{Claims: without("name"), Userinfo: set("sub", "u-1002")}, auth.TokenInvalid, "userinfo sub"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := meetDevices(t)
			d, err := p.AskDevice(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			p.idp.Set(test.faults)
			p.idp.Decide(d.UserCode, test.refused)
			got, err := p.await(t, d)
			expectFault(t, err, test.fault, test.check)
			if !got.Tokens.Access.IsZero() {
				t.Errorf("a refused answer gave %v", got.Tokens.LogValue())
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		p := meetDevices(t)
		d, err := p.AskDevice(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = p.AwaitDevice(ctx, d)
		expectFault(t, err, auth.SignInCanceled, "")
	})
	t.Run("out of time", func(t *testing.T) {
		p := meetDevices(t)
		d, err := p.AskDevice(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(11 * time.Minute)
		_, err = p.await(t, d)
		expectFault(t, err, auth.SignInTimeout, "")
	})
	t.Run("answered in the last moment", func(t *testing.T) {
		p := meetDevices(t)
		d, err := p.AskDevice(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		p.idp.Decide(d.UserCode, "")
		p.now = d.Expires
		if got, err := p.await(t, d); err != nil || got.Tokens.Access.IsZero() {
			t.Errorf("got %v, %v", got.Tokens.LogValue(), err)
		}
	})
}

// TestRefreshTold hears of another device, from a server that tells.
func TestRefreshTold(t *testing.T) {
	p := meet(t, nil)
	tokens, id, err := p.signIn(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		said any
		want string
	}{
		{map[string]any{"name": "desk 4", "at": 1763800000}, "desk 4"},
		{map[string]any{"name": "desk 4"}, ""},
		{map[string]any{"at": 1763800000}, ""},
		{"desk 4", ""},
		{nil, ""},
	} {
		p.idp.Set(authtest.Faults{Token: set("new_device", row.said)})
		fresh, news, err := p.RefreshTold(t.Context(), tokens, id)
		if err != nil {
			t.Fatal(err)
		}
		tokens = fresh
		if (news == nil) != (row.want == "") || news != nil && (news.Name != row.want || news.At.Unix() != 1763800000) {
			t.Errorf("%v: got %+v", row.said, news)
		}
	}
}
