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
// locked: long enough for one that is open now, too short to notice otherwise. A variable
// for tests.
var retryPatience = 500 * time.Millisecond

// opening is one try to open the vault. It goes on when whoever began it has lost
// patience: a prompt may be answered later.
type opening struct {
	quiet bool // the keyring must not bother the person: nobody clicked
	done  chan struct{}
	vault *vault.Vault // both are set before done is closed
	err   error
}

// openVault returns the vault, opening it when it is first needed. All who come while
// it opens wait for the one try, each at most until its ctx ends. A keyring that is
// locked (fault KeyringLocked) leaves the profiles waiting and loses nothing: the next
// call asks again, and a quiet one does not let the keyring ask the person.
func (a *Agent) openVault(ctx context.Context, quiet bool) (*vault.Vault, error) {
	for {
		a.mu.Lock()
		if v := a.vault; v != nil {
			a.mu.Unlock()
			return v, nil
		}
		try := a.opening
		if try == nil {
			try = &opening{quiet: quiet, done: make(chan struct{})}
			a.opening = try
			a.background(func(ctx context.Context) { a.tryVault(ctx, try) })
		}
		a.mu.Unlock()
		select {
		case <-try.done:
			if try.err == nil || !try.quiet || quiet {
				return try.vault, try.err
			}
		case <-ctx.Done():
			return nil, auth.Fail(auth.KeyringLocked, nil, context.Cause(ctx))
		case <-a.life.Done():
			return nil, auth.Fail(auth.AgentMissing, nil, nil)
		}
	}
}

// tryVault opens the vault once; the keyring has a deadline of its own.
func (a *Agent) tryVault(ctx context.Context, try *opening) {
	if try.quiet {
		ctx = vault.Quietly(ctx)
	}
	try.vault, try.err = vault.Open(ctx, a.cfg.Dir, a.cfg.Keyring)
	if errors.Is(try.err, auth.VaultDamaged) {
		// What cannot be read was kept aside; the profiles have to sign in again.
		a.log.Error("vault damaged", "err", try.err)
		try.vault, try.err = vault.Open(ctx, a.cfg.Dir, a.cfg.Keyring)
	}
	if try.err != nil {
		a.log.Warn("vault not open", "err", try.err)
	} else {
		a.log.Info("vault open", "memory_only", try.vault.MemoryOnly())
		a.resume(try.vault)
	}
	a.update(func() { a.vault, a.waiting, a.opening = try.vault, try.err, nil })
	close(try.done)
}

// resume gives the profiles their sessions, once their tokens can be read.
func (a *Agent) resume(v *vault.Vault) {
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
		a.begin(id, v, true)
	}
	a.background(func(ctx context.Context) {
		for _, id := range signedOut {
			_ = a.discard(ctx, v, id) // whoever signed out while the keyring was locked
		}
		a.refreshAll(ctx)
		a.update(func() {
			for _, acc := range a.accounts {
				acc.restored = false // also of one that could not even ask
			}
		})
	})
}

// retryKeyring asks a keyring again that was locked when it was last asked.
func (a *Agent) retryKeyring(ctx context.Context) {
	if !a.isWaiting() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, retryPatience)
	defer cancel()
	_, _ = a.openVault(ctx, true) // what it says is in State
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
