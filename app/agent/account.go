package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/openid"
	"lanyard/auth/session"
	"lanyard/auth/vault"
)

// account is one profile: what is remembered of it and what keeps it signed in. The
// agent's lock guards its fields; its session has a lock of its own and is never
// called under the agent's.
type account struct {
	record
	session  *session.Session // nil until the vault is open, and when signed out
	status   session.Status   // the session's last word
	restored bool             // from the vault, and its first refresh has not ended yet
	provider *openid.Provider // nil until it is first needed
	// shared says that others use this computer too: nothing of the account is written.
	shared bool
	// silent says that the company's server did not answer when an app was to be opened.
	silent bool
	// device is the newest device of the person's, as the company's server says.
	device local.NewDevice
}

// begin gives a profile whose tokens are in the vault a session. Tokens that were restored
// from there are going to be refreshed.
func (a *Agent) begin(id string, v *vault.Vault, restored bool) {
	var s *session.Session
	s = session.New(session.Config{
		Profile: id, Store: v, Now: a.cfg.Now, Logger: a.log,
		Refresher: func(ctx context.Context) (session.Refresher, error) { return a.refresher(ctx, id, v) },
		OnChange:  func(status session.Status) { a.heard(id, s, v, status) },
	})
	status := s.Status()
	var old *session.Session
	a.update(func() {
		for _, acc := range a.accounts {
			if acc.ID == id && !acc.SignedOut {
				old, acc.session, acc.status, acc.restored = acc.session, s, status, restored
			}
		}
	})
	if old != nil {
		old.End()
	}
}

// heard takes a session's new status into State, unless the profile has got another
// session meanwhile. Where the company ended the person's access, what is kept of it
// here goes too.
func (a *Agent) heard(id string, from *session.Session, v *vault.Vault, status session.Status) {
	a.update(func() {
		for _, acc := range a.accounts {
			if acc.ID != id || acc.session != from {
				continue
			}
			acc.status = status
			acc.restored = acc.restored && status.Refreshing
			if status.Err == nil && !status.Refreshing {
				acc.silent = false
			}
			if errors.Is(status.Err, auth.AccessEnded) && !acc.Ended {
				acc.Ended = true
				acc.Apps, acc.ETag, acc.Pinned, acc.Opened = nil, "", nil, nil
				a.rememberOrWarn()
				a.background(func(context.Context) { a.wipe(id, v) })
			}
		}
	})
}

// wipe deletes the tokens of somebody whose access has ended.
func (a *Agent) wipe(id string, v *vault.Vault) {
	if err := v.Delete(id); err != nil {
		a.log.Error("tokens not deleted", "profile", id, "err", err)
	}
}

// refresher returns the provider that may have a profile's refresh token: the issuer
// and token origin that gave it, nobody else. Where the company's document now names
// another one the person has to agree first, so it asks for a sign-in.
func (a *Agent) refresher(ctx context.Context, id string, v *vault.Vault) (session.Refresher, error) {
	entry, err := v.Get(id)
	if err != nil {
		return nil, err
	}
	p, err := a.provider(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.Issuer != entry.Issuer || p.TokenOrigin() != entry.TokenOrigin {
		return nil, auth.Fail(auth.SignInRequired, nil, errors.New("refresh: the provider has moved"))
	}
	return telling{p, func(d openid.NewDevice) { a.noticeDevice(id, d) }}, nil
}

// provider returns the provider of a profile, by the document that is kept of its
// enterprise, even an expired one.
func (a *Agent) provider(ctx context.Context, id string) (*openid.Provider, error) {
	a.mu.Lock()
	acc, err := a.account(id)
	if err != nil {
		a.mu.Unlock()
		return nil, err
	}
	p, origin, code := acc.provider, acc.Origin, acc.Code
	a.mu.Unlock()
	if p != nil {
		return p, nil
	}
	conn, _, err := a.document(ctx, origin, code)
	if err != nil {
		return nil, err
	}
	p, err = a.openid.Discover(ctx, conn)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	acc.provider = p
	a.mu.Unlock()
	return p, nil
}

// directory returns what finds an enterprise. A bare code is asked of the directories
// that are set up and of those that a profile here came from.
func (a *Agent) directory() *directory.Resolver {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &directory.Resolver{
		HTTP: a.cfg.HTTP, Store: files{a.cfg.Dir}, Pins: a.cfg.Pins,
		Directories: slices.Clone(a.cfg.Directories), Now: a.cfg.Now, Logger: a.log,
	}
	for _, acc := range a.accounts {
		r.Known = append(r.Known, acc.Code)
		if !slices.Contains(r.Directories, acc.Origin) {
			r.Directories = append(r.Directories, acc.Origin)
		}
	}
	return r
}

// document returns the kept document of an enterprise and its connector, ready to
// use; a document that got lost is fetched again.
func (a *Agent) document(ctx context.Context, origin, code string) (*connector.Connector, directory.Document, error) {
	found, err := a.directory().Cached(origin, code)
	if errors.Is(err, auth.ErrNotFound) {
		found, err = a.directory().Resolve(ctx, directory.Query{Code: code, Directory: origin, Typed: code})
	}
	if err != nil {
		return nil, directory.Document{}, err
	}
	conn, err := usable(found.Document)
	return conn, found.Document, err
}

// usable returns the document's connector if the desktop can sign in by it.
func usable(doc directory.Document) (*connector.Connector, error) {
	if doc.Connector.Kind != connector.KindOIDC {
		return nil, auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": "the desktop signs in by oidc only"},
			fmt.Errorf("use document of %q: connector is of kind %q", doc.Enterprise.Code, doc.Connector.Kind))
	}
	conn, err := connector.Load(doc.Connector, nil)
	if err != nil {
		return nil, auth.Fail(auth.EnterpriseMisconfig, nil, err)
	}
	return conn, nil
}

