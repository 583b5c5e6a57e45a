package fakeagent

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"lanyard/app/local"
)

// Agent is a local.Service that a test holds in its hands. What it does not define (the
// embedded nil) no window asks for.
type Agent struct {
	local.Service

	mu       sync.Mutex
	state    local.State
	apps     local.AppList
	settings local.Settings
	icon     []byte
	err      error
	attempt  string // what Launch answers
	calls    []string
	events   []chan local.Event
}

// Push shows a State to everybody who listens.
func (a *Agent) Push(s local.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Rev = a.state.Rev + 1
	a.state = s
	for _, c := range a.events {
		c <- local.Event{State: &s}
	}
}

// Raise asks for a window.
func (a *Agent) Raise(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.events {
		c <- local.Event{Window: name}
	}
}

// Set changes what the agent answers.
func (a *Agent) Set(change func(apps *local.AppList, settings *local.Settings, icon *[]byte)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.apps, &a.settings, &a.icon)
}

// Fail makes every question but State and Events fail with err, nil none.
func (a *Agent) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// SignInFirst makes Launch answer with an attempt.
func (a *Agent) SignInFirst(attempt string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.attempt = attempt
}

// Calls are the questions so far, in their order; they are forgotten.
func (a *Agent) Calls() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := slices.Clone(a.calls)
	a.calls = nil
	return calls
}

func (a *Agent) note(format string, args ...any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, fmt.Sprintf(format, args...))
	return a.err
}

// State implements local.Service.
func (a *Agent) State(context.Context) (local.State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state, nil
}

// Events implements local.Service.
func (a *Agent) Events(ctx context.Context, each func(local.Event) error) error {
	a.mu.Lock()
	state, news := a.state, make(chan local.Event, 64)
	a.events = append(a.events, news)
	a.mu.Unlock()
	if err := each(local.Event{State: &state}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-news:
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

// Close implements window.Agent.
func (a *Agent) Close() {}

// SignIn implements local.Service.
func (a *Agent) SignIn(_ context.Context, r local.SignInRequest) (string, error) {
	return "attempt-1", a.note("sign-in %q profile=%q open=%v switch=%v", r.Code, r.Profile, r.Open, r.Switch)
}

// Confirm implements local.Service.
func (a *Agent) Confirm(_ context.Context, attempt string, yes local.Confirmation) error {
	if yes.Shared {
		return a.note("confirm %s %s shared", attempt, yes.Host)
	}
	return a.note("confirm %s %s", attempt, yes.Host)
}

// UseDevice implements local.Service.
func (a *Agent) UseDevice(_ context.Context, attempt string) error {
	return a.note("device %s", attempt)
}

// Devices implements local.Service.
func (a *Agent) Devices(_ context.Context, profile string, _ local.Env) error {
	return a.note("devices %s", profile)
}

// Asked implements local.Service.
func (a *Agent) Asked(_ context.Context, app, profile string) error {
	return a.note("asked %s %s", app, profile)
}

// Reopen implements local.Service.
func (a *Agent) Reopen(_ context.Context, attempt string, _ local.Env) error {
	return a.note("reopen %s", attempt)
}

// Cancel implements local.Service.
func (a *Agent) Cancel(_ context.Context, attempt string) error { return a.note("cancel %s", attempt) }

// SignOut implements local.Service.
func (a *Agent) SignOut(_ context.Context, r local.SignOutRequest) error {
	return a.note("sign-out %s", r.Profile)
}

// Select implements local.Service.
func (a *Agent) Select(_ context.Context, id string) error { return a.note("select %s", id) }

// Forget implements local.Service.
func (a *Agent) Forget(_ context.Context, id string) error { return a.note("forget %s", id) }

// Apps implements local.Service.
func (a *Agent) Apps(_ context.Context, q local.AppsQuery) (local.AppList, error) {
	err := a.note("apps %s", q.Profile)
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.apps
	list.Profile = q.Profile
	return list, err
}

// Launch implements local.Service.
func (a *Agent) Launch(_ context.Context, r local.LaunchRequest) (local.LaunchAnswer, error) {
	err := a.note("launch %s/%s", r.Profile, r.App)
	a.mu.Lock()
	defer a.mu.Unlock()
	return local.LaunchAnswer{Attempt: a.attempt}, err
}

// Pin implements local.Service.
func (a *Agent) Pin(_ context.Context, app string, pinned bool) error {
	return a.note("pin %s %v", app, pinned)
}

// Icon implements local.Service.
func (a *Agent) Icon(_ context.Context, sha string) ([]byte, string, error) {
	err := a.note("icon %s", sha)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.icon, "image/png", err
}

// Settings implements local.Service.
func (a *Agent) Settings(context.Context) (local.Settings, error) {
	err := a.note("settings")
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settings, err
}

// SetSettings implements local.Service.
func (a *Agent) SetSettings(_ context.Context, s local.Settings) (local.Settings, error) {
	err := a.note("set language=%q autostart=%v browser=%q", s.Language, s.Autostart, s.Browser)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		s.Locked = a.settings.Locked
		a.settings = s
	}
	return a.settings, err
}
