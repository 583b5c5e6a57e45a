package agent

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"lanyard/app/desktop"
	"lanyard/app/doctor"
	"lanyard/app/launch"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/openid"
	"lanyard/auth/vault"
)

// endPatience is how long an agent that ends waits for a refresh under way.
const endPatience = 2 * time.Second

// Config is what an agent is made of. Everything that reaches out of the process is a
// field, so that a test owns it.
type Config struct {
	Version string
	// Dir is the state folder: profiles.json, the vault and the directory's documents
	// lie in it. The caller holds its instance lock.
	Dir string
	// HTTP asks directories, providers and servers.
	HTTP *http.Client
	// Keyring holds the vault's key.
	Keyring vault.Keyring
	// Directories are asked for a bare code, Pins are the root keys known beforehand.
	Directories []string
	Pins        directory.Pins
	// ManagedBy and Code come from policy: who set this device up, and the code whose
	// first sign-in needs no confirmation.
	ManagedBy string
	Code      string
	// Device is this computer's name, which the page of a sign-in on another device shows.
	Device string
	// Env is the agent's own part of the environment, used until a caller brings one.
	Env local.Env
	// Open opens an address in the browser and returns once that has started.
	Open func(ctx context.Context, address string, env map[string]string, browser string) error
	// Native are the programs that apps may start here, and Start starts one with a line on
	// its standard input (launch.Program.Start); nil starts none.
	Native []launch.Program
	Start  func(ctx context.Context, p launch.Program, line []byte, env map[string]string) error
	// OpenWindow starts the window with that name unless one runs already; fault
	// WindowMissing where none can be shown, which nil always is.
	OpenWindow func(ctx context.Context, name string, env local.Env) error
	// Raising is called before a window that may be open is asked to come to the front, for
	// a system on which it must be allowed to; nil does nothing.
	Raising func()
	// Watch tells of sleep and network; nil hears nothing.
	Watch func(ctx context.Context) <-chan desktop.Event
	// Autostart starts the agent with the person's session; nil offers none.
	Autostart Autostart
	// Probes are the doctor's, but for the keyring and the address, which the agent adds.
	Probes doctor.Probes
	// Ending is called when the agent begins to end, before any listener of Events hears
	// of it: whoever looks for an agent from then on must find none. Nil does nothing.
	Ending func()
	// Ring is where the logger's records are kept for diagnostics; nil keeps none.
	Ring   *Ring
	Logger *slog.Logger     // nil discards
	Now    func() time.Time // nil is time.Now
}

// Autostart is an entry that starts a program with the person's session;
// desktop.Autostart is one.
type Autostart interface {
	Enabled() (bool, error)
	Enable() error
	Disable() error
}

// Agent is the resident core. Make one with [New], then [Agent.Run] it.
type Agent struct {
	cfg    Config
	log    *slog.Logger
	openid openid.Client

	// life ends with the agent. Work that outlives the request which began it (a
	// sign-in, a refresh) hangs on it, and is counted in work.
	life   context.Context
	end    context.CancelFunc
	lifeMu sync.Mutex // held to begin work and to end life, so that none begins after
	work   sync.WaitGroup
	quit   chan bool // true: start again

	proofs *proofs

	scheduling sync.Mutex // held to set the timer; taken before mu and before a session's lock
	discarding sync.Mutex // held to delete tokens and give them back; taken before mu

	mu       sync.Mutex
	rev      uint64
	wish     string        // the window that was last asked for
	wishes   uint64        // how many were
	changed  chan struct{} // closed at the next change of State, or wish
	current  string
	settings local.Settings
	accounts []*account
	attempt  *attempt
	vault    *vault.Vault // nil until it is first needed
	opening  *opening     // the try to open it that is under way
	waiting  error        // why the vault did not open when it was last tried
	env      local.Env    // of the last caller with a display
	timer    *time.Timer  // the only one: the next refresh of any profile
	blind    bool         // nobody tells of sleep and network
	last     *lastOpening // of an app, for as long as people are asked about it
}

