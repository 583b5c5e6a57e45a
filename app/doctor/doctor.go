package doctor

import (
	"context"
	"net/http"
	"time"

	"lanyard/app/local"
)

// Probes is what the checks look at. A nil function's check is skipped.
type Probes struct {
	// Lang is the language of the report ("en" or "zh").
	Lang string
	// Keyring stores, reads and deletes a value; its fault says what is wrong
	// (KeyringLocked, KeyringMissing).
	Keyring func(ctx context.Context) error
	// Bind takes the loopback port that a sign-in would and gives it back. Nil binds
	// a free one.
	Bind func(ctx context.Context) error
	// Address is what must be reachable: a directory or a provider; empty skips the
	// network checks. HTTP asks it.
	Address string
	HTTP    *http.Client
	// StateDir must be writable.
	StateDir string
	// SessionBus reports whether a D-Bus session bus is there (Linux).
	SessionBus func() bool
	// Browser reports whether a browser can be opened; its error says why not.
	Browser func() error
	// Getenv reads proxy variables; nil is os.Getenv.
	Getenv func(string) string
	Now    func() time.Time
}

// Run makes every check, side by side, and reports each in a fixed order.
func Run(ctx context.Context, p Probes) local.Report { return local.Report{} }

// Preflight makes the checks that a sign-in depends on (port, password store,
// server, clock) and returns the first fault: PortUnavailable, KeyringLocked,
// ProviderUnreachable, ProxyInterferes or ClockWrong. A missing password store is no
// fault here: the sign-in is then kept in memory.
func Preflight(ctx context.Context, p Probes) error { return nil }
