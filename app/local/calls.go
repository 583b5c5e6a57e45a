package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"lanyard/auth"
)

// State implements [Service].
func (c *Client) State(ctx context.Context) (s State, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/state", nil, &s)
	return s, err
}

// Events implements [Service]. It returns when the agent ends (fault AgentMissing);
// to go on with a next one is the caller's decision.
func (c *Client) Events(ctx context.Context, each func(Event) error) error {
	path := "/v1/events"
	if isWindow(ctx) {
		path += "?" + asWindow
	}
	answer, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var own error
	err = readEvents(answer.Body, func(e Event) error {
		own = each(e)
		return own
	})
	if own != nil && errors.Is(err, own) {
		return own
	}
	return asFault(ctx, err)
}

// SignIn implements [Service].
func (c *Client) SignIn(ctx context.Context, req SignInRequest) (string, error) {
	req.Env = req.Env.Allowed()
	var attempt attemptBody
	err := c.call(ctx, http.MethodPost, "/v1/sign-in", req, &attempt)
	return attempt.ID, err
}

// Confirm implements [Service].
func (c *Client) Confirm(ctx context.Context, attempt string, yes Confirmation) error {
	return c.call(ctx, http.MethodPost, "/v1/sign-in/"+segment(attempt)+"/confirm", yes, nil)
}

// UseDevice implements [Service].
func (c *Client) UseDevice(ctx context.Context, attempt string) error {
	return c.call(ctx, http.MethodPost, "/v1/sign-in/"+segment(attempt)+"/device", nil, nil)
}

// Reopen implements [Service].
func (c *Client) Reopen(ctx context.Context, attempt string, env Env) error {
	return c.call(ctx, http.MethodPost, "/v1/sign-in/"+segment(attempt)+"/open", envBody{Env: env.Allowed()}, nil)
}

// Cancel implements [Service].
func (c *Client) Cancel(ctx context.Context, attempt string) error {
	return c.call(ctx, http.MethodDelete, "/v1/sign-in/"+segment(attempt), nil, nil)
}

// Activate implements [Service].
func (c *Client) Activate(ctx context.Context, req ActivateRequest) (string, error) {
	req.Env = req.Env.Allowed()
	var attempt attemptBody
	err := c.call(ctx, http.MethodPost, "/v1/activate", req, &attempt)
	return attempt.ID, err
}

// SignOut implements [Service].
func (c *Client) SignOut(ctx context.Context, req SignOutRequest) error {
	return c.call(ctx, http.MethodPost, "/v1/sign-out", req, nil)
}

// Select implements [Service].
func (c *Client) Select(ctx context.Context, profile string) error {
	return c.call(ctx, http.MethodPost, "/v1/profiles/"+segment(profile)+"/select", nil, nil)
}

// Forget implements [Service].
func (c *Client) Forget(ctx context.Context, profile string) error {
	return c.call(ctx, http.MethodDelete, "/v1/profiles/"+segment(profile), nil, nil)
}

// Devices implements [Service].
func (c *Client) Devices(ctx context.Context, profile string, env Env) error {
	return c.call(ctx, http.MethodPost, "/v1/profiles/"+segment(profile)+"/devices", envBody{Env: env.Allowed()}, nil)
}

// AppsPath is the route that answers q, for [Client.Raw].
func AppsPath(q AppsQuery) string {
	values := url.Values{}
	if q.Query != "" {
		values.Set("q", q.Query)
	}
	if q.Profile != "" {
		values.Set("profile", q.Profile)
	}
	if len(values) == 0 {
		return "/v1/apps"
	}
	return "/v1/apps?" + values.Encode()
}

// Apps implements [Service].
func (c *Client) Apps(ctx context.Context, q AppsQuery) (list AppList, err error) {
	err = c.call(ctx, http.MethodGet, AppsPath(q), nil, &list)
	return list, err
}

// Launch implements [Service].
func (c *Client) Launch(ctx context.Context, req LaunchRequest) (launched LaunchAnswer, err error) {
	if req.App == "" {
		return launched, auth.Fail(auth.AppUnknown, auth.Args{"app": ""}, nil)
	}
	req.Env = req.Env.Allowed()
	err = c.call(ctx, http.MethodPost, "/v1/apps/"+segment(req.App)+"/launch", req, &launched)
	return launched, err
}

// Pin implements [Service].
func (c *Client) Pin(ctx context.Context, app string, pinned bool) error {
	return c.call(ctx, http.MethodPost, "/v1/apps/"+segment(app)+"/pin", pinBody{Pinned: pinned}, nil)
}

// Asked implements [Service].
func (c *Client) Asked(ctx context.Context, app, profile string) error {
	return c.call(ctx, http.MethodPost, "/v1/apps/"+segment(app)+"/asked", askedBody{Profile: profile}, nil)
}

// Icon implements [Service].
func (c *Client) Icon(ctx context.Context, sha256 string) ([]byte, string, error) {
	return c.bytes(ctx, http.MethodGet, "/v1/icons/"+segment(sha256), nil)
}

// Settings implements [Service].
func (c *Client) Settings(ctx context.Context) (s Settings, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/settings", nil, &s)
	return s, err
}

// SetSettings implements [Service].
func (c *Client) SetSettings(ctx context.Context, s Settings) (now Settings, err error) {
	err = c.call(ctx, http.MethodPut, "/v1/settings", s, &now)
	return now, err
}

// Doctor implements [Service].
func (c *Client) Doctor(ctx context.Context) (r Report, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/doctor", nil, &r)
	return r, err
}

// Diagnostics implements [Service].
func (c *Client) Diagnostics(ctx context.Context, w io.Writer) error {
	answer, err := c.send(ctx, http.MethodGet, "/v1/diagnostics", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	out := &ownWrite{w: w}
	if _, err := io.Copy(out, answer.Body); err != nil && out.err == nil {
		return asFault(ctx, err)
	}
	return out.err
}

// Window implements [Service].
func (c *Client) Window(ctx context.Context, name string, env Env) error {
	return c.call(ctx, http.MethodPost, "/v1/window", windowBody{Name: name, Env: env.Allowed()}, nil)
}

// Quit implements [Service].
func (c *Client) Quit(ctx context.Context, restart bool) error {
	return c.call(ctx, http.MethodPost, "/v1/quit", quitBody{Restart: restart}, nil)
}

// ownWrite keeps the writer's error apart from the socket's.
type ownWrite struct {
	w   io.Writer
	err error
}

func (o *ownWrite) Write(p []byte) (n int, err error) {
	n, o.err = o.w.Write(p)
	return n, o.err
}
