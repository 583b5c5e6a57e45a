package session

import (
	"context"
	"log/slog"
	"time"

	"lanyard/auth"
)

// Refresher trades a refresh token for a new token set.
type Refresher interface {
	Refresh(ctx context.Context, t auth.TokenSet, want auth.Identity) (auth.TokenSet, error)
}

// Store is where a profile's tokens are kept; a vault is one.
type Store interface {
	Tokens(profile string) (auth.TokenSet, auth.Identity, error)
	Replace(profile string, old, fresh auth.TokenSet) error
}

// Config is what a Session is made of.
type Config struct {
	Profile   string
	Refresher func(ctx context.Context) (Refresher, error)
	Store     Store
	Now       func() time.Time
	Logger    *slog.Logger
	OnChange  func(Status)
}

// Phase is where a session stands.
type Phase string

// The phases.
const (
	SignedOut Phase = "signed_out"
	SignedIn  Phase = "signed_in"
	NeedsYou  Phase = "needs_you"
)

// Status is what others may know of a session.
type Status struct {
	Phase      Phase
	Refreshing bool
	Offline    bool
	ExpiresAt  time.Time
	Err        error
}

// Session keeps one profile signed in.
type Session struct{}

// New makes a Session.
func New(cfg Config) *Session { return &Session{} }

// Token returns a valid access token.
func (s *Session) Token(ctx context.Context) (auth.Secret, error) {
	return auth.Secret{}, auth.SignInRequired
}

// Refresh renews the tokens now.
func (s *Session) Refresh(ctx context.Context) error { return auth.SignInRequired }

// NextRefresh says when Refresh should be called; zero means never.
func (s *Session) NextRefresh() time.Time { return time.Time{} }

// Status returns the present Status.
func (s *Session) Status() Status { return Status{} }

// End ends the session; a refresh under way is dropped.
func (s *Session) End() {}
