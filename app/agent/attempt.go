package agent

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/openid"
	"lanyard/auth/words"
)

// defaultTimeout is how long a person has for one sign-in.
const defaultTimeout = 5 * time.Minute

// attempt is one sign-in under way, or the last one: never more than one runs. The
// agent's lock guards it; the goroutine that carries it out is in signin.go.
type attempt struct {
	view  local.Attempt // what State shows
	query directory.Query
	again string // the profile that signs in again; "" for a code that was typed
	swap  bool   // ask the provider for another account
	known way    // what the attempt before this one has found out; zero for nothing
	// activation is the code of an enterprise's own program, which signs in instead of a
	// browser; nil otherwise.
	activation *activation
	lang       string
	env        local.Env
	cancel     context.CancelCauseFunc

	accepted  bool
	confirmed chan struct{} // closed with accepted
	wantOpen  bool          // somebody asked the agent to open the browser
	hasTab    bool          // a browser shows the page, or is being asked to
	shared    bool          // nothing of the account is to stay on this computer

	// wantDevice says that somebody asked to finish on another device. useDevice asks the
	// provider for that while the attempt waits for the person, and is nil otherwise; what
	// it got is in devices.
	wantDevice bool
	useDevice  func(context.Context) error
	devices    chan *openid.Device
}

// accept is the person's yes to the host; the caller holds the lock.
func (att *attempt) accept() {
	if !att.accepted {
		att.accepted = true
		close(att.confirmed)
	}
}

// SignIn starts an attempt and returns its id. The same code, or the same profile,
// joins the attempt that runs and adds its wishes (to open the browser, to confirm).
// Anything else while one runs is fault SignInBusy; what cannot be a code is
// CodeEmpty or CodeInvalid at once.
func (a *Agent) SignIn(ctx context.Context, req local.SignInRequest) (string, error) {
	req.Lang = cmp.Or(req.Lang, local.Lang(ctx))
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.signIn(req, "") //nolint:contextcheck // the attempt outlives the request
}

// signIn is SignIn with the app that opens at its end; the caller holds the lock.
func (a *Agent) signIn(req local.SignInRequest, app string) (string, error) {
	query, again, err := a.wanted(req)
	if err != nil {
		return "", err
	}
	env := a.childEnv(req.Env)
	if att := a.attempt; att != nil && !att.view.Over() {
		if !att.serves(query, again) {
			return "", auth.Fail(auth.SignInBusy, nil, nil)
		}
		if app != "" {
			att.view.App = app
		}
		if !att.accepted {
			att.shared = att.shared || req.Shared
		}
		if req.Yes {
			att.accept()
		}
		if req.Device && !att.wantDevice {
			att.wantDevice = true
			if ask := att.useDevice; ask != nil {
				a.background(func(ctx context.Context) { a.askDevice(ctx, att, ask) })
			}
		}
		if req.Open && !att.wantOpen {
			att.wantOpen, att.env = true, env
			a.background(func(ctx context.Context) { a.openPage(ctx, att) })
		}
		a.publish()
		return att.view.ID, nil
	}

	timeout := defaultTimeout
	if req.Timeout > 0 {
		timeout = time.Duration(req.Timeout) * time.Second
	}
	att := a.newAttempt(timeout)
	att.view.Profile, att.view.App = again, app
	att.query, att.again, att.swap = query, again, req.Switch
	att.lang, att.env, att.wantOpen = a.langOf(req.Lang, req.Env), env, req.Open
	att.wantDevice, att.shared = req.Device, req.Shared || a.isShared(again)
	if req.Yes {
		att.accept()
	}
	return a.start(att, timeout), nil
}

func (a *Agent) newAttempt(timeout time.Duration) *attempt {
	return &attempt{
		view: local.Attempt{
			ID: auth.RandomID(), Step: local.StepResolving,
			Deadline: a.cfg.Now().Add(timeout), Reference: auth.NewTrace(),
		},
		confirmed: make(chan struct{}), devices: make(chan *openid.Device, 1),
	}
}

// start begins an attempt and returns its id; the caller holds the lock.
func (a *Agent) start(att *attempt, timeout time.Duration) string {
	ctx, cancel := context.WithCancelCause(a.life)
	att.cancel = cancel
	a.attempt = att
	a.publish()
	a.log.Info("sign-in started", "attempt", att.view.ID, "reference", att.view.Reference)
	a.background(func(context.Context) {
		defer cancel(nil)
		ctx, stop := context.WithTimeoutCause(ctx, timeout, auth.Fail(auth.SignInTimeout, nil, nil))
		defer stop()
		a.attend(ctx, att)
	})
	return att.view.ID
}

