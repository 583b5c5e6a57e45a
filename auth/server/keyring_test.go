package server_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth/server"
)

// shelf is a store of keys that counts how often it is read.
type shelf struct {
	mu   sync.Mutex
	rows []server.Key
	read int
	err  error
}

func (s *shelf) Keys(ctx context.Context, enterprise, use string) ([]server.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	var out []server.Key
	for _, row := range s.rows {
		if row.EnterpriseID == enterprise && row.Use == use {
			out = append(out, row)
		}
	}
	return out, errors.Join(s.err, ctx.Err())
}

func (s *shelf) SaveKey(ctx context.Context, k server.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.err, ctx.Err()); err != nil {
		return err
	}
	s.rows = slices.DeleteFunc(s.rows, func(row server.Key) bool { return row.ID == k.ID })
	s.rows = append(s.rows, k)
	return nil
}

// bunch is a Keyring whose clock stands still, and what it stands on.
type bunch struct {
	*server.Keyring[string]
	shelf *shelf
	base  *server.Base
	now   time.Time
}

func newBunch(t testing.TB) *bunch {
	t.Helper()
	sealer, err := server.NewSealer(server.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	b := &bunch{shelf: &shelf{}, now: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}
	b.base = &server.Base{Sealer: sealer, Now: func() time.Time { return b.now }}
	b.Keyring = server.NewKeyring(b.shelf, b.base, "test", func(row server.Key, private crypto.Signer) (string, error) {
		if private.Public() == nil {
			return "", errors.New("no public half")
		}
		return row.ID, nil
	})
	return b
}

func (b *bunch) make(t testing.TB, enterprise, id string, retire time.Time) server.Key {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	row, err := b.Seal(server.Key{ID: id, EnterpriseID: enterprise, RetireAt: retire}, private)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func nothing([]string) ([]server.Key, error) { return nil, nil }

// want compares an enterprise's keys, and how often the store was read since the last look.
func (b *bunch) want(t testing.TB, enterprise, ids string, reads int) {
	t.Helper()
	b.shelf.read = 0
	keys, err := b.Keys(t.Context(), enterprise, nothing)
	if err != nil || strings.Join(keys, " ") != ids || b.shelf.read != reads {
		t.Errorf("keys of %s: %v after %d reads, %v; want %q after %d", enterprise, keys, b.shelf.read, err, ids, reads)
	}
}

func TestKeyring(t *testing.T) {
	b := newBunch(t)
	add := func(row server.Key) {
		if err := b.shelf.SaveKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	add(b.make(t, "acme", "gone", b.now))
	add(b.make(t, "acme", "going", b.now.Add(time.Second)))
	add(b.make(t, "acme", "here", time.Time{}))
	add(b.make(t, "other", "theirs", time.Time{}))
	b.want(t, "acme", "going here", 1)
	b.want(t, "acme", "going here", 0)
	b.want(t, "other", "theirs", 1)

	b.now = b.now.Add(time.Second) // a retirement is kept to the moment
	b.want(t, "acme", "here", 1)
	add(b.make(t, "acme", "new", time.Time{}))
	b.now = b.now.Add(time.Minute - time.Millisecond)
	b.want(t, "acme", "here", 0)
	b.now = b.now.Add(time.Millisecond)
	b.want(t, "acme", "here new", 1)

	// Past so many enterprises the one that nobody wanted for longest is forgotten.
	for i := range 511 {
		b.want(t, fmt.Sprint("e", i), "", 1)
	}
	b.want(t, "acme", "here new", 0)
	b.want(t, "other", "theirs", 1)
}

// Many first requests make one key, and none of them meets another's failure.
func TestKeyringMakesOneKey(t *testing.T) {
	b := newBunch(t)
	made := 0 // amend is alone
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			keys, err := b.Keys(context.WithoutCancel(t.Context()), "acme", func(keys []string) ([]server.Key, error) {
				if len(keys) > 0 {
					return nil, nil
				}
				made++
				return []server.Key{b.make(t, "acme", fmt.Sprint("k", made), time.Time{})}, nil
			})
			if err != nil || len(keys) != 1 || keys[0] != "k1" {
				t.Errorf("keys %v, %v", keys, err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("made %d keys", made)
	}
}

// Who leaves while keys change leaves them whole: the first is never saved without the
// second, and what is kept is never older than what was saved.
func TestKeyringChange(t *testing.T) {
	b := newBunch(t)
	old := b.make(t, "acme", "old", time.Time{})
	if err := b.shelf.SaveKey(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	b.want(t, "acme", "old", 1)
	ctx, leave := context.WithCancel(t.Context())
	keys, err := b.Change(ctx, "acme", func([]string) ([]server.Key, error) {
		leave()
		old.RetireAt = b.now
		return []server.Key{b.make(t, "acme", "new", time.Time{}), old}, nil
	})
	if err != nil || strings.Join(keys, " ") != "new" {
		t.Errorf("keys %v, %v", keys, err)
	}
	b.want(t, "acme", "new", 0)

	refused := errors.New("refused")
	if _, err := b.Change(t.Context(), "acme", func([]string) ([]server.Key, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("error = %v", err)
	}
	// Another instance's key is seen by a change at once.
	if err := b.shelf.SaveKey(t.Context(), b.make(t, "acme", "another", time.Time{})); err != nil {
		t.Fatal(err)
	}
	if keys, err := b.Change(t.Context(), "acme", nothing); err != nil || strings.Join(keys, " ") != "new another" {
		t.Errorf("keys %v, %v", keys, err)
	}
}

func TestKeyringFaults(t *testing.T) {
	b := newBunch(t)
	row := b.make(t, "acme", "here", time.Time{})
	down := errors.New("down")
	b.shelf.err = down
	if _, err := b.Keys(t.Context(), "acme", nothing); !errors.Is(err, down) {
		t.Errorf("error = %v", err)
	}
	b.shelf.err = nil
	b.want(t, "acme", "", 1) // a failure is not kept

	moved := row
	moved.ID, moved.EnterpriseID = "elsewhere", "moved" // the seal is bound to the ID
	unopened := b.make(t, "unopened", "here", time.Time{})
	unopened.Sealed = b.base.Sealer.Seal([]byte("no key"), unopened.ID)
	for _, row := range []server.Key{moved, unopened} {
		if err := b.shelf.SaveKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		if keys, err := b.Keys(t.Context(), row.EnterpriseID, nothing); err == nil {
			t.Errorf("%s: keys %v", row.EnterpriseID, keys)
		}
	}
}
