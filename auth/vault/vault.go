package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"

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
	// Former are the refresh tokens of earlier sign-ins that this one took the place of, the
	// last few. Nobody uses them; their sessions, and the browsers that these opened apps in,
	// end when this one does.
	Former []auth.Secret
	// Passing says that nothing of it is ever written, for somebody at a computer that
	// others use too: it is gone when the program ends.
	Passing bool
}

// Vault holds one Entry per profile. Its methods may be called by several goroutines.
type Vault struct {
	dir     string
	keyring Keyring

	// preparing keeps a second caller from making a second key, or one that is about to be
	// deleted. It is not mu, so that reading goes on while a keyring's prompt is open.
	preparing sync.Mutex

	mu         sync.RWMutex
	key        []byte // nil until the keyring is known to hold one
	memoryOnly bool
	entries    map[string]Entry
}

// Open opens the vault in dir with the key that k holds. It takes no lock: whoever
// calls it holds the instance lock of dir.
//
// A locked keyring is auth.KeyringLocked: nothing has been touched and Open can be
// called again. With no keyring at all the vault is memory-only, and a sealed file from
// better days stays as it is; under [Quietly] such a file is waited for as behind a locked
// keyring, because at the start of a session the keyring may come later. A file that the
// key does not open, or whose key is gone, is auth.VaultDamaged: it has been kept aside
// under another name, and the next Open starts empty.
func Open(ctx context.Context, dir string, k Keyring) (*Vault, error) {
	v := &Vault{dir: dir, keyring: k, entries: map[string]Entry{}}
	sealed, err := readFile(v.path())
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	secret, err := k.Get(ctx)
	switch {
	case err == nil, errors.Is(err, auth.ErrNotFound):
	case ctx.Err() != nil && !errors.Is(err, auth.KeyringLocked):
		return nil, fmt.Errorf("open vault: %w", err)
	case errors.Is(err, auth.KeyringMissing):
		if _, never := k.(NoKeyring); sealed != nil && !never && isQuiet(ctx) {
			return nil, fmt.Errorf("open vault: %w", auth.Fail(auth.KeyringLocked, nil, err))
		}
		v.memoryOnly = true
		return v, nil
	case errors.Is(err, auth.KeyringLocked):
		return nil, fmt.Errorf("open vault: %w", err)
	case sealed != nil:
		// An error that nobody can name may pass; what is in the file must not be given
		// up for it.
		return nil, fmt.Errorf("open vault: %w", auth.Fail(auth.KeyringLocked, nil, err))
	default:
		v.memoryOnly = true
		return v, nil
	}
	key := decodeKey(secret)
	if sealed == nil {
		v.key = key
		return v, nil
	}
	v.entries, err = unseal(key, sealed)
	if err != nil {
		if aside := keepAside(v.path()); aside != nil {
			return nil, fmt.Errorf("open vault: %w", aside)
		}
		return nil, fmt.Errorf("open vault: %w", auth.Fail(auth.VaultDamaged, nil, err))
	}
	v.key = key
	return v, nil
}

// MemoryOnly reports whether entries are gone when the program ends, because there is
// no keyring that could hold a key.
func (v *Vault) MemoryOnly() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.memoryOnly
}

