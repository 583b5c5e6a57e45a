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

// DeviceGrants keeps sign-ins from another machine. One that has expired is still found
// until it is swept, so that its device can be told.
type DeviceGrants interface {
	// SaveDeviceGrant inserts; a user code that is taken, at whichever enterprise, is
	// auth.ErrConflict.
	SaveDeviceGrant(ctx context.Context, g DeviceGrant) error
	DeviceGrantByUser(ctx context.Context, enterprise, userHash string) (DeviceGrant, error)
	// DeviceGrantAnywhere is DeviceGrantByUser for somebody who has typed a code where no
	// enterprise is named; it finds the way to the enterprise's own page and decides nothing.
	DeviceGrantAnywhere(ctx context.Context, userHash string) (DeviceGrant, error)
	// PollDeviceGrant notes a poll and returns the grant as it was before it.
	PollDeviceGrant(ctx context.Context, enterprise, hash string, now time.Time) (DeviceGrant, error)
	// TryDeviceGrant counts a wrong number at a grant that is still open and returns how
	// many there were; the one that makes most denies it.
	TryDeviceGrant(ctx context.Context, enterprise, hash string, most int, now time.Time) (int, error)
	// SettleDeviceGrant approves (with person and session) or denies (without) one that is
	// still open; a second answer, or one that comes too late, is auth.ErrConflict.
	SettleDeviceGrant(ctx context.Context, enterprise, hash, person, session string, authTime, now time.Time) error
	// UseDeviceGrant marks an approved one used (g.UsedAt) and keeps what it gave, at once:
	// the grant and, where it is not nil, a session. A second use and one whose session or
	// person has ended are auth.ErrConflict; whether it has expired is the caller's to judge.
	UseDeviceGrant(ctx context.Context, hash string, g Grant, session *Session) error
	// TellDevices notes in the desktop sessions of a person, but for the given one, that
	// this device has joined them (Session.NewDevice).
	TellDevices(ctx context.Context, enterprise, person, but, device string, now time.Time) error
}

// Farewell is one message to an application that a session has ended (OpenID Connect
// Back-Channel Logout 1.0). It is written in the transaction that ends the session, for
// each client with an address for it that got tokens under the session.
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
	// ClaimFarewells returns messages that are due, this try counted, and puts them off
	// until then, so that no other instance sends them meanwhile.
	ClaimFarewells(ctx context.Context, now, until time.Time, limit int) ([]Farewell, error)
	// RetryFarewell says when a message that did not arrive is sent again.
	RetryFarewell(ctx context.Context, enterprise, id string, at time.Time) error
	// DoneFarewell deletes a message: it has arrived, or is given up.
	DoneFarewell(ctx context.Context, enterprise, id string) error
	// NextFarewell returns when the next message is due; the zero time where there is none.
	NextFarewell(ctx context.Context) (time.Time, error)
}

// Logout is a provider's word that somebody is signed out there.
type Logout struct {
	Hash    string // of its id: each counts once
	Expires time.Time
	// UpstreamSID names the sign-in that has ended (Session.UpstreamSID); where it is empty
	// PersonKey names the person (Person.Key), who has none any more.
	UpstreamSID, PersonKey string
}

// Logouts is what an upstream provider may end here.
type Logouts interface {
	// EndUpstream ends the sessions that stand on the sign-in, or all of the person, and
	// notes that the logout has counted, at once. A second time it is auth.ErrConflict.
	EndUpstream(ctx context.Context, enterprise string, l Logout, now time.Time) error
}
