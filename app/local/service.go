package local

import (
	"context"
	"io"
)

// Service is what the agent does for its three faces: tray, windows and command
// line. The agent implements it in its own process; [Client] implements it over
// the socket. No method takes or gives a token.
//
// Every error is an auth.Error whose Fault the caller can test with errors.Is; a
// [Client] returns ErrNoAgent's fault AgentMissing when nobody listens.
type Service interface {
	// State returns the present State.
	State(ctx context.Context) (State, error)
	// Events calls each with the present State and then with every new one, and with
	// each wish to raise a window, until ctx ends or each returns an error.
	Events(ctx context.Context, each func(Event) error) error

	// SignIn starts an attempt, or joins the running one for the same code, and
	// returns its id at once. Another attempt that runs is fault SignInBusy.
	SignIn(ctx context.Context, req SignInRequest) (id string, err error)
	// Confirm says that the person accepts the host the agent is about to open; a
	// host that differs from Attempt.Host is fault ConfirmationMismatch.
	Confirm(ctx context.Context, attempt string, yes Confirmation) error
	// Reopen opens the attempt's page in the browser again.
	Reopen(ctx context.Context, attempt string, env Env) error
	// UseDevice lets the attempt, which goes on waiting for the browser, be finished on
	// another device too, and returns when Attempt.Device says how. Where the company does
	// not offer that it is fault DeviceNotOffered.
	UseDevice(ctx context.Context, attempt string) error
	// Cancel ends an attempt.
	Cancel(ctx context.Context, attempt string) error
	// Activate signs in with an authorization code that the enterprise's own program
	// obtained (the seed's SDK way).
	Activate(ctx context.Context, req ActivateRequest) (id string, err error)

	SignOut(ctx context.Context, req SignOutRequest) error
	// Select makes a profile the current one; Forget removes it and all it kept here.
	Select(ctx context.Context, profile string) error
	Forget(ctx context.Context, profile string) error

	Apps(ctx context.Context, q AppsQuery) (AppList, error)
	// Launch opens an app, signing in first where that is needed.
	Launch(ctx context.Context, req LaunchRequest) (LaunchAnswer, error)
	Pin(ctx context.Context, app string, pinned bool) error
	// Asked tells the company that an app, opened a moment ago (Profile.Opened), asked the
	// person to sign in. Without such an opening it is fault AppUnknown.
	Asked(ctx context.Context, app, profile string) error
	// Icon returns the picture's bytes and media type.
	Icon(ctx context.Context, sha256 string) (data []byte, mediaType string, err error)

	// Devices opens the company's page that lists where the person is signed in.
	Devices(ctx context.Context, profile string, env Env) error

	Settings(ctx context.Context) (Settings, error)
	SetSettings(ctx context.Context, s Settings) (Settings, error)
	Doctor(ctx context.Context) (Report, error)
	// Diagnostics writes a zip that holds no secret.
	Diagnostics(ctx context.Context, w io.Writer) error
	// Window opens or raises the window with that name (sign-in, apps, settings).
	Window(ctx context.Context, name string, env Env) error
	Quit(ctx context.Context, restart bool) error
}

// SignInRequest starts a sign-in by what a person typed (Code: a code, a host with
// a code, a domain, an e-mail address or a whole message) or for a known Profile.
type SignInRequest struct {
	Code      string `json:"code,omitempty"`
	Profile   string `json:"profile,omitempty"`
	Directory string `json:"directory,omitempty"` // origin of a directory to ask first
	Device    bool   `json:"device,omitempty"`    // on another device (RFC 8628)
	// Open says whether the agent opens the browser; false leaves that to the person
	// (Attempt.URL).
	Open   bool `json:"open"`
	Switch bool `json:"switch,omitempty"` // ask the provider for another account
	// Yes confirms whatever host comes; only for a person who typed --yes.
	Yes bool `json:"yes,omitempty"`
	// Shared keeps nothing of the account, see Confirmation.
	Shared  bool   `json:"shared,omitempty"`
	Timeout int    `json:"timeout,omitempty"` // seconds; 0 means 300
	Lang    string `json:"lang,omitempty"`    // language of the page afterwards
	Env     Env    `json:"env,omitempty"`
}

// Confirmation is a person's yes to the card of an enterprise.
type Confirmation struct {
	Host string `json:"host"`
	// Shared says that others use this computer too: what signing in brings is kept in
	// memory alone, and gone when the person signs out or the agent ends.
	Shared bool `json:"shared,omitempty"`
}

// ActivateRequest carries the seed's SDK activation.
type ActivateRequest struct {
	AppID string `json:"app_id"`
	Code  string `json:"code"`
	Env   Env    `json:"env,omitempty"`
}

// SignOutRequest signs a profile out here, or on all of the person's devices.
type SignOutRequest struct {
	Profile    string `json:"profile,omitempty"` // empty: the current one
	Everywhere bool   `json:"everywhere,omitempty"`
}

// AppsQuery selects apps: all whose title, in any language, or id contains Query.
type AppsQuery struct {
	Query   string
	Profile string // empty: the current one
}

// LaunchRequest opens one app.
type LaunchRequest struct {
	App     string `json:"app"`               // id, or a title that is unique
	Profile string `json:"profile,omitempty"` // empty: the current one
	Print   bool   `json:"print,omitempty"`   // give the address instead of opening it
	Lang    string `json:"lang,omitempty"`
	Env     Env    `json:"env,omitempty"`
}

// LaunchAnswer says what a launch led to: an address that was opened (or is to be
// opened, with Print), or the attempt that comes first and ends in the app.
type LaunchAnswer struct {
	URL     string `json:"url,omitempty"`
	Attempt string `json:"attempt,omitempty"`
	// Via says how: "launch-link", "access-link", "plain" or "native".
	Via string `json:"via,omitempty"`
}

// Env is what a child process needs of its caller's environment. Names outside
// [EnvNames] are dropped on both sides.
type Env map[string]string

// EnvNames is the allow-list of [Env].
var EnvNames = []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_ACTIVATION_TOKEN", "BROWSER", "LANG"}

// CallerEnv picks the allowed names out of an environment such as os.Environ.
func CallerEnv(lookup func(string) (string, bool)) Env {
	env := Env{}
	for _, name := range EnvNames {
		if v, ok := lookup(name); ok {
			env[name] = v
		}
	}
	return env
}

// Allowed returns a copy of env with the allowed names alone.
func (env Env) Allowed() Env {
	return CallerEnv(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}
