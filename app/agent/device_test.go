package agent_test

import (
	"strings"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// devices is a company whose provider offers signing in on another device.
func devices(t *testing.T) *company {
	t.Helper()
	c := newCompany(t, "acme")
	c.Devices = true
	return c
}

// askDevice waits until the attempt shows what the other device needs.
func (d *desk) askDevice() *local.Attempt {
	d.t.Helper()
	s := d.until("a device code", func(s local.State) bool {
		return s.Attempt != nil && (s.Attempt.Over() || s.Attempt.Device != nil && s.Attempt.Step == local.StepWaiting)
	})
	if s.Attempt.Device == nil {
		d.t.Fatalf("no device code: %+v", s.Attempt)
	}
	return s.Attempt
}

// TestDevice finishes a sign-in on another device, asked for from the start or while the
// browser is waited for.
func TestDevice(t *testing.T) {
	for _, fromStart := range []bool{true, false} {
		c := devices(t)
		d := newDesk(t, func(cfg *agent.Config) { cfg.Device = "desk 4" })
		req := local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Device: fromStart}
		id, err := d.SignIn(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if !fromStart {
			if att := d.step(local.StepWaiting); !att.DeviceOffered || att.Device != nil {
				t.Errorf("before anybody asked: %+v", att)
			}
			for range 2 { // one code, however often
				if err := d.UseDevice(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
		}
		att := d.askDevice()
		if n := c.Count("/device_authorization"); n != 1 {
			t.Errorf("%d device codes were asked for", n)
		}
		if att.Device.Number != authtest.DeviceNumber || att.Device.URL != c.Issuer+"/device" ||
			att.Device.Complete != att.Device.URL+"?user_code="+att.Device.UserCode || att.Device.Expires.IsZero() || att.URL == "" {
			t.Errorf("attempt %+v, device %+v", att, att.Device)
		}
		if name := c.Last("/device_authorization").Get("device"); name != "desk 4" {
			t.Errorf("the device is called %q", name)
		}
		c.Decide(att.Device.UserCode, "")
		if att := d.step(local.StepDone); att.Device != nil || att.Profile == "" {
			t.Errorf("done: %+v", att)
		}
		if p := d.phase(local.SignedIn); p.Identity.Name != "张三" {
			t.Errorf("signed in as %+v", p.Identity)
		}
		log := string(d.ring.Lines())
		for _, secret := range []string{c.Last("/token").Get("device_code"), c.Last("/token").Get("code_verifier"), att.Device.UserCode} {
			if secret == "" || strings.Contains(log, secret) {
				t.Errorf("%q is in the log", secret)
			}
		}
	}
}

// TestDeviceOrBrowser lets whoever is first win: the browser's callback stays open beside
// the other device, and a code that nobody used ends with it.
func TestDeviceOrBrowser(t *testing.T) {
	c := devices(t)
	d := newDesk(t)
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Device: true}); err != nil {
		t.Fatal(err)
	}
	att := d.askDevice()
	page := authtest.NewVisitor(t).Visit(t, att.URL)
	contains(t, page.Body, "张三")
	d.step(local.StepDone)
	c.Decide(att.Device.UserCode, "")
	asked := c.Count("/token")
	d.stop()
	if n := c.Count("/token"); n != asked {
		t.Errorf("%d questions for a code that nobody waits for", n-asked)
	}
}

// TestDeviceFails tells why it did not come to a sign-in.
func TestDeviceFails(t *testing.T) {
	t.Run("denied", func(t *testing.T) {
		c := devices(t)
		d := newDesk(t)
		if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Device: true}); err != nil {
			t.Fatal(err)
		}
		c.Decide(d.askDevice().Device.UserCode, "access_denied")
		if att := d.step(local.StepFailed); att.Problem.Code != auth.SignInDenied || att.Device != nil {
			t.Errorf("attempt %+v, problem %+v", att, att.Problem)
		}
	})
	t.Run("expired", func(t *testing.T) {
		c := devices(t)
		d := newDesk(t)
		id, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Open: true})
		if err != nil {
			t.Fatal(err)
		}
		d.step(local.StepWaiting)
		if err := d.UseDevice(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		first := d.askDevice().Device.UserCode
		c.Decide(first, "expired_token")
		d.until("no device code", func(s local.State) bool { return s.Attempt.Device == nil })
		if err := d.UseDevice(t.Context(), id); err != nil { // once more
			t.Fatal(err)
		}
		second := d.askDevice().Device.UserCode
		if second == first {
			t.Error("the same code again")
		}
		c.Decide(second, "")
		d.step(local.StepDone)
	})
	t.Run("not offered", func(t *testing.T) {
		c := newCompany(t, "acme")
		d := newDesk(t)
		if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Device: true}); err != nil {
			t.Fatal(err)
		}
		if att := d.step(local.StepFailed); att.Problem.Code != auth.DeviceNotOffered {
			t.Errorf("problem %+v", att.Problem)
		}
		id, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true})
		if err != nil {
			t.Fatal(err)
		}
		if att := d.step(local.StepWaiting); att.DeviceOffered {
			t.Error("offered where it is not")
		}
		isFault(t, d.UseDevice(t.Context(), id), auth.DeviceNotOffered)
		d.step(local.StepWaiting) // and nothing is lost
		if err := d.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		d.step(local.StepFailed)
		isFault(t, d.UseDevice(t.Context(), id), auth.SignInStale)
	})
}

// TestDeviceJoins adds the other device to a running attempt by the same code, as a second
// command does.
func TestDeviceJoins(t *testing.T) {
	c := devices(t)
	d := newDesk(t)
	req := local.SignInRequest{Code: "acme", Directory: c.origin, Yes: true, Open: true}
	id, err := d.SignIn(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	d.step(local.StepWaiting)
	req.Open, req.Device = false, true
	if again, err := d.SignIn(t.Context(), req); err != nil || again != id {
		t.Fatalf("joined %s: %s, %v", id, again, err)
	}
	c.Decide(d.askDevice().Device.UserCode, "")
	d.step(local.StepDone)
}
