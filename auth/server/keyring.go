package server

import (
	"container/list"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// keptEnterprises bounds the memory of opened keys; keptFor is how soon an instance
	// notices a key that another one made or retired.
	keptEnterprises = 512
	keptFor         = time.Minute
)

// Keyring keeps the opened keys of the enterprises that were busy lately, so that a
// signature costs neither a look-up nor an unsealing.
//
// It knows which enterprises those are, how old what it read may be, which keys have
// retired and how a private key is sealed. It does not know what a key signs, which of
// several does, what its public half looks like, how one is made and how many there must
// be: that is its owner's, who has one Keyring for each [Key.Use].
type Keyring[K any] struct {
	store Keys
	base  *Base
	use   string
	open  func(Key, crypto.Signer) (K, error)

	mu     sync.Mutex
	kept   map[string]*list.Element // of *keyset[K], by enterprise
	recent *list.List               // the most recently used in front
}

// keyset are one enterprise's keys that have not retired, oldest first.
type keyset[K any] struct {
	enterprise string

	mu    sync.Mutex
	keys  []K
	until time.Time // from then on they are read again
}

// NewKeyring returns a Keyring of the keys of a use. open makes what the owner signs with
// from a record and its private key; it is called once for every time that a key is read.
func NewKeyring[K any](store Keys, base *Base, use string, open func(Key, crypto.Signer) (K, error)) *Keyring[K] {
	return &Keyring[K]{store: store, base: base, use: use, open: open, kept: map[string]*list.Element{}, recent: list.New()}
}

// Keys returns the enterprise's keys that have not retired, oldest first, which is the
// same order on every instance. They are shared: the caller changes nothing in them.
//
// amend looks at them first and answers with the records to save, none where all is as it
// should be; what it changed is read again, and what another instance did at the same
// time with it. While it runs nobody else of this instance gets the enterprise's keys, so
// that many first requests make one key. An error of amend is returned as it is.
func (k *Keyring[K]) Keys(ctx context.Context, enterprise string, amend func([]K) ([]Key, error)) ([]K, error) {
	s := k.set(enterprise)
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.until.Sub(k.base.Time()); left <= 0 || left > keptFor { // more: the clock was put back
		if err := k.load(ctx, s); err != nil {
			return nil, err
		}
	}
	return k.amend(ctx, s, amend)
}

// Change is [Keyring.Keys] by what the store says now, for an admin who changes the keys.
func (k *Keyring[K]) Change(ctx context.Context, enterprise string, amend func([]K) ([]Key, error)) ([]K, error) {
	s := k.set(enterprise)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := k.load(ctx, s); err != nil {
		return nil, err
	}
	return k.amend(ctx, s, amend)
}

// Seal returns the record of a new key with its private half sealed. The record has an ID
// already, which the seal is bound to.
func (k *Keyring[K]) Seal(row Key, private crypto.Signer) (Key, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("encode %s key: %w", k.use, err)
	}
	row.Use, row.CreatedAt = k.use, k.base.Time()
	row.Sealed = k.base.Sealer.Seal(der, row.ID)
	return row, nil
}

// set returns the enterprise's place among the kept ones.
func (k *Keyring[K]) set(enterprise string) *keyset[K] {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.kept[enterprise]
	if e == nil {
		e = k.recent.PushFront(&keyset[K]{enterprise: enterprise})
		k.kept[enterprise] = e
		if k.recent.Len() > keptEnterprises {
			oldest := k.recent.Remove(k.recent.Back()).(*keyset[K])
			delete(k.kept, oldest.enterprise)
		}
	}
	k.recent.MoveToFront(e)
	return e.Value.(*keyset[K])
}

// amend saves what the owner wants changed and reads the keys again. A caller who leaves
// in the middle leaves nothing half done.
func (k *Keyring[K]) amend(ctx context.Context, s *keyset[K], amend func([]K) ([]Key, error)) ([]K, error) {
	rows, err := amend(s.keys)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return s.keys, nil
	}
	s.until = time.Time{} // not what is stored any more, whatever fails below
	ctx = context.WithoutCancel(ctx)
	for _, row := range rows {
		if err := k.store.SaveKey(ctx, row); err != nil {
			return nil, fmt.Errorf("save %s key: %w", k.use, err)
		}
	}
	if err := k.load(ctx, s); err != nil {
		return nil, err
	}
	return s.keys, nil
}

// load reads the enterprise's keys from the store.
func (k *Keyring[K]) load(ctx context.Context, s *keyset[K]) error {
	rows, err := k.store.Keys(ctx, s.enterprise, k.use)
	if err != nil {
		return fmt.Errorf("load %s keys: %w", k.use, err)
	}
	now := k.base.Time()
	until := now.Add(keptFor)
	var keys []K
	for _, row := range rows {
		if !row.RetireAt.IsZero() {
			if !row.RetireAt.After(now) {
				continue
			}
			if row.RetireAt.Before(until) {
				until = row.RetireAt
			}
		}
		private, err := k.unseal(row)
		if err != nil {
			return fmt.Errorf("open %s key %s: %w", k.use, row.ID, err)
		}
		key, err := k.open(row, private)
		if err != nil {
			return fmt.Errorf("open %s key %s: %w", k.use, row.ID, err)
		}
		keys = append(keys, key)
	}
	s.keys, s.until = keys, until
	return nil
}

func (k *Keyring[K]) unseal(row Key) (crypto.Signer, error) {
	der, err := k.base.Sealer.Open(row.Sealed, row.ID)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it cannot sign")
	}
	return private, nil
}
