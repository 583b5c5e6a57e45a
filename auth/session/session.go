package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"lanyard/auth"
)

// Refresher trades a refresh token for a new token set. Its error is of kind
// auth.ErrSignInRequired only where the provider itself said no (RFC 6749 section 5.2,
// invalid_grant); want is whose tokens they must be.
type Refresher interface {
	Refresh(ctx context.Context, t auth.TokenSet, want auth.Identity) (auth.TokenSet, error)
}

// Store is where a profile's tokens are kept; a vault is one.
type Store interface {
	// Tokens returns auth.ErrNotFound for a profile that is signed out.
	Tokens(profile string) (auth.TokenSet, auth.Identity, error)
	// Replace saves fresh tokens if the old ones are still there, and returns
	// auth.ErrNotFound or auth.ErrConflict if not.
	Replace(profile string, old, fresh auth.TokenSet) error
}

// Config is what a Session is made of.
type Config struct {
	Profile string
	// Refresher is asked for at every refresh, so that what it needs (a discovery, say)
	// may fail and be tried again.
	Refresher func(ctx context.Context) (Refresher, error)
	Store     Store
	Now       func() time.Time // nil means time.Now
	Logger    *slog.Logger     // nil discards
	// OnChange is called after each change, one call at a time and the newest Status
	// last. It may call Status and NextRefresh, but nothing that waits for a change.
	OnChange func(Status)
}

// Phase is where a session stands.
type Phase string

// The phases.
const (
	SignedOut Phase = "signed_out"
	SignedIn  Phase = "signed_in"
	NeedsYou  Phase = "needs_you" // the provider wants the person again
)

// Status is what others may know of a session.
type Status struct {
	Phase      Phase
	Refreshing bool
	// Offline says that the last refresh did not reach the provider. It never changes
	// the Phase.
	Offline   bool
	ExpiresAt time.Time // of the access token; zero if the provider did not say
	// Err is why the person is needed, or why the last refresh failed.
	Err error
}

// Session keeps one profile signed in. Its methods may be called by several goroutines.
type Session struct {
	cfg Config

	notifying sync.Mutex // orders calls of OnChange

	mu     sync.Mutex
	ended  bool
	flight *flight

	// Everything below is noted about the tokens that were seen last, and forgotten
	// when the store holds others.
	seen     auth.TokenSet
	due      time.Time      // when to refresh
	reckoned time.Time      // when due was
	refused  error          // the provider's no
	trouble  error          // why the last refresh failed otherwise
	failures int            // in a row
	unsaved  *auth.TokenSet // got from the provider, but the store could not save them
}

// flight is the one refresh under way.
type flight struct {
	done   chan struct{}
	cancel context.CancelFunc
	// token and err are set before done is closed.
	token auth.Secret
	err   error
}

// New makes a Session for what the store holds; it asks nobody yet.
func New(cfg Config) *Session {
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	// Tokens live by the wall clock. The monotonic one, by which Go else compares, may stand
	// still while the computer sleeps (package time, "Monotonic Clocks").
	cfg.Now = func() time.Time { return now().Round(0) }
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(Status) {}
	}
	return &Session{cfg: cfg}
}

// Token returns an access token that is still valid, refreshing first if it is not.
// Errors are of kind auth.ErrSignInRequired where the person is needed, else those of
// the refresh (auth.ErrOffline) or of ctx.
func (s *Session) Token(ctx context.Context) (auth.Secret, error) {
	s.mu.Lock()
	tokens, _, err := s.look()
	switch {
	case err != nil:
	case s.refused != nil:
		err = s.refused
	case s.valid(tokens):
		s.mu.Unlock()
		return tokens.Access, nil
	}
	if err != nil {
		s.mu.Unlock()
		return auth.Secret{}, fmt.Errorf("get access token: %w", err)
	}
	return s.join(ctx)
}

// Refresh renews the tokens now, whatever is left of them: at start, on resume, when the
// network is back, and at [Session.NextRefresh].
func (s *Session) Refresh(ctx context.Context) error {
	s.mu.Lock()
	_, _, err := s.look()
	if err == nil {
		err = s.refused
	}
	if err != nil {
		s.mu.Unlock()
		return fmt.Errorf("refresh tokens: %w", err)
	}
	_, err = s.join(ctx)
	return err
}

// NextRefresh says when Refresh should be called next; zero means not at all, until
// somebody signs in.
func (s *Session) NextRefresh() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, err := s.look(); err != nil || s.refused != nil {
		return time.Time{}
	}
	return s.due
}

// Status returns the present Status.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	tokens, _, err := s.look()
	st := Status{Phase: SignedIn, Refreshing: s.flight != nil, ExpiresAt: tokens.Expiry}
	switch {
	case errors.Is(err, auth.ErrSignInRequired):
		return Status{Phase: SignedOut}
	case err != nil:
		st.Err = err
	case s.refused != nil:
		st.Phase, st.Err = NeedsYou, s.refused
	case s.trouble != nil:
		st.Err = s.trouble
		st.Offline = errors.Is(s.trouble, auth.ErrOffline) || errors.Is(s.trouble, context.DeadlineExceeded)
	}
	return st
}

// End ends the session for good, because the person signs out: a refresh under way is
// cut short and what it brings is dropped. Whoever ends a session deletes its tokens
// from the store.
func (s *Session) End() {
	s.mu.Lock()
	s.ended = true
	if s.flight != nil {
		s.flight.cancel()
	}
	s.mu.Unlock()
	s.notify()
}

// Wait returns when no refresh is under way, or ctx ends: a program that stops lets a
// rotated token be saved first.
func (s *Session) Wait(ctx context.Context) {
	s.mu.Lock()
	f := s.flight
	s.mu.Unlock()
	if f == nil {
		return
	}
	select {
	case <-f.done:
	case <-ctx.Done():
	}
}

// look reads the store, the only place where tokens live, and forgets what was noted
// about others. The caller holds mu.
func (s *Session) look() (auth.TokenSet, auth.Identity, error) {
	if s.ended {
		return auth.TokenSet{}, auth.Identity{}, auth.SignInRequired
	}
	tokens, who, err := s.cfg.Store.Tokens(s.cfg.Profile)
	if errors.Is(err, auth.ErrNotFound) {
		return auth.TokenSet{}, auth.Identity{}, auth.Fail(auth.SignInRequired, nil, err)
	}
	if err != nil {
		return auth.TokenSet{}, auth.Identity{}, err
	}
	now := s.cfg.Now()
	if !same(tokens, s.seen) {
		s.seen = tokens
		s.due, s.reckoned = schedule(now, tokens), now
		s.refused, s.trouble, s.failures, s.unsaved = nil, nil, 0, nil
	}
	if s.reckoned.Sub(now) > leeway && !tokens.Refresh.IsZero() {
		// The clock was put back since: what it was to show then may be hours away.
		s.due, s.reckoned = now, now
	}
	return tokens, who, nil
}

// valid reports whether the access token can still be sent somewhere.
func (s *Session) valid(t auth.TokenSet) bool {
	return !t.Access.IsZero() && (t.Expiry.IsZero() || t.Expiry.Sub(s.cfg.Now()) > leeway)
}

func (s *Session) notify() {
	s.notifying.Lock()
	defer s.notifying.Unlock()
	s.cfg.OnChange(s.Status())
}

// same reports whether both are the same tokens.
func same(a, b auth.TokenSet) bool {
	return a.Access.Equal(b.Access) && a.Refresh.Equal(b.Refresh)
}
