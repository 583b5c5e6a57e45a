package signin

import (
	"context"
	"errors"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

// Listener is the loopback callback of one sign-in.
type Listener struct{}

// Outcome is how a sign-in ended, for the page in the browser.
type Outcome struct {
	Err        error
	Identity   auth.Identity
	Enterprise auth.Enterprise
	Apps       []auth.App
	Kept       bool
	Reference  string
	Lang       string
	SwitchURL  string
	// Next is where the same tab goes on to after a sign-in that was asked for by a
	// click on an app: a launch link. Empty shows the page.
	Next string
}

var errUnfinished = errors.New("not yet")

// Listen binds the callback's port.
func Listen(r connector.Redirect) (*Listener, error) { return nil, errUnfinished }

// RedirectURI is the address that the provider sends the browser back to.
func (l *Listener) RedirectURI() string { return "" }

// Wait returns the code that answers req.
func (l *Listener) Wait(ctx context.Context, req openid.Request, issuer string) (auth.Secret, error) {
	return auth.Secret{}, errUnfinished
}

// Finish tells the page how the sign-in ended.
func (l *Listener) Finish(o Outcome) {}

// Close ends the listener once the final page was read, at the latest after grace.
func (l *Listener) Close(grace time.Duration) {}
