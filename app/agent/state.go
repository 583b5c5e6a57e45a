package agent

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/session"
	"lanyard/auth/words"
)

// trayApps is how many apps a profile's State carries.
const trayApps = 10

// State returns the present State. A locked keyring is asked once more first: people
// look at the state right after they unlocked it.
func (a *Agent) State(ctx context.Context) (local.State, error) {
	a.retryKeyring(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state(), nil
}

// Events calls each with the present State and then with every new one, and with each
// wish for a window from now on, until ctx or the agent ends. A slow listener misses
// States and wishes in between, never the last one.
func (a *Agent) Events(ctx context.Context, each func(local.Event) error) error {
	a.mu.Lock()
	rev, wishes := uint64(0), a.wishes
	a.mu.Unlock()
	for {
		var news []local.Event
		a.mu.Lock()
		if a.rev != rev {
			state := a.state()
			news, rev = append(news, local.Event{State: &state}), a.rev
		}
		if a.wishes != wishes {
			news, wishes = append(news, local.Event{Window: a.wish}), a.wishes
		}
		changed := a.changed
		a.mu.Unlock()
		for _, event := range news {
			if err := each(event); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.life.Done():
			return auth.Fail(auth.AgentMissing, nil, nil)
		case <-changed:
		}
	}
}

// update changes what State is made of and tells everybody.
func (a *Agent) update(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	a.publish()
}

// publish gives the State a new revision; the caller holds the lock.
func (a *Agent) publish() {
	a.rev++
	a.announce()
}

// announce tells everybody that there is news; the caller holds the lock.
func (a *Agent) announce() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// remember writes what is to survive the agent; the caller holds the lock.
func (a *Agent) remember() error {
	m := memory{Current: a.current, Settings: a.settings, Profiles: []record{}}
	for _, acc := range a.accounts {
		if !acc.shared {
			m.Profiles = append(m.Profiles, acc.record)
		} else if m.Current == acc.ID {
			m.Current = ""
		}
	}
	return m.save(a.cfg.Dir)
}

// rememberOrWarn is remember for changes that are not worth failing for.
func (a *Agent) rememberOrWarn() {
	if err := a.remember(); err != nil {
		a.log.Warn("profiles not saved", "err", err)
	}
}

// state makes the State, a deep copy of everything; the caller holds the lock.
func (a *Agent) state() local.State {
	s := local.State{
		API: local.API, Version: a.cfg.Version, Rev: a.rev,
		Current: a.current, ManagedBy: a.cfg.ManagedBy, Lang: a.lang(),
		MemoryOnly: a.vault != nil && a.vault.MemoryOnly(),
		Profiles:   make([]local.Profile, 0, len(a.accounts)),
	}
	for _, acc := range a.accounts {
		s.Profiles = append(s.Profiles, a.profileState(acc))
		if acc.ID == a.current && (acc.status.Offline || acc.silent) {
			s.Offline = true
		}
	}
	if a.attempt != nil {
		view := a.attempt.view
		view.Enterprise = copyEnterprise(view.Enterprise)
		view.Problem = copyProblem(view.Problem)
		if d := view.Device; d != nil {
			device := *d
			view.Device = &device
		}
		s.Attempt = &view
	}
	return s
}

func (a *Agent) profileState(acc *account) local.Profile {
	p := local.Profile{
		ID: acc.ID, Enterprise: *copyEnterprise(&acc.Enterprise), Identity: acc.Identity,
		Phase: a.phase(acc), Shared: acc.shared,
	}
	switch p.Phase {
	case local.SignedIn:
		p.Refreshing = acc.session == nil || acc.restored || acc.status.Refreshing
		p.ExpiresAt = acc.status.ExpiresAt
		p.ServerDown, p.Opened = acc.serverDown(), a.openedState(acc.ID)
		p.NewDevice = acc.deviceState()
	case local.NeedsYou:
		cause := error(auth.SignInRequired)
		if acc.Ended {
			cause = auth.AccessEnded
		}
		p.Problem = a.problem(cause, acc.Enterprise, a.lang(), "")
	case local.WaitingForKeyring:
		p.Problem = a.problem(a.waiting, acc.Enterprise, a.lang(), "")
	case local.SignedOut:
		return p // what somebody signed out of is not shown around
	}
	p.AppsAll = len(acc.Apps)
	entries := acc.entries()
	p.Apps = entries[:min(len(entries), trayApps)]
	return p
}

// phase says where a profile stands. While the vault has not been opened yet, a
// profile that did not sign out is signed in as far as anybody knows, and refreshing.
func (a *Agent) phase(acc *account) local.Phase {
	switch {
	case acc.SignedOut:
		return local.SignedOut
	case acc.session == nil && a.waiting != nil:
		return local.WaitingForKeyring
	case acc.session == nil:
		return local.SignedIn
	case acc.status.Phase == session.SignedIn:
		return local.SignedIn
	default:
		return local.NeedsYou
	}
}

func (a *Agent) anySignedIn() bool {
	return slices.ContainsFunc(a.accounts, func(acc *account) bool { return a.phase(acc) == local.SignedIn })
}

// account returns the profile with that id, the current one for "", or fault
// ProfileUnknown (SignInRequired where there is no profile at all). The caller holds
// the lock.
func (a *Agent) account(id string) (*account, error) {
	if id == "" {
		id = a.current
	}
	for _, acc := range a.accounts {
		if acc.ID == id {
			return acc, nil
		}
	}
	if id == "" {
		return nil, auth.Fail(auth.SignInRequired, nil, nil)
	}
	return nil, auth.Fail(auth.ProfileUnknown, auth.Args{"profile": id}, nil)
}

// entries returns the profile's apps as faces show them: pinned, then the most
// opened, then in the company's own order.
func (acc *account) entries() []local.AppEntry {
	entries := make([]local.AppEntry, 0, len(acc.Apps))
	for _, app := range acc.Apps {
		app.Title = maps.Clone(app.Title)
		entries = append(entries, local.AppEntry{App: app, Pinned: slices.Contains(acc.Pinned, app.ID)})
	}
	slices.SortStableFunc(entries, func(x, y local.AppEntry) int {
		if x.Pinned != y.Pinned {
			if x.Pinned {
				return -1
			}
			return 1
		}
		return cmp.Compare(acc.Opened[y.ID], acc.Opened[x.ID])
	})
	return entries
}

// problem is err as a person reads it, with whom to ask.
func (a *Agent) problem(err error, e auth.Enterprise, lang, reference string) *local.Problem {
	fault, args := auth.FaultOf(err)
	facts := auth.Args{}
	if name := e.Name.In(lang); name != "" {
		facts["company"] = name
	}
	if help := words.Contact(e.Help); help != "" {
		facts["help"] = help
	}
	maps.Copy(facts, args)
	m := words.ExplainFault(fault, facts, lang)
	return &local.Problem{
		Code: fault, Title: m.Title, Sentence: m.Sentence, Hint: m.Hint,
		Args: facts, Reference: reference,
	}
}

// lang is the language of what is said without being asked; the caller holds the lock.
func (a *Agent) lang() string {
	if a.settings.Language != "" {
		return a.settings.Language
	}
	return words.Match(a.env["LANG"])
}

func copyEnterprise(e *auth.Enterprise) *auth.Enterprise {
	if e == nil {
		return nil
	}
	c := *e
	c.Name = maps.Clone(e.Name)
	c.Domains = slices.Clone(e.Domains)
	return &c
}

func copyProblem(p *local.Problem) *local.Problem {
	if p == nil {
		return nil
	}
	c := *p
	c.Args = maps.Clone(p.Args)
	return &c
}
