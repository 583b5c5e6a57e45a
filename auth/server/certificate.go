package server

import (
	"context"
	"time"
)

// Certificate is one that an enterprise's SAML metadata publishes.
type Certificate struct {
	ID          string
	PEM         string
	Fingerprint string // SHA-256, in pairs of capital hex digits, as consoles show it
	Signs       bool   // the one whose key signs now
	CreatedAt   time.Time
	NotAfter    time.Time
	// Until is when its key stops signing and it leaves the metadata; zero: when
	// [Certificates].Switch says so.
	Until time.Time
}

// Certificates changes what an enterprise's SAML answers are signed with, so that no app
// is left behind: first a second certificate is published, then it takes over.
type Certificates interface {
	// Certificates returns what is published, the one that signs first.
	Certificates(ctx context.Context, enterprise string) ([]Certificate, error)
	// Rotate publishes a second certificate. From at on it signs alone; with a zero time
	// that waits for Switch. With two already the error is of kind auth.ErrConflict.
	Rotate(ctx context.Context, enterprise string, at time.Time) error
	// Switch lets the second one sign from now on; the first leaves. Without a second one
	// the error is of kind auth.ErrConflict.
	Switch(ctx context.Context, enterprise string) error
}
