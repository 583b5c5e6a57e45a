package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// The directory's keys among server.Keys, which belong to no enterprise.
const (
	useRoot     = "root"
	useDocument = "document"
)

// keysFor is how long an instance trusts what it has read of the keys. A new key signs
// only when every instance is sure to list it.
const keysFor = time.Minute

// keyring is what an instance needs of the directory's keys.
type keyring struct {
	signing directory.SigningKey
	header  []byte // of the documents that signing signs
	list    body   // the signed list of keys
	// It is good from when it was read until it has to be read again.
	from, until time.Time
}

func (k *keyring) good(now time.Time) bool {
	return k != nil && !now.Before(k.from) && now.Before(k.until)
}

// keyCache keeps the keyring.
type keyCache struct {
	kept    atomic.Pointer[keyring]
	loading sync.Mutex
}

// keyring returns the keys, read at most a minute ago; the first use makes them.
func (s *Setup) keyring(ctx context.Context) (*keyring, error) {
	if k := s.keys.kept.Load(); k.good(s.cfg.Base.Time()) {
		return k, nil
	}
	s.keys.loading.Lock()
	defer s.keys.loading.Unlock()
	now := s.cfg.Base.Time()
	if k := s.keys.kept.Load(); k.good(now) { // by another request, meanwhile
		return k, nil
	}
	k, err := s.loadKeys(ctx, now, s.cfg.Base.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("load directory keys: %w", err)
	}
	s.keys.kept.Store(k)
	return k, nil
}

// loadKeys reads the keys and lists them as the directory at an origin.
func (s *Setup) loadKeys(ctx context.Context, now time.Time, origin string) (*keyring, error) {
	roots, err := s.rows(ctx, useRoot)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, useDocument)
	if err != nil {
		return nil, err
	}
	root, previous, err := s.root(roots, origin)
	if err != nil {
		return nil, err
	}
	k := &keyring{from: now, until: now.Add(keysFor)}
	list := directory.KeyList{
		Origin: origin, IssuedAt: now.Unix(), ExpiresAt: now.Add(s.life()).Unix(), Previous: previous,
	}
	// The version follows from the keys themselves, so that all instances agree on it.
	for _, row := range append(roots, rows...) {
		list.Version = max(list.Version, row.CreatedAt.UnixMilli(), row.RetireAt.UnixMilli())
	}
	var signing server.Key
	for _, row := range rows {
		if !row.RetireAt.IsZero() && !row.RetireAt.After(now) {
			continue
		}
		public, err := directory.ParsePublicKey(row.Public)
		if err != nil {
			return nil, err
		}
		list.Keys = append(list.Keys, public)
		// The newest signs, but not before all instances list it, and from one moment on
		// at all of them: they would sign over each other's documents in turn.
		if signs := row.CreatedAt.Add(2 * keysFor); signing.ID == "" || !now.Before(signs) {
			signing = row
		} else if signs.Before(k.until) {
			k.until = signs
		}
	}
	if k.signing, err = s.open(signing); err != nil {
		return nil, err
	}
	if k.header, err = directory.Header(list.Origin, k.signing); err != nil {
		return nil, err
	}
	signed, err := directory.SignKeys(list, root)
	k.list = newBody(signed)
	return k, err
}

// rows returns the keys of a use, oldest first, at least one of them in use.
func (s *Setup) rows(ctx context.Context, use string) ([]server.Key, error) {
	rows, err := s.cfg.Keys.Keys(ctx, "", use)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.RetireAt.IsZero() {
			return rows, nil
		}
	}
	if err := s.makeKey(ctx, use); err != nil {
		return nil, err
	}
	return s.cfg.Keys.Keys(ctx, "", use) // another instance may have been faster: all take the oldest
}

// root returns the root in use and the word of the roots before it (see
// directory.SignRotation), as far back as desktops follow it: each one's holds those
// before, so that a chain without end would soon be too long to be read.
func (s *Setup) root(rows []server.Key, origin string) (root directory.SigningKey, previous string, err error) {
	used := slices.IndexFunc(rows, func(row server.Key) bool { return row.RetireAt.IsZero() })
	if used < 0 {
		return root, "", errors.New("no root key is in use")
	}
	first := max(0, used-directory.MaxRotations)
	for i, row := range rows[first : used+1] {
		key, err := s.open(row)
		if err != nil {
			return root, "", err
		}
		if i > 0 {
			if previous, err = directory.SignRotation(origin, key.PublicKey, previous, root); err != nil {
				return root, "", err
			}
		}
		root = key
	}
	return root, previous, nil
}

// RotateKeys gives the directory a new root and a new signing key. The old root's word
// for the new one goes along with every list of keys from now on; the old signing key
// signs until all have heard of the new one, and stays listed as long as a document that
// it signed may live.
func (s *Setup) RotateKeys(ctx context.Context) error {
	now := s.cfg.Base.Time()
	for use, retire := range map[string]time.Time{useRoot: now, useDocument: now.Add(2*keysFor + s.life())} {
		rows, err := s.rows(ctx, use)
		if err != nil {
			return fmt.Errorf("rotate directory keys: %w", err)
		}
		if err := s.makeKey(ctx, use); err != nil {
			return fmt.Errorf("rotate directory keys: %w", err)
		}
		for _, row := range rows {
			if row.RetireAt.IsZero() {
				row.RetireAt = retire
				if err := s.cfg.Keys.SaveKey(ctx, row); err != nil {
					return fmt.Errorf("rotate directory keys: %w", err)
				}
			}
		}
	}
	s.keys.loading.Lock() // not in the middle of a load, which would keep the old ones
	s.keys.kept.Store(nil)
	s.keys.loading.Unlock()
	s.log.InfoContext(ctx, "directory keys rotated")
	return nil
}

func (s *Setup) makeKey(ctx context.Context, use string) error {
	key, err := directory.NewSigningKey()
	if err != nil {
		return err
	}
	private, err := key.PKCS8()
	if err != nil {
		return err
	}
	public, err := key.PKIX()
	if err != nil {
		return err
	}
	return s.cfg.Keys.SaveKey(ctx, server.Key{
		ID: key.ID, Use: use, Alg: "EdDSA", Sealed: s.cfg.Base.Sealer.Seal(private, key.ID), Public: public,
		CreatedAt: s.cfg.Base.Time(),
	})
}

func (s *Setup) open(row server.Key) (directory.SigningKey, error) {
	private, err := s.cfg.Base.Sealer.Open(row.Sealed, row.ID)
	if err != nil {
		return directory.SigningKey{}, fmt.Errorf("open key %s: %w", row.ID, err)
	}
	return directory.ParseSigningKey(private)
}

// life is how long documents and lists of keys live: what the configuration says, but
// no longer than desktops accept.
func (s *Setup) life() time.Duration { return min(s.cfg.Base.Lifetimes.Document, directory.MaxLife) }
