package server

import (
	"context"
	"time"

	"lanyard/auth"
)

// Removal takes away how an enterprise's people sign in.
type Removal interface {
	// CountSessions returns how many sessions of an enterprise stand, and of how many people.
	CountSessions(ctx context.Context, enterprise string, now time.Time) (sessions, people int, err error)
	// DeleteConnectors deletes an enterprise's connectors with their secrets, the present one
	// and those before it, and ends every session: nobody could be asked any more whether a
	// person still belongs. All of it happens at once, or nothing. An enterprise without a
	// connector is auth.ErrNotFound.
	DeleteConnectors(ctx context.Context, enterprise string, now time.Time) error
}

// ConnectorWays are the ways in beside the company code.
type ConnectorWays struct {
	Targets []string // where links by APPID may go on to
	Links   []string // those links, one a target
	// Activation: whether an enterprise's own program may hand over its code, and whether
	// the console can set it up for this connector.
	Activation, CanActivate bool
	ActivateURL             string
}

// Activation is what an admin says of the way in by an enterprise's own program.
type Activation struct {
	On       bool
	ClientID string      // of the program at the provider; empty: as it is
	Secret   auth.Secret // empty: as it is
}
