package agent

import (
	"context"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/openid"
)

// telling is a provider whose news are heard.
type telling struct {
	*openid.Provider
	told func(openid.NewDevice)
}

// Refresh implements session.Refresher.
func (t telling) Refresh(ctx context.Context, tokens auth.TokenSet, want auth.Identity) (auth.TokenSet, error) {
	set, news, err := t.RefreshTold(ctx, tokens, want)
	if news != nil {
		t.told(*news)
	}
	return set, err
}

// noticeDevice shows that the person signed in on another device, or somebody did in
// their name, until they have looked.
func (a *Agent) noticeDevice(profile string, d openid.NewDevice) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc, err := a.account(profile)
	if err != nil || !d.At.After(acc.SeenDevice) || d.At.Equal(acc.device.At) {
		return
	}
	acc.device = local.NewDevice{Name: d.Name, At: d.At}
	a.log.Info("another device was added", "profile", profile)
	a.publish()
}

// deviceState is the new device that is shown; the caller holds the lock.
func (acc *account) deviceState() *local.NewDevice {
	if acc.device.At.IsZero() {
		return nil
	}
	d := acc.device
	return &d
}

// Devices opens the page of the company's server that lists where the person is signed
// in, and takes a new device for seen. A company without such a server is fault NotHere.
func (a *Agent) Devices(ctx context.Context, profile string, env local.Env) error {
	a.mu.Lock()
	acc, err := a.account(profile)
	if err != nil {
		a.mu.Unlock()
		return err
	}
	env = a.childEnv(env)
	address, served := acc.Issuer+"/devices", acc.Workbench
	a.mu.Unlock()
	if !served {
		return auth.Fail(auth.NotHere, auth.Args{"what": address}, nil)
	}
	if err := a.open(ctx, address, env); err != nil {
		return err
	}
	a.update(func() {
		if !acc.device.At.IsZero() {
			acc.SeenDevice, acc.device = acc.device.At, local.NewDevice{}
			a.rememberOrWarn()
		}
	})
	return nil
}
