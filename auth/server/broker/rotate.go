package broker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// knownAfter is how long a new key is published before it signs: longer than an instance
// goes by what it has read of the keys, and than anybody may keep the published set.
const knownAfter = 10 * time.Minute

// believed is how long a key is wanted after it has signed something: until that has
// expired, and as long as an app may give it back as a hint of who signs out.
func (k *keyring) believed() time.Duration {
	return max(k.base.Lifetimes.AccessToken, k.base.Lifetimes.Session)
}

// Rotation says what becomes of an enterprise's keys.
type Rotation struct {
	Signs   time.Time // from when on the new ones sign
	Retired time.Time // when the old ones are no longer published
}

// RotateKeys gives an enterprise a new signing key beside each that it has, published at
// once; every instance, running or not, goes by what is stored of them. Where there is no
// key yet the error is of kind auth.ErrNotFound: the first sign-in makes it.
func RotateKeys(ctx context.Context, base *server.Base, keys server.Keys, enterprise string) (Rotation, error) {
	k := newKeyring(Config{Base: base, Keys: keys})
	var r Rotation
	_, err := k.Change(ctx, enterprise, func(present []*key) (rows []server.Key, err error) {
		r.Signs = base.Time().Add(knownAfter).UTC().Truncate(time.Millisecond)
		r.Retired = r.Signs.Add(k.believed())
		var algs []string
		var old []server.Key
		for _, key := range present {
			if !key.row.RetireAt.IsZero() {
				continue
			}
			row := key.row
			row.RetireAt = r.Retired
			old = append(old, row)
			if slices.Contains(algs, key.alg) { // two instances have made one at a time
				continue
			}
			algs = append(algs, key.alg)
			if row, err = k.generate(enterprise, key.alg); err != nil {
				return nil, err
			}
			if !row.CreatedAt.After(key.row.CreatedAt) { // the oldest signs
				row.CreatedAt = key.row.CreatedAt.Add(time.Millisecond)
			}
			rows = append(rows, row)
		}
		if len(rows) == 0 {
			return nil, fmt.Errorf("rotate signing keys: there are none: %w", auth.ErrNotFound)
		}
		return append(rows, old...), nil // the new ones first: there is never a moment without a key
	})
	return r, err
}
