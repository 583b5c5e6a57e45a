package auth

import (
	"log/slog"
	"time"
)

// TokenSet is what a provider gave for one sign-in. It is kept sealed in the
// vault and never leaves the agent but to the issuer that gave it.
type TokenSet struct {
	Access  Secret
	Refresh Secret
	ID      Secret // the raw id_token, kept as a hint for signing out
	// Expiry is when Access ends; zero means that the provider did not say.
	Expiry time.Time
	Scope  string
}

// LogValue logs an allow-list: what is there and until when, never a value.
func (t TokenSet) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Bool("access", !t.Access.IsZero()),
		slog.Bool("refresh", !t.Refresh.IsZero()),
		slog.Bool("id", !t.ID.IsZero()),
		slog.Time("expiry", t.Expiry),
	)
}
