package vault

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/auth"
)

// TestHungPrompt leaves a keyring's prompt open: callers get away, and no second
// prompt is opened however often they retry.
func TestHungPrompt(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere") // so that reachable says yes
	synctest.Test(t, func(t *testing.T) {
		k := &osKeyring{account: "test", busy: make(chan struct{}, 1)}
		var prompts atomic.Int32
		answered := make(chan struct{})
		prompt := func() (string, error) {
			prompts.Add(1)
			<-answered
			return "value", nil
		}
		start := time.Now()
		for range 3 {
			if _, err := k.call(t.Context(), prompt); !errors.Is(err, auth.KeyringLocked) {
				t.Errorf("prompt open: got %v, want KeyringLocked", err)
			}
		}
		if waited := time.Since(start); waited != 3*patience {
			t.Errorf("waited %v, want %v", waited, 3*patience)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := k.call(ctx, prompt); !errors.Is(err, context.Canceled) {
			t.Errorf("caller gave up: got %v, want Canceled", err)
		}
		if n := prompts.Load(); n != 1 {
			t.Errorf("%d prompts, want one", n)
		}
		close(answered)
		if value, err := k.call(t.Context(), prompt); err != nil || value != "value" {
			t.Errorf("answered: got %q, %v", value, err)
		}
	})
}

// TestKeyringPanic has go-keyring panic, as it does when the bus ends under a prompt.
func TestKeyringPanic(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	k := &osKeyring{account: "test", busy: make(chan struct{}, 1)}
	_, err := k.call(t.Context(), func() (string, error) { panic("nil signal") })
	if !errors.Is(err, auth.KeyringLocked) {
		t.Errorf("got %v, want KeyringLocked", err)
	}
	if value, err := k.call(t.Context(), func() (string, error) { return "v", nil }); err != nil || value != "v" {
		t.Errorf("afterwards: got %q, %v", value, err)
	}
}
