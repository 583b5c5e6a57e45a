package vault

import (
	"context"
	"errors"

	"lanyard/auth"
)

// Entry is what one profile needs to stay signed in.
type Entry struct {
	Tokens   auth.TokenSet
	Identity auth.Identity
	// Issuer and TokenOrigin are where the refresh token came from, and the only place
	// it may ever go.
	Issuer      string
	TokenOrigin string
}

// Keyring holds the vault's key.
type Keyring interface {
	Get(ctx context.Context) (auth.Secret, error)
	Set(ctx context.Context, s auth.Secret) error
	Delete(ctx context.Context) error
}

// OSKeyring returns the operating system's keyring, for one account name.
func OSKeyring(account string) Keyring { return nil }

// NoKeyring is the keyring of a device whose policy wants none.
type NoKeyring struct{}

// Vault holds entries.
type Vault struct{}

// Open opens the vault in dir.
func Open(ctx context.Context, dir string, k Keyring) (*Vault, error) {
	return nil, errors.New("open vault: not built")
}

// MemoryOnly reports whether entries are gone when the program ends.
func (v *Vault) MemoryOnly() bool { return true }

// Prepare makes sure that the keyring holds the key, by a round trip.
func (v *Vault) Prepare(ctx context.Context) error { return nil }

// Put keeps an entry.
func (v *Vault) Put(profile string, e Entry) error { return nil }

// Get returns an entry, or auth.ErrNotFound.
func (v *Vault) Get(profile string) (Entry, error) { return Entry{}, auth.ErrNotFound }

// Delete forgets an entry.
func (v *Vault) Delete(profile string) error { return nil }

// Destroy removes file and key.
func (v *Vault) Destroy(ctx context.Context) error { return nil }

// Tokens returns a profile's tokens, for auth/session.
func (v *Vault) Tokens(profile string) (auth.TokenSet, auth.Identity, error) {
	return auth.TokenSet{}, auth.Identity{}, auth.ErrNotFound
}

// Replace replaces a profile's tokens if they are still old, for auth/session.
func (v *Vault) Replace(profile string, old, fresh auth.TokenSet) error { return nil }