// refreshAll refreshes every profile: once at start.
func (a *Agent) refreshAll(ctx context.Context) {
	a.refresh(ctx, func(*session.Session) bool { return true })
}

// refreshDue refreshes what is due, and with trouble also what failed the last time: a
// network without a way out answers for others as it likes, not by silence alone.
func (a *Agent) refreshDue(ctx context.Context, trouble bool) {
	now := a.cfg.Now()
	a.refresh(ctx, func(s *session.Session) bool {
		due, status := s.NextRefresh(), s.Status()
		return !due.IsZero() && !due.After(now) || trouble && status.Phase == session.SignedIn && status.Err != nil
	})
}

// refresh renews the tokens of the sessions that want says, side by side, and what
// hangs on them: the apps. Afterwards it hands memory back (a TLS handshake leaves
// megabytes behind) and sets the timer for the next time.
func (a *Agent) refresh(ctx context.Context, want func(*session.Session) bool) {
	var all sync.WaitGroup
	did := false
	for id, s := range a.sessions() {
		if !want(s) {
			continue
		}
		did = true
		all.Go(func() {
			if err := s.Refresh(ctx); err != nil {
				return // the session has said so in its status, and logged it
			}
			if err := a.refreshApps(ctx, id); err != nil {
				a.log.Warn("apps not refreshed", "profile", id, "err", err)
			}
		})
	}
	all.Wait()
	a.schedule()
	if did {
		debug.FreeOSMemory()
	}
}

func (a *Agent) sessions() map[string]*session.Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	live := map[string]*session.Session{}
	for _, acc := range a.accounts {
		if acc.session != nil {
			live[acc.ID] = acc.session
		}
	}
	return live
}

// lookAgain is how long the timer runs at most where nobody tells of sleep: it stands
// still meanwhile, and what it waits for may be long past.
const lookAgain = 10 * time.Minute

// schedule sets the one timer to the earliest refresh of any profile; where nothing
// is ever due, no timer runs.
func (a *Agent) schedule() {
	a.scheduling.Lock() // or a slow one would bring back what a later one has replaced
	defer a.scheduling.Unlock()
	var next time.Time
	for _, s := range a.sessions() {
		if due := s.NextRefresh(); !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if next.IsZero() || a.life.Err() != nil {
		return
	}
	a.timer = time.AfterFunc(pause(next.Sub(a.cfg.Now()), a.blind), func() {
		a.background(func(ctx context.Context) { a.refreshDue(ctx, false) })
	})
}

// pause is how long to sleep until something is due.
func pause(due time.Duration, blind bool) time.Duration {
	if blind {
		due = min(due, lookAgain)
	}
	return max(due, time.Second)
}

// Select makes a profile the current one.
func (a *Agent) Select(_ context.Context, profile string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc, err := a.account(profile)
	if err != nil {
		return err
	}
	if a.current != acc.ID {
		a.current = acc.ID
		a.rememberOrWarn()
		a.publish()
	}
	return nil
}
