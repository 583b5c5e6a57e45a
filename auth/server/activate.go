package server

import (
	"context"

	"lanyard/auth"
)

// Activator is what auth/server/sso gives to auth/server/broker: the seed's SDK way in.
type Activator interface {
	// Activates reports whether an APPID's company offers it here.
	Activates(ctx context.Context, appID string) (bool, error)
	// Activate redeems the authorization code that an enterprise's own program obtained
	// for the upstream client of activation, and returns a session of the person that
	// stands for the time of one trip.
	Activate(ctx context.Context, appID, device string, code auth.Secret) (Session, error)
}