// Prepare makes a round trip to the keyring, so that a sign-in does not fail at its
// very end: afterwards the keyring holds the vault's key, read back after writing, or
// [Vault.MemoryOnly] is true. A locked keyring is auth.KeyringLocked.
func (v *Vault) Prepare(ctx context.Context) error {
	v.preparing.Lock()
	defer v.preparing.Unlock()
	v.mu.RLock()
	key, memoryOnly := v.key, v.memoryOnly
	v.mu.RUnlock()
	if memoryOnly {
		return nil
	}
	known := key != nil
	if !known {
		key = newKey()
	}
	err := holdKey(ctx, v.keyring, key)
	if known && errors.Is(err, auth.KeyringMissing) {
		return nil // it held the key, and may be back: what is sealed must not fall behind
	}
	if errors.Is(err, auth.KeyringLocked) || ctx.Err() != nil {
		return fmt.Errorf("prepare vault: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		// A keyring that cannot keep 44 characters (none there, or full as Windows'
		// may be) is no keyring.
		v.memoryOnly = true
		return nil
	}
	v.key = key
	return nil
}

// holdKey makes the keyring hold key and believes it only after reading it back.
func holdKey(ctx context.Context, k Keyring, key []byte) error {
	want := encodeKey(key)
	got, err := k.Get(ctx)
	if err == nil && got.Equal(want) {
		return nil
	}
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	if err := k.Set(ctx, want); err != nil {
		return err
	}
	got, err = k.Get(ctx)
	if err != nil {
		return err
	}
	if !got.Equal(want) {
		return errors.New("read back key: not the one that was written")
	}
	return nil
}

// mostFormer is how many sign-ins back a sign-out reaches: some days of them, far longer
// than the browser sessions that they opened.
const mostFormer = 5

// Put keeps an entry; when it returns nil the entry is on disk (or in memory, where
// [Vault.MemoryOnly] says so). auth.KeyringLocked is possible for the first entry only,
// and not after [Vault.Prepare]. A passing entry needs no keyring. The refresh token of the
// entry before, if it came from the same place, is kept in Former.
func (v *Vault) Put(profile string, e Entry) error {
	if !e.Passing {
		if err := v.ready(); err != nil {
			return fmt.Errorf("put entry: %w", err)
		}
	}
	return v.change("put entry", func(entries map[string]Entry) error {
		if old := entries[profile]; old.Issuer == e.Issuer && old.TokenOrigin == e.TokenOrigin {
			e.Former = slices.Clone(old.Former)
			if t := old.Tokens.Refresh; !t.IsZero() && !t.Equal(e.Tokens.Refresh) {
				e.Former = append(e.Former, t)
			}
			e.Former = e.Former[max(0, len(e.Former)-mostFormer):]
		}
		entries[profile] = e
		return nil
	})
}

// Get returns an entry; the error wraps auth.ErrNotFound where there is none.
func (v *Vault) Get(profile string) (Entry, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	e, ok := v.entries[profile]
	if !ok {
		return Entry{}, fmt.Errorf("get entry: %w", auth.ErrNotFound)
	}
	return e, nil
}

// Delete forgets an entry, on disk too; forgetting what is not there is no error.
func (v *Vault) Delete(profile string) error {
	if _, err := v.Get(profile); err != nil {
		return nil
	}
	return v.change("delete entry", func(entries map[string]Entry) error {
		delete(entries, profile)
		return nil
	})
}

// Tokens returns a profile's tokens and whose they are: what a session reads.
func (v *Vault) Tokens(profile string) (auth.TokenSet, auth.Identity, error) {
	e, err := v.Get(profile)
	return e.Tokens, e.Identity, err
}

// Replace puts fresh tokens into an entry that still holds old ones: what a session
// saves after a refresh. An entry that is gone is auth.ErrNotFound and one with other
// tokens auth.ErrConflict, so that a refresh which comes late brings nothing back.
func (v *Vault) Replace(profile string, old, fresh auth.TokenSet) error {
	return v.change("replace tokens", func(entries map[string]Entry) error {
		e, ok := entries[profile]
		if !ok {
			return auth.ErrNotFound
		}
		if !e.Tokens.Refresh.Equal(old.Refresh) || !e.Tokens.Access.Equal(old.Access) {
			return auth.ErrConflict
		}
		e.Tokens = fresh
		entries[profile] = e
		return nil
	})
}

// Destroy forgets everything: entries, sealed file, files kept aside, and the key in
// the keyring.
func (v *Vault) Destroy(ctx context.Context) error {
	v.preparing.Lock() // nobody makes a key meanwhile
	defer v.preparing.Unlock()
	v.mu.Lock()
	errs := []error{removeFiles(v.path())}
	v.key = nil
	v.entries = map[string]Entry{}
	memoryOnly := v.memoryOnly
	v.mu.Unlock()
	if !memoryOnly {
		if err := v.keyring.Delete(ctx); err != nil && !errors.Is(err, auth.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("destroy vault: %w", err)
	}
	return nil
}

// ready makes the key where a first entry comes without [Vault.Prepare].
func (v *Vault) ready() error {
	v.mu.RLock()
	ready := v.key != nil || v.memoryOnly
	v.mu.RUnlock()
	if ready {
		return nil
	}
	return v.Prepare(context.Background()) // the keyring has a deadline of its own
}

// change applies edit to a copy of the entries, which becomes the vault's content once
// it is on disk.
func (v *Vault) change(what string, edit func(map[string]Entry) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	entries := maps.Clone(v.entries)
	if err := edit(entries); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	lasting := maps.Clone(entries)
	maps.DeleteFunc(lasting, func(_ string, e Entry) bool { return e.Passing })
	if !v.memoryOnly {
		if err := v.write(lasting); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	v.entries = entries
	return nil
}

// write makes the sealed file hold entries. For none of them there is none, so that the last
// one can be deleted from a disk that is full.
func (v *Vault) write(entries map[string]Entry) error {
	if len(entries) == 0 {
		return removeFile(v.path())
	}
	sealed, err := seal(v.key, entries)
	if err != nil {
		return err
	}
	return writeFile(v.path(), sealed)
}

func (v *Vault) path() string { return filepath.Join(v.dir, fileName) }