// wanted says which enterprise a request is for, and which profile signs in again.
// Nothing typed means the current profile, or the code that policy set.
func (a *Agent) wanted(req local.SignInRequest) (q directory.Query, again string, err error) {
	typed := req.Code
	if typed == "" && req.Profile == "" && a.current == "" {
		typed = a.cfg.Code
	}
	if typed != "" || req.Profile == "" && a.current == "" {
		q, err = directory.Parse(typed)
		if err == nil && q.Directory == "" && q.Domain == "" {
			q.Directory = strings.TrimSuffix(req.Directory, "/")
		}
		return q, "", err
	}
	acc, err := a.account(req.Profile)
	if err != nil {
		return q, "", err
	}
	return directory.Query{Code: acc.Code, Directory: acc.Origin, Typed: acc.Code}, acc.ID, nil
}

// serves reports whether the attempt also is what another request wants.
func (att *attempt) serves(q directory.Query, again string) bool {
	if again != "" && att.again != "" && again != att.again {
		return false
	}
	return q.Code == att.query.Code && q.Directory == att.query.Directory && q.Domain == att.query.Domain
}

// running returns the attempt with that id if it still runs, else fault SignInStale.
// The caller holds the lock.
func (a *Agent) running(id string) (*attempt, error) {
	if a.attempt == nil || a.attempt.view.ID != id || a.attempt.view.Over() {
		return nil, auth.Fail(auth.SignInStale, nil, nil)
	}
	return a.attempt, nil
}

// Confirm is the person's yes to the host that the agent is about to open. Another
// host than that is fault ConfirmationMismatch, an attempt that is over SignInStale.
func (a *Agent) Confirm(_ context.Context, id string, yes local.Confirmation) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	att, err := a.running(id)
	if err != nil {
		return err
	}
	if yes.Host == "" || yes.Host != att.view.Host {
		return auth.Fail(auth.ConfirmationMismatch, auth.Args{"host": att.view.Host}, nil)
	}
	if !att.accepted {
		att.shared = att.shared || yes.Shared
	}
	att.accept()
	return nil
}

// Cancel ends an attempt; its outcome is fault SignInCanceled.
func (a *Agent) Cancel(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	att, err := a.running(id)
	if err != nil {
		return err
	}
	att.cancel(auth.Fail(auth.SignInCanceled, nil, nil))
	return nil
}

// Reopen opens the attempt's page again, because the person asked for it: a closed
// tab must not mean a new sign-in.
func (a *Agent) Reopen(ctx context.Context, id string, env local.Env) error {
	a.mu.Lock()
	att, err := a.running(id)
	if err != nil {
		a.mu.Unlock()
		return err
	}
	address := att.view.URL
	env = a.childEnv(env)
	a.mu.Unlock()
	if address == "" {
		return auth.Fail(auth.SignInStale, nil, errors.New("reopen: the attempt does not wait for a browser"))
	}
	if err := a.open(ctx, address, env); err != nil {
		return err
	}
	a.update(func() { att.wantOpen, att.hasTab, att.view.Opened = true, true, true })
	return nil
}

// openPage opens the attempt's page if it waits for a browser, somebody asked for
// that, and it was not opened before: whoever calls, there is one tab.
func (a *Agent) openPage(ctx context.Context, att *attempt) {
	a.mu.Lock()
	address, env := att.view.URL, att.env
	due := att.wantOpen && !att.hasTab && address != "" && !att.view.Over()
	att.hasTab = att.hasTab || due
	a.mu.Unlock()
	if !due {
		return
	}
	err := a.open(ctx, address, env)
	if err != nil {
		// Not the end: the page's address is in State, to be copied.
		a.log.Warn("browser not opened", "attempt", att.view.ID, "err", err)
	}
	a.update(func() { att.hasTab, att.view.Opened = err == nil, err == nil })
}

// open opens an address in the person's browser.
func (a *Agent) open(ctx context.Context, address string, env local.Env) error {
	a.mu.Lock()
	browser := a.settings.Browser
	a.mu.Unlock()
	return a.cfg.Open(ctx, address, env, browser)
}

// childEnv returns the environment for a child of this request: the caller's own
// where that can show a browser, else the last caller's that could. The caller of
// childEnv holds the lock.
func (a *Agent) childEnv(env local.Env) local.Env {
	env = env.Allowed()
	if slices.ContainsFunc([]string{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}, func(n string) bool { return env[n] != "" }) {
		a.env = env
	}
	return a.env
}

// langOf picks a request's language: what it says, else what its environment says,
// else the agent's.
func (a *Agent) langOf(lang string, env local.Env) string {
	switch {
	case lang != "":
		return words.Match(lang)
	case env["LANG"] != "":
		return words.Match(env["LANG"])
	default:
		return a.lang()
	}
}
