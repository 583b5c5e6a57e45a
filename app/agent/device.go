package agent

import (
	"context"
	"errors"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/openid"
)

// arrival is how a person came back: in the browser, with a code, or on another device,
// where the provider gave the tokens already.
type arrival struct {
	code   auth.Secret
	result openid.Result
	err    error
}

// await waits for the person on all the ways that are open: the browser from the start,
// another device from when somebody asks for it. The first who is through wins. What comes
// by the other way in the same moment is given back.
func (a *Agent) await(ctx context.Context, att *attempt, w *way, req openid.Request) (auth.TokenSet, auth.Identity, error) {
	waiting, stop := context.WithCancel(ctx)
	browser, device := make(chan arrival, 1), make(chan arrival, 1)
	issuer := ""
	if w.provider.IssParameter {
		issuer = w.provider.Issuer
	}
	go func() {
		code, err := w.listener.Wait(waiting, req, issuer)
		browser <- arrival{code: code, err: err}
	}()
	polling := false
	var came arrival
	for over := false; !over; {
		select {
		case d := <-att.devices:
			polling = true
			go func() {
				result, err := w.provider.AwaitDevice(waiting, d)
				device <- arrival{result: result, err: err}
			}()
		case came = <-device:
			polling = false
			over = !a.deviceExpired(att, came.err)
		case came = <-browser:
			over = true
		}
	}
	stop()
	if polling {
		if late := <-device; late.err == nil {
			a.giveBack(ctx, w.provider, late.result.Tokens)
		}
	}
	a.update(func() {
		att.useDevice = nil
		att.view.Step, att.view.URL, att.view.Device = local.StepFinishing, "", nil
	})
	if came.err != nil {
		return auth.TokenSet{}, auth.Identity{}, came.err
	}
	if came.code.IsZero() {
		return came.result.Tokens, came.result.Identity, nil
	}
	return w.provider.Exchange(ctx, req, came.code)
}

// deviceExpired takes a code out of sight that nobody used in time. Where a browser is
// open too, the attempt goes on for it, and for another code.
func (a *Agent) deviceExpired(att *attempt, err error) bool {
	if !errors.Is(err, auth.SignInTimeout) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	att.view.Device = nil
	a.publish()
	return att.wantOpen
}

// offerDevice opens the way by another device to whoever asks for it; one who asked
// before gets it at once.
func (a *Agent) offerDevice(ctx context.Context, att *attempt, w *way) error {
	name := ""
	if w.found.Document.Workbench {
		name = a.cfg.Device
	}
	ask := func(ctx context.Context) error {
		d, err := w.provider.AskDevice(ctx, name)
		if err != nil {
			return err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if att.useDevice == nil || att.view.Device != nil {
			return nil // somebody was faster, or it is over; the code is never used
		}
		att.view.Device = &local.Device{UserCode: d.UserCode, URL: d.URL, Complete: d.Complete, Number: d.Number, Expires: d.Expires}
		att.devices <- d // has room: there is one at a time
		a.publish()
		return nil
	}
	a.mu.Lock()
	att.useDevice = ask
	att.view.DeviceOffered = w.provider.DeviceEndpoint != ""
	wanted := att.wantDevice
	a.mu.Unlock()
	if !wanted {
		return nil
	}
	return ask(ctx)
}

// askDevice is ask for somebody who joined the attempt and does not wait for the answer: a
// company that does not offer it ends the attempt, if nothing else was wanted of it.
func (a *Agent) askDevice(ctx context.Context, att *attempt, ask func(context.Context) error) {
	err := ask(ctx)
	if err == nil {
		return
	}
	a.log.Warn("no device code", "attempt", att.view.ID, "err", err)
	a.mu.Lock()
	defer a.mu.Unlock()
	att.wantDevice = false
	if !att.wantOpen {
		att.cancel(err)
	}
}

// UseDevice lets a running attempt be finished on another device too. One that does not
// wait for the person yet does so as soon as it comes to that.
func (a *Agent) UseDevice(ctx context.Context, id string) error {
	a.mu.Lock()
	att, err := a.running(id)
	if err != nil {
		a.mu.Unlock()
		return err
	}
	att.wantDevice = true
	ask, there := att.useDevice, att.view.Device != nil
	a.mu.Unlock()
	if ask == nil || there {
		return nil
	}
	return ask(ctx)
}
