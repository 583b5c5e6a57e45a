package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"lanyard/auth"
)

// service is the name under which people find the entry in their password store.
const service = "Lanyard"

// patience is how long one call waits for the keyring, whose prompt may stay open for
// ever.
const patience = 30 * time.Second

// Keyring holds the vault's key. Get and Delete return auth.ErrNotFound where there is
// none; every method returns auth.KeyringLocked while the keyring waits for its owner,
// and auth.KeyringMissing where there is no keyring.
type Keyring interface {
	Get(ctx context.Context) (auth.Secret, error)
	Set(ctx context.Context, s auth.Secret) error
	Delete(ctx context.Context) error
}

// NoKeyring is the keyring of a device whose policy wants none: a vault with it is
// memory-only.
type NoKeyring struct{}

// Get returns auth.KeyringMissing.
func (NoKeyring) Get(context.Context) (auth.Secret, error) {
	return auth.Secret{}, auth.KeyringMissing
}

// Set returns auth.KeyringMissing.
func (NoKeyring) Set(context.Context, auth.Secret) error { return auth.KeyringMissing }

// Delete returns auth.KeyringMissing.
func (NoKeyring) Delete(context.Context) error { return auth.KeyringMissing }

type quietKey struct{}

// Quietly returns a context under which the keyring never asks its owner to unlock it
// where the system lets us know beforehand (Secret Service): a locked one is
// auth.KeyringLocked at once. It is for tries that nobody clicked for.
func Quietly(ctx context.Context) context.Context {
	return context.WithValue(ctx, quietKey{}, true)
}

func isQuiet(ctx context.Context) bool { return ctx.Value(quietKey{}) != nil }

// osKeyring is the operating system's: Secret Service, Keychain, Credential Manager.
type osKeyring struct {
	account string
	// busy lets one call at a time reach the system. A call that was left behind a
	// prompt keeps its place until the prompt is answered, so that however often
	// somebody retries, one prompt is open.
	busy chan struct{}
}

// OSKeyring returns the operating system's keyring, for one account name. Use one
// value for the life of the program.
func OSKeyring(account string) Keyring {
	return &osKeyring{account: account, busy: make(chan struct{}, 1)}
}

// Get reads the key.
func (k *osKeyring) Get(ctx context.Context) (auth.Secret, error) {
	value, err := k.call(ctx, func() (string, error) { return keyring.Get(service, k.account) })
	if err != nil {
		return auth.Secret{}, fmt.Errorf("get key from keyring: %w", err)
	}
	return auth.NewSecret(value), nil
}

// Set writes the key.
func (k *osKeyring) Set(ctx context.Context, s auth.Secret) error {
	_, err := k.call(ctx, func() (string, error) { return "", keyring.Set(service, k.account, s.Reveal()) })
	if err != nil {
		return fmt.Errorf("set key in keyring: %w", err)
	}
	return nil
}

// Delete removes the key.
func (k *osKeyring) Delete(ctx context.Context) error {
	_, err := k.call(ctx, func() (string, error) { return "", keyring.Delete(service, k.account) })
	if err != nil {
		return fmt.Errorf("delete key from keyring: %w", err)
	}
	return nil
}

// call runs do on a goroutine of its own and leaves it there when time is up.
func (k *osKeyring) call(ctx context.Context, do func() (string, error)) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := reachable(); err != nil {
		return "", auth.Fail(auth.KeyringMissing, nil, err)
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case k.busy <- struct{}{}:
	case <-wait.Done():
		return "", outOfTime(ctx)
	}
	type result struct {
		value string
		err   error
	}
	done := make(chan result, 1)
	quiet := isQuiet(ctx)
	go func() {
		defer func() { <-k.busy }()
		// go-keyring reads a nil signal, and panics, when the session bus ends while
		// its prompt is open (secret_service.handlePrompt, v0.2.8).
		defer func() {
			if p := recover(); p != nil {
				done <- result{err: auth.Fail(auth.KeyringLocked, nil, errors.New("keyring went away while it was asked"))}
			}
		}()
		if quiet && locked() {
			done <- result{err: auth.KeyringLocked}
			return
		}
		value, err := do()
		done <- result{value, classify(err)}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-wait.Done():
		return "", outOfTime(ctx)
	}
}

// outOfTime says why a call was left behind: the caller gave up, or the keyring did not
// answer, which is what an open prompt looks like.
func outOfTime(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return auth.Fail(auth.KeyringLocked, nil, context.DeadlineExceeded)
}

// classify turns go-keyring's errors into ours; one that it cannot name stays as it is.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return auth.ErrNotFound
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return auth.Fail(auth.KeyringMissing, nil, err)
	}
	if fault := faultOf(err); fault != "" {
		return auth.Fail(fault, nil, err)
	}
	return err
}
