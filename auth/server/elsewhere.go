package server

import (
	"context"
	"time"
)

// DeviceGrant is a sign-in that ends in a browser on another machine (RFC 8628).
type DeviceGrant struct {
	Hash         string // of the device code
	UserHash     string // of the user code
	EnterpriseID string
	ClientID     string
	Scope        string
	Challenge    string // PKCE S256: the device code alone is worth nothing
	Nonce        string
	Number       string // two digits, shown on the device alone
	Tries        int    // wrong numbers so far
	Address      string // of the device, as the server saw it
	Device       string // how a person would name it
	PersonID     string // who approved it
	SessionID    string
	AuthTime     time.Time
	DeniedAt     time.Time
	ApprovedAt   time.Time
	UsedAt       time.Time
	PolledAt     time.Time
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// DeviceGrants keeps sign-ins from another machine.
type DeviceGrants interface {
	SaveDeviceGrant(ctx context.Context, g DeviceGrant) error
	DeviceGrant(ctx context.Context, enterprise, hash string) (DeviceGrant, error)
	DeviceGrantByUser(ctx context.Context, enterprise, userHash string) (DeviceGrant, error)
	// PollDeviceGrant notes a poll and returns the grant as it was before it.
	PollDeviceGrant(ctx context.Context, enterprise, hash string, now time.Time) (DeviceGrant, error)
	// TryDeviceGrant counts a wrong number and returns how many there were.
	TryDeviceGrant(ctx context.Context, enterprise, hash string) (int, error)
	// SettleDeviceGrant approves (with person and session) or denies (without) one that is
	// still open; a second answer is auth.ErrConflict.
	SettleDeviceGrant(ctx context.Context, enterprise, hash, person, session string, authTime, now time.Time) error
	// UseDeviceGrant marks it used; a second use is auth.ErrConflict.
	UseDeviceGrant(ctx context.Context, enterprise, hash string, now time.Time) (DeviceGrant, error)
}

// Farewell is one message to an application that a session has ended (OpenID Connect
// Back-Channel Logout 1.0). It is written in the transaction that ends the session.
type Farewell struct {
	ID           string
	EnterpriseID string
	ClientID     string
	SessionID    string
	PersonID     string
	Tries        int
	NextAt       time.Time
	CreatedAt    time.Time
}

// Farewells keeps the messages until they have arrived.
type Farewells interface {
	// ClaimFarewells returns messages that are due and puts them off until then, so that
	// no other instance sends them meanwhile.
	ClaimFarewells(ctx context.Context, now, until time.Time, limit int) ([]Farewell, error)
	// DoneFarewell deletes a message: it has arrived, or is given up.
	DoneFarewell(ctx context.Context, enterprise, id string) error
}
