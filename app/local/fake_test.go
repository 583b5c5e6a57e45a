package local_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"lanyard/app/local"
	"lanyard/auth"
)

// fake is a Service that writes down what it is asked, and fails with err if set.
type fake struct {
	mu     sync.Mutex
	calls  []string
	err    error
	state  local.State
	events chan local.Event
	icon   []byte
}

var _ local.Service = (*fake)(nil)

func (f *fake) note(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	return f.err
}

func (f *fake) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		return ""
	}
	return f.calls[len(f.calls)-1]
}

func (f *fake) State(context.Context) (local.State, error) { return f.state, f.note("state") }

func (f *fake) Events(ctx context.Context, each func(local.Event) error) error {
	if err := f.note("events"); err != nil {
		return err
	}
	if err := each(local.Event{State: &f.state}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			_ = f.note("events ended")
			return ctx.Err()
		case e := <-f.events:
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

func (f *fake) SignIn(_ context.Context, r local.SignInRequest) (string, error) {
	return "attempt-1", f.note("sign-in code=%s open=%v yes=%v timeout=%d env=%v", r.Code, r.Open, r.Yes, r.Timeout, r.Env)
}

func (f *fake) Confirm(_ context.Context, attempt string, yes local.Confirmation) error {
	return f.note("confirm %s %s shared=%v", attempt, yes.Host, yes.Shared)
}

func (f *fake) UseDevice(_ context.Context, attempt string) error {
	return f.note("device %s", attempt)
}

func (f *fake) Devices(_ context.Context, profile string, env local.Env) error {
	return f.note("devices %s %v", profile, env)
}

func (f *fake) Asked(_ context.Context, app, profile string) error {
	return f.note("asked %s %s", app, profile)
}

func (f *fake) Reopen(_ context.Context, attempt string, env local.Env) error {
	return f.note("reopen %s %v", attempt, env)
}

func (f *fake) Cancel(_ context.Context, attempt string) error { return f.note("cancel %s", attempt) }

func (f *fake) Activate(_ context.Context, r local.ActivateRequest) (string, error) {
	return "attempt-2", f.note("activate %s %s", r.AppID, r.Code)
}

func (f *fake) SignOut(_ context.Context, r local.SignOutRequest) error {
	return f.note("sign-out %s %v", r.Profile, r.Everywhere)
}

func (f *fake) Select(_ context.Context, id string) error { return f.note("select %s", id) }
func (f *fake) Forget(_ context.Context, id string) error { return f.note("forget %s", id) }

func (f *fake) Apps(_ context.Context, q local.AppsQuery) (local.AppList, error) {
	list := local.AppList{Profile: "p1", Apps: []local.AppEntry{{App: auth.App{ID: "notes", Title: auth.Text{"zh": "笔记"}}, Pinned: true}}}
	return list, f.note("apps %q %q", q.Query, q.Profile)
}

func (f *fake) Launch(_ context.Context, r local.LaunchRequest) (local.LaunchAnswer, error) {
	err := f.note("launch %q print=%v env=%v", r.App, r.Print, r.Env)
	if r.App == "later" {
		return local.LaunchAnswer{Attempt: "attempt-3"}, err
	}
	return local.LaunchAnswer{URL: "https://acme.example/launch/x", Via: "launch-link"}, err
}

func (f *fake) Pin(_ context.Context, app string, pinned bool) error {
	return f.note("pin %s %v", app, pinned)
}

func (f *fake) Icon(_ context.Context, sha string) ([]byte, string, error) {
	return f.icon, "image/png", f.note("icon %s", sha)
}

func (f *fake) Settings(context.Context) (local.Settings, error) {
	return local.Settings{Language: "zh"}, f.note("settings")
}

func (f *fake) SetSettings(_ context.Context, s local.Settings) (local.Settings, error) {
	return s, f.note("set settings %s", s.Browser)
}

func (f *fake) Doctor(context.Context) (local.Report, error) {
	return local.Report{Checks: []local.Check{{Name: "disk", Status: "ok"}}}, f.note("doctor")
}

func (f *fake) Diagnostics(_ context.Context, w io.Writer) error {
	err := f.note("diagnostics")
	switch {
	case errors.Is(err, errHalf):
		_, _ = io.WriteString(w, "PK half")
	case err == nil:
		_, _ = io.WriteString(w, "PK whole")
	}
	return err
}

func (f *fake) Window(_ context.Context, name string, env local.Env) error {
	return f.note("window %s %v", name, env)
}

func (f *fake) Quit(_ context.Context, restart bool) error { return f.note("quit %v", restart) }
