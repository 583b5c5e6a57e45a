package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lanyard/app/launch"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/openid"
	"lanyard/auth/workbench"
)

// ticket is the line that a program gets on its standard input: all it needs to sign in
// by itself, once (RFC 6749 section 4.1.3, RFC 7636).
type ticket struct {
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	Code         string `json:"code"`
	CodeVerifier string `json:"code_verifier"`
	RedirectURI  string `json:"redirect_uri,omitempty"`
}

// startNative starts the program that an app is, if this device's list has it, and
// returns the number of the opening. A program of a company whose server does not answer
// starts without a ticket, and asks by itself.
func (a *Agent) startNative(ctx, asking context.Context, profile string, app auth.App, env local.Env) (opening string, err error) {
	i := slices.IndexFunc(a.cfg.Native, func(p launch.Program) bool { return p.ID == app.Native })
	if i < 0 || a.cfg.Start == nil {
		return "", auth.Fail(auth.NativeMissing, auth.Args{"app": app.ID, "program": app.Native}, nil)
	}
	program := a.cfg.Native[i]
	var line []byte
	if program.Path != "" {
		line, opening, err = a.ticket(asking, profile, app.ID)
		switch {
		case errors.Is(err, auth.ErrSignInRequired) || a.isNotYours(profile, err):
			return "", err
		case err != nil:
			a.log.Warn("no ticket", "profile", profile, "app", app.ID, "err", err)
			if silent(err) {
				a.answers(profile, false)
			}
		}
	}
	return opening, a.cfg.Start(ctx, program, line, env)
}

// ticket asks the company's server for a ticket; a company without one has none to give.
func (a *Agent) ticket(ctx context.Context, profile, app string) (line []byte, opening string, err error) {
	s, rec, err := a.liveSession(ctx, profile)
	if !rec.Workbench || err != nil {
		return nil, "", err
	}
	request, challenge := openid.CodeRequest()
	var given workbench.Ticket
	err = a.asSession(ctx, s, func() (err error) {
		given, err = a.workbench(rec, s.Token).LaunchNative(ctx, app, challenge)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	a.answers(profile, true)
	line, err = json.Marshal(ticket{ //nolint:gosec // G117: for the program that was asked for, and nobody else
		Issuer: given.Issuer, ClientID: given.ClientID, Code: given.Code.Reveal(),
		CodeVerifier: request.Verifier.Reveal(), RedirectURI: given.RedirectURI,
	})
	if err != nil {
		return nil, "", fmt.Errorf("encode ticket: %w", err)
	}
	return append(line, '\n'), given.ID, nil
}
