package cli_test

import (
	"context"
	"fmt"
	"io"
	"sync"

	"lanyard/app/local"
	"lanyard/auth"
)

// reference is the one that every fault of the fake has.
const reference = "4829-1375"

// fault is an error as the agent gives it.
func fault(f auth.Fault, args ...string) error {
	p := &local.Problem{Code: f, Title: string(f), Reference: reference, Args: auth.Args{}}
	for i := 0; i < len(args); i += 2 {
		p.Args[args[i]] = args[i+1]
	}
	return p
}

var (
	acme  = auth.Enterprise{ID: "e1", Code: "acme", Name: auth.Text{"en": "Acme", "zh": "顶峰科技"}, Help: auth.Help{Name: "Helpdesk", Phone: "8000"}}
	zhang = local.Profile{ID: "p1", Enterprise: acme, Identity: auth.Identity{Name: "张三", Email: "zhang@acme.com"}, Phase: local.SignedIn}
	li    = local.Profile{ID: "p2", Enterprise: auth.Enterprise{ID: "e2", Code: "beta"}, Phase: local.NeedsYou}
	wang  = local.Profile{ID: "p-three", Enterprise: acme, Identity: auth.Identity{Name: "王五"}, Phase: local.WaitingForKeyring}
)

// agent is a Service that behaves as a test says. Its attempt goes through script, one
// State each; after StepConfirm it waits for the person.
type agent struct {
	state    local.State
	script   []local.Attempt
	err      error // of every call but Events and State
	apps     local.AppList
	launched local.LaunchAnswer
	report   local.Report
	noWindow bool

	mu       sync.Mutex
	calls    []string
	answered chan string
	quit     chan struct{}
}

func (a *agent) start() {
	a.answered, a.quit = make(chan string, 1), make(chan struct{})
}

func (a *agent) note(format string, args ...any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, fmt.Sprintf(format, args...))
	return a.err
}

func (a *agent) State(context.Context) (local.State, error) { return a.state, nil }

func (a *agent) Events(ctx context.Context, each func(local.Event) error) error {
	send := func(attempt *local.Attempt) error {
		s := a.state
		s.Rev++
		s.Attempt = attempt
		return each(local.Event{State: &s})
	}
	if err := send(nil); err != nil { // a State from before the attempt
		return err
	}
	for _, step := range a.script {
		if step.ID == "" {
			step.ID, step.Reference = "attempt-1", reference
		}
		if step.Enterprise == nil {
			step.Enterprise = &acme
		}
		if err := send(&step); err != nil {
			return err
		}
		if step.Step == local.StepConfirm {
			select {
			case <-a.answered:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.quit:
		return auth.Fail(auth.AgentMissing, nil, nil)
	}
}

func (a *agent) SignIn(_ context.Context, r local.SignInRequest) (string, error) {
	how := ""
	if r.Device {
		how = " device"
	}
	return "attempt-1", a.note("sign-in %q directory=%s open=%v yes=%v timeout=%d lang=%s env=%v%s",
		r.Code, r.Directory, r.Open, r.Yes, r.Timeout, r.Lang, r.Env, how)
}

func (a *agent) Confirm(_ context.Context, attempt string, yes local.Confirmation) error {
	defer func() { a.answered <- "yes" }()
	return a.note("confirm %s %s", attempt, yes.Host)
}

func (a *agent) UseDevice(_ context.Context, attempt string) error {
	return a.note("device %s", attempt)
}

func (a *agent) Devices(_ context.Context, profile string, _ local.Env) error {
	return a.note("devices %s", profile)
}

func (a *agent) Asked(_ context.Context, app, profile string) error {
	return a.note("asked %s %s", app, profile)
}

func (a *agent) Reopen(_ context.Context, attempt string, _ local.Env) error {
	return a.note("reopen %s", attempt)
}

func (a *agent) Cancel(_ context.Context, attempt string) error { return a.note("cancel %s", attempt) }

func (a *agent) Activate(_ context.Context, r local.ActivateRequest) (string, error) {
	return "attempt-1", a.note("activate %s %q", r.AppID, r.Code)
}

func (a *agent) SignOut(_ context.Context, r local.SignOutRequest) error {
	return a.note("sign-out %q everywhere=%v", r.Profile, r.Everywhere)
}

func (a *agent) Select(_ context.Context, id string) error { return a.note("select %s", id) }
func (a *agent) Forget(_ context.Context, id string) error { return a.note("forget %s", id) }

func (a *agent) Apps(_ context.Context, q local.AppsQuery) (local.AppList, error) {
	return a.apps, a.note("apps %q profile=%q", q.Query, q.Profile)
}

func (a *agent) Launch(_ context.Context, r local.LaunchRequest) (local.LaunchAnswer, error) {
	return a.launched, a.note("launch %q profile=%q print=%v env=%v", r.App, r.Profile, r.Print, r.Env)
}

func (a *agent) Pin(context.Context, string, bool) error { return a.note("pin") }

func (a *agent) Icon(context.Context, string) ([]byte, string, error) {
	return nil, "", a.note("icon")
}

func (a *agent) Settings(context.Context) (local.Settings, error) {
	return local.Settings{}, a.note("settings")
}

func (a *agent) SetSettings(_ context.Context, s local.Settings) (local.Settings, error) {
	return s, a.note("set settings")
}

func (a *agent) Doctor(context.Context) (local.Report, error) { return a.report, a.note("doctor") }

func (a *agent) Diagnostics(_ context.Context, w io.Writer) error {
	if err := a.note("diagnostics"); err != nil {
		return err
	}
	_, err := io.WriteString(w, "PK")
	return err
}

func (a *agent) Window(_ context.Context, name string, _ local.Env) error {
	if a.noWindow {
		_ = a.note("window %s", name)
		return auth.Fail(auth.WindowMissing, nil, nil)
	}
	select {
	case a.answered <- "in the window":
	default: // nothing is asked
	}
	return a.note("window %s", name)
}

func (a *agent) Quit(_ context.Context, restart bool) error {
	defer close(a.quit)
	return a.note("quit restart=%v", restart)
}
