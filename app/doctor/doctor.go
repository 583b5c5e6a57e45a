package doctor

import (
	"context"
	"net/http"
	"os"
	"sync"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

// Probes is what the checks look at. The check of a nil function or an empty field is
// skipped.
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
	// network checks. HTTP asks it; nil is a client without a proxy.
	Address string
	HTTP    *http.Client
	// StateDir must be writable.
	StateDir string
	// SessionBus reports whether a D-Bus session bus is there (Linux).
	SessionBus func() bool
	// TrayHost reports whether somebody shows tray icons (Linux).
	TrayHost func(ctx context.Context) bool
	// Browser reports whether a browser can be opened; its error says why not.
	Browser func() error
	// Getenv reads proxy variables; nil is os.Getenv.
	Getenv func(string) string
	Now    func() time.Time // nil is time.Now
}

// The names of the checks, stable for scripts. What people read beside them is
// doctor.name.{name} of auth/words.
const (
	Keyring    = "keyring"
	Port       = "port"
	Server     = "server"
	Clock      = "clock"
	Proxy      = "proxy"
	Browser    = "browser"
	Disk       = "disk"
	SessionBus = "session_bus"
	Tray       = "tray"
)

// The statuses of a check.
const (
	OK      = "ok"
	Warn    = "warn" // signing in works, something is lost
	Fail    = "fail" // signing in does not work
	Skipped = "skipped"
)

// finding is the outcome of one check.
type finding struct {
	status       string
	err          error  // worded by its fault,
	detail, hint string // unless these say it better
}

type check struct {
	name string
	run  func(ctx context.Context, p Probes) finding
}

// preflight lists what a sign-in depends on, in the order in which a person would
// mend it; the report goes on with the rest.
func (p Probes) preflight() []check {
	answer := p.serverOnce()
	return []check{
		{Port, checkPort},
		{Keyring, checkKeyring},
		{Server, func(ctx context.Context, _ Probes) finding { return serverFinding(answer(ctx)) }},
		{Clock, func(ctx context.Context, _ Probes) finding { return clockFinding(answer(ctx)) }},
		{Disk, checkDisk},
	}
}

func (p Probes) all() []check {
	return append(p.preflight(),
		check{Proxy, checkProxy},
		check{Browser, checkBrowser},
		check{SessionBus, checkSessionBus},
		check{Tray, checkTray},
	)
}

// Run makes every check, side by side, and reports each in a fixed order.
func Run(ctx context.Context, p Probes) local.Report {
	p = p.withDefaults()
	checks := p.all()
	var report local.Report
	for i, f := range p.findings(ctx, checks) {
		c := local.Check{Name: checks[i].name, Status: f.status, Detail: f.detail, Hint: f.hint}
		if f.err != nil && f.detail == "" {
			m := words.Explain(f.err, p.Lang)
			c.Detail, c.Hint = m.Sentence, m.Hint
		}
		report.Checks = append(report.Checks, c)
	}
	return report
}

// Preflight makes the checks that a sign-in depends on (port, password store,
// server, clock, disk) and returns the first fault: PortUnavailable, KeyringLocked,
// ProviderUnreachable, ProxyInterferes, ClockWrong or DiskFull. A missing password store
// is no fault here: the sign-in is then kept in memory.
func Preflight(ctx context.Context, p Probes) error {
	p = p.withDefaults()
	for _, f := range p.findings(ctx, p.preflight()) {
		if f.status == Fail {
			return f.err
		}
	}
	return ctx.Err()
}

// findings makes the checks side by side: one that waits (a password store, a server)
// does not hold up the others.
func (p Probes) findings(ctx context.Context, checks []check) []finding {
	found := make([]finding, len(checks))
	var group sync.WaitGroup
	for i, c := range checks {
		group.Go(func() { found[i] = c.run(ctx, p) })
	}
	group.Wait()
	return found
}

func (p Probes) withDefaults() Probes {
	if p.Getenv == nil {
		p.Getenv = os.Getenv
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Bind == nil {
		p.Bind = bindAny
	}
	if p.HTTP == nil {
		p.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	return p
}

// failed is the finding of an error that makes signing in fail.
func failed(err error) finding {
	if err == nil {
		return finding{status: OK}
	}
	return finding{status: Fail, err: err}
}

// fault gives err the fault that says best what it is about, unless it has its own.
func fault(err error, f auth.Fault, args auth.Args) error {
	if own, _ := auth.FaultOf(err); own != auth.Internal {
		return err
	}
	return auth.Fail(f, args, err)
}
