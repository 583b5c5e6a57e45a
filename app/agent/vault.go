package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"lanyard/app/desktop"
	"lanyard/auth"
	"lanyard/auth/vault"
)

// retryPatience is how long a request that merely looks waits for a keyring that was
// locked: long enough for one that is open now, too short to notice otherwise.
const retryPatience = 500 * time.Millisecond

// openVault returns the vault, opening it when it is first needed. Whoever comes
// while it opens waits for the same answer, at most until its ctx ends. A keyring
// that is locked (fault KeyringLocked) leaves the profiles waiting and loses nothing:
// the next call asks again.
func (a *Agent) openVault(ctx context.Context) (*vault.Vault, error) {
	select {
	case a.opening <- struct{}{}:
		defer func() { <-a.opening }()
	case <-ctx.Done():
		return nil, auth.Fail(auth.KeyringLocked, nil, context.Cause(ctx))
	}
	if v := a.openedVault(); v != nil {
		return v, nil
	}
	v, err := vault.Open(ctx, a.cfg.Dir, a.cfg.Keyring)
	if errors.Is(err, auth.VaultDamaged) {
		// What cannot be read was kept aside; the profiles have to sign in again.
		a.log.Error("vault damaged", "err", err)
		v, err = vault.Open(ctx, a.cfg.Dir, a.cfg.Keyring)
	}
	if err != nil {
		if ctx.Err() != nil {
			// The keyring was still asking the person when our patience ended.
			err = auth.Fail(auth.KeyringLocked, nil, err)
		}
		a.log.Warn("vault not open", "err", err)
		a.update(func() { a.waiting = err })
		return nil, err
	}
	a.log.Info("vault open", "memory_only", v.MemoryOnly())
	var signedIn, signedOut []string
	a.mu.Lock()
	for _, acc := range a.accounts {
		if acc.SignedOut {
			signedOut = append(signedOut, acc.ID)
		} else {
			signedIn = append(signedIn, acc.ID)
		}
	}
	a.mu.Unlock()
	for _, id := range signedIn {
		a.begin(id, v)
	}
	a.update(func() { a.vault, a.waiting = v, nil })
	a.background(func(ctx context.Context) {
		for _, id := range signedOut {
			a.discard(ctx, v, id) // whoever signed out while the keyring was locked
		}
		a.refreshAll(ctx)
	})
	return v, nil
}

func (a *Agent) openedVault() *vault.Vault {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.vault
}

// retryKeyring asks a keyring again that was locked when it was last asked, without
// letting it bother the person: nobody clicked.
func (a *Agent) retryKeyring(ctx context.Context) {
	if !a.isWaiting() {
		return
	}
	ctx, cancel := context.WithTimeout(vault.Quietly(ctx), retryPatience)
	defer cancel()
	_, _ = a.openVault(ctx) // what it says is in State
}

func (a *Agent) isWaiting() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.vault == nil && a.waiting != nil
}

// files is the directory's store: documents and pins, one file each in the state
// folder. They are signed and hold no secret.
type files struct{ dir string }

func (f files) Load(name string) ([]byte, error) {
	data, err := os.ReadFile(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load %q: %w", name, auth.ErrNotFound)
	}
	return data, err
}

func (f files) Save(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Join(f.dir, "directory"), 0o700); err != nil {
		return err
	}
	return desktop.WriteFile(f.path(name), data, 0o600)
}

func (f files) path(name string) string {
	return filepath.Join(f.dir, "directory", filepath.Base(name))
}
