package setup

import (
	"context"
	"fmt"
	"sync"
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
	list    []byte // the signed list of keys
	loaded  time.Time
}

// keyCache keeps the keyring.
type keyCache struct {
	mu   sync.Mutex
	kept *keyring
}

// keyring returns the keys, read at most a minute ago; the first use makes them.
func (s *Setup) keyring(ctx context.Context) (*keyring, error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	now := s.cfg.Base.Time()
	if k := s.keys.kept; k != nil && now.Sub(k.loaded).Abs() < keysFor {
		return k, nil
	}
	k, err := s.loadKeys(ctx, now, s.cfg.Base.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("load directory keys: %w", err)
	}
	s.keys.kept = k
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
	k := &keyring{loaded: now}
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
		// The newest in use, but not before all have heard of it.
		if row.RetireAt.IsZero() && (signing.ID == "" || now.Sub(row.CreatedAt) > 2*keysFor) {
			signing = row
		}
	}
	if k.signing, err = s.open(signing); err != nil {
		return nil, err
	}
	if k.header, err = directory.Header(list.Origin, k.signing); err != nil {
		return nil, err
	}
	k.list, err = directory.SignKeys(list, root)
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
// directory.SignRotation).
func (s *Setup) root(rows []server.Key, origin string) (root directory.SigningKey, previous string, err error) {
	var last *directory.SigningKey
	for _, row := range rows {
		key, err := s.open(row)
		if err != nil {
			return root, "", err
		}
		if last != nil {
			if previous, err = directory.SignRotation(origin, key.PublicKey, previous, *last); err != nil {
				return root, "", err
			}
		}
		if row.RetireAt.IsZero() {
			return key, previous, nil
		}
		last = &key
	}
	return root, "", fmt.Errorf("no root key is in use")
}

// RotateKeys gives the directory a new root and a new signing key. The old root's word
// for the new one goes along with every list of keys from now on; the old signing key
// stays listed as long as a document that it signed may live.
func (s *Setup) RotateKeys(ctx context.Context) error {
	now := s.cfg.Base.Time()
	for use, retire := range map[string]time.Time{useRoot: now, useDocument: now.Add(s.life())} {
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
	s.keys.mu.Lock()
	s.keys.kept = nil
	s.keys.mu.Unlock()
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
