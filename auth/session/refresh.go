package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lanyard/auth"
)

// limit ends a refresh that nobody answers.
const limit = time.Minute

// join waits for the refresh under way, starting it if there is none. The caller holds
// mu; join gives it back. A caller that gives up leaves the refresh running for the
// others.
func (s *Session) join(ctx context.Context) (auth.Secret, error) {
	f := s.flight
	if f == nil {
		run, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		f = &flight{done: make(chan struct{}), cancel: cancel}
		s.flight = f
		go s.fly(run, f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return auth.Secret{}, fmt.Errorf("wait for tokens: %w", ctx.Err())
	}
}

// fly carries one refresh through.
func (s *Session) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	s.notify()
	token, err := s.renew(ctx)
	if err != nil {
		err = fmt.Errorf("refresh tokens: %w", err)
	}
	s.mu.Lock()
	if s.ended {
		token, err = auth.Secret{}, fmt.Errorf("refresh tokens: %w", auth.SignInRequired)
	}
	f.token, f.err = token, err
	s.flight = nil
	s.mu.Unlock()
	s.notify()
	close(f.done)
}

// renew gets new tokens and saves them before it returns one. It goes round a second
// time only where the store turns out to hold other tokens than those it began with.
func (s *Session) renew(ctx context.Context) (auth.Secret, error) {
	for again := false; ; again = true {
		s.mu.Lock()
		old, who, err := s.look()
		unsaved := s.unsaved
		s.mu.Unlock()
		if err != nil {
			return auth.Secret{}, err
		}
		if again && s.valid(old) {
			return old.Access, nil
		}
		var fresh auth.TokenSet
		switch {
		case unsaved != nil:
			fresh = *unsaved
		case !old.Refresh.IsZero():
			fresh, err = s.ask(ctx, old, who)
		case s.valid(old):
			return old.Access, nil // nothing to refresh with, nothing to refresh yet
		default:
			err = auth.Fail(auth.SignInRequired, nil, errors.New("access token expired, and there is no refresh token"))
		}
		if err == nil {
			err = s.save(old, fresh)
		}
		if err == nil && (unsaved == nil || again || s.valid(fresh)) {
			return fresh.Access, nil
		}
		if !again && (err == nil || s.changed(old)) {
			continue // saved too late to be of use; or somebody signed in meanwhile: theirs count
		}
		s.note(old, err)
		return auth.Secret{}, err
	}
}

// ask trades old for new tokens; what the provider did not send again stays.
func (s *Session) ask(ctx context.Context, old auth.TokenSet, who auth.Identity) (auth.TokenSet, error) {
	r, err := s.cfg.Refresher(ctx)
	if err != nil {
		return auth.TokenSet{}, err
	}
	fresh, err := r.Refresh(ctx, old, who)
	if err != nil {
		return auth.TokenSet{}, err
	}
	if fresh.Refresh.IsZero() {
		fresh.Refresh = old.Refresh
	}
	if fresh.ID.IsZero() {
		fresh.ID = old.ID
	}
	if fresh.Scope == "" {
		fresh.Scope = old.Scope
	}
	return fresh, nil
}

// save puts fresh into the store. Tokens that could not be saved are kept for the next
// try, because a provider that rotates will not take the old ones again; until they are
// saved nobody gets them.
func (s *Session) save(old, fresh auth.TokenSet) error {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return auth.SignInRequired
	}
	err := s.cfg.Store.Replace(s.cfg.Profile, old, fresh)
	switch {
	case err == nil:
		s.cfg.Logger.Info("tokens refreshed", "profile", s.cfg.Profile, "expires_at", fresh.Expiry)
		return nil
	case errors.Is(err, auth.ErrNotFound), errors.Is(err, auth.ErrConflict):
		return auth.Fail(auth.SignInRequired, nil, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, gone := s.look(); gone == nil && same(s.seen, old) {
		s.unsaved = &fresh
	}
	return err
}

// changed reads the store once more and reports whether it holds other tokens than old.
func (s *Session) changed(old auth.TokenSet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, err := s.look()
	return err == nil && !same(s.seen, old)
}

// note remembers why old could not be refreshed.
func (s *Session) note(old auth.TokenSet, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, gone := s.look(); gone != nil || !same(s.seen, old) {
		return
	}
	if errors.Is(err, auth.ErrSignInRequired) {
		s.refused = err
		s.cfg.Logger.Info("sign-in required", "profile", s.cfg.Profile, "err", err)
		return
	}
	s.trouble = err
	s.failures++
	s.reckoned = s.cfg.Now()
	s.due = s.reckoned.Add(backOff(s.failures))
	s.cfg.Logger.Warn("refresh failed", "profile", s.cfg.Profile, "err", err, "failures", s.failures, "again_at", s.due)
}
