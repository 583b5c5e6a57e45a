package connector

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"sync"
	"time"
)

// tokenCache shares app-level tokens between the sign-ins of one server. The key is
// the hash of the whole request that fetches the token, secret included: a changed
// secret asks anew, and two connectors of the same vendor app share. The zero value is
// ready.
type tokenCache struct {
	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry
}

type cacheKey = [sha256.Size]byte

// cacheEntry is a token or the wait for it; values, until and err are set before ready
// is closed and do not change afterwards.
type cacheEntry struct {
	ready  chan struct{}
	values map[string]string
	until  time.Time
	err    error
}

// get returns the values kept under key, and fetches them once for all who ask at the
// same time. hit says that they were there before.
func (t *tokenCache) get(ctx context.Context, key cacheKey, now time.Time, fetch func() (map[string]string, time.Duration, error)) (values map[string]string, hit bool, err error) {
	for {
		t.mu.Lock()
		e := t.entries[key]
		if e == nil || e.over(now) {
			e = &cacheEntry{ready: make(chan struct{})}
			t.put(key, e, now)
			t.mu.Unlock()
			t.fill(key, e, now, fetch)
			return e.values, false, e.err
		}
		t.mu.Unlock()
		select {
		case <-e.ready:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		// Whoever fetched may have been called off; that is no answer for the others.
		if !errors.Is(e.err, context.Canceled) {
			return e.values, e.err == nil, e.err
		}
	}
}

// fill fetches into e. A failure is told to those who wait and then forgotten.
func (t *tokenCache) fill(key cacheKey, e *cacheEntry, now time.Time, fetch func() (map[string]string, time.Duration, error)) {
	defer close(e.ready)
	e.err = context.Canceled // should fetch panic
	defer func() {
		if e.err != nil {
			t.drop(key, e)
		}
	}()
	values, life, err := fetch()
	e.values, e.until, e.err = values, now.Add(life), err
}

// over reports whether e is complete and no longer good.
func (e *cacheEntry) over(now time.Time) bool {
	select {
	case <-e.ready:
		return !now.Before(e.until)
	default:
		return false
	}
}

// put inserts e and clears out what has ended; t.mu is held.
func (t *tokenCache) put(key cacheKey, e *cacheEntry, now time.Time) {
	if t.entries == nil {
		t.entries = map[cacheKey]*cacheEntry{}
	}
	maps.DeleteFunc(t.entries, func(_ cacheKey, old *cacheEntry) bool { return old.over(now) })
	t.entries[key] = e
}

// drop removes e, unless another has taken its place.
func (t *tokenCache) drop(key cacheKey, e *cacheEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.entries[key] == e {
		delete(t.entries, key)
	}
}

// forget removes the token kept under key if it is still the one with these values:
// another sign-in may have fetched a new one since.
func (t *tokenCache) forget(key cacheKey, values map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[key]
	if e == nil {
		return
	}
	select {
	case <-e.ready:
		if maps.Equal(e.values, values) {
			delete(t.entries, key)
		}
	default:
	}
}