// New makes an agent that remembers the profiles of cfg.Dir and has asked nobody yet.
func New(cfg Config) (*Agent, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Ring == nil {
		cfg.Ring = &Ring{}
	}
	mem, err := loadMemory(cfg.Dir)
	if errors.Is(err, errDamaged) {
		cfg.Logger.Error("profiles damaged", "err", err)
		err = nil
	}
	if err != nil {
		return nil, err
	}
	a := &Agent{
		cfg: cfg, log: cfg.Logger,
		openid:  openid.Client{HTTP: cfg.HTTP, Now: cfg.Now, Logger: cfg.Logger},
		quit:    make(chan bool, 1),
		changed: make(chan struct{}),
		rev:     1,
		proofs:  newProofs(cfg.Logger),
		current: mem.Current, settings: mem.Settings, env: cfg.Env.Allowed(),
		blind: cfg.Watch == nil,
	}
	a.life, a.end = context.WithCancel(context.Background())
	for _, rec := range mem.Profiles {
		a.accounts = append(a.accounts, &account{record: rec})
	}
	return a, nil
}

// Run keeps every profile signed in until ctx ends or somebody quits, and reports
// whether the agent is to be started again. It is called once. Requests may be
// answered before and while it runs.
func (a *Agent) Run(ctx context.Context) (restart bool) {
	a.background(a.restore)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var news <-chan desktop.Event
	if a.cfg.Watch != nil {
		news = a.cfg.Watch(watching)
	}
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case restart = <-a.quit:
			running = false
		case event, ok := <-news:
			if !ok {
				news = nil
				a.goBlind()
				continue
			}
			a.log.Debug("system event", "event", string(event))
			a.background(func(ctx context.Context) { a.wake(ctx, event) })
		}
	}
	if a.cfg.Ending != nil {
		a.cfg.Ending()
	}
	a.endShared(context.WithoutCancel(ctx))
	a.mu.Lock()
	if a.timer != nil {
		a.timer.Stop()
	}
	a.forgetOpening()
	a.mu.Unlock()
	a.lifeMu.Lock()
	a.end()
	a.lifeMu.Unlock()
	a.proofs.close()
	a.work.Wait()
	// A refresh under way may have spent the old refresh token: the new one is saved first.
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	for _, s := range a.sessions() {
		s.Wait(saving)
	}
	return restart
}

// background runs f beside everything else, with a ctx that ends with the agent. It
// may be called with or without the lock.
func (a *Agent) background(f func(ctx context.Context)) {
	a.lifeMu.Lock()
	defer a.lifeMu.Unlock()
	if a.life.Err() == nil {
		a.work.Go(func() { f(a.life) })
	}
}

// restore signs the remembered profiles in again, without a browser. One that signed out
// behind a locked keyring still has tokens to be deleted.
func (a *Agent) restore(ctx context.Context) {
	a.mu.Lock()
	needed := len(a.accounts) > 0
	a.mu.Unlock()
	if needed {
		// A locked keyring shows in State and is asked again at the next wish.
		_, _ = a.openVault(ctx, true)
	}
	debug.FreeOSMemory()
}

// wake asks again after sleep or a change of network or keyring: that may be open
// now, tokens may be due (a timer does not run while the computer sleeps), and what
// was offline may not be any more.
func (a *Agent) wake(ctx context.Context, news desktop.Event) {
	a.mu.Lock()
	shut := a.vault == nil && (a.waiting != nil || a.opening != nil)
	a.mu.Unlock()
	if news != desktop.KeyringChanged {
		// Connections of before lead nowhere, and would be tried until time is up.
		a.cfg.HTTP.CloseIdleConnections()
	}
	if !shut {
		if news != desktop.KeyringChanged {
			a.refreshDue(ctx, true)
		}
		return
	}
	for range 2 { // a try that was under way may have asked before there was news
		if _, err := a.openVault(ctx, true); err == nil {
			return
		}
	}
}

// goBlind takes note that no news of the system will come.
func (a *Agent) goBlind() {
	a.mu.Lock()
	a.blind = true
	a.mu.Unlock()
	a.background(func(context.Context) { a.schedule() })
}

// Quit ends the agent; restart starts it again, for a newer program that took its
// place on disk. A restart is refused while a sign-in runs (fault SignInBusy) and
// while tokens are in memory alone (fault KeyringMissing): it would lose them.
func (a *Agent) Quit(_ context.Context, restart bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if restart {
		if a.attempt != nil && !a.attempt.view.Over() {
			return auth.Fail(auth.SignInBusy, nil, nil)
		}
		if a.anyShared() || a.vault != nil && a.vault.MemoryOnly() && a.anySignedIn() {
			return auth.Fail(auth.KeyringMissing, nil, nil)
		}
	}
	select {
	case a.quit <- restart:
	default: // already on its way
	}
	return nil
}

var _ local.Service = (*Agent)(nil)
