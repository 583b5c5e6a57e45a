package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"lanyard/auth"
)

// activatePath is where a server takes the codes of enterprises' own programs.
const activatePath = "/oauth/v1/activate"

// Activated is what a server gives for the code of an enterprise's own program.
type Activated struct {
	Code       auth.Secret // of the server's OpenID provider, for the desktop client
	Enterprise string      // the enterprise code that finds that provider
}

// Activates reports whether the server at an origin takes codes for an APPID. Ask before
// a code is sent anywhere: whoever gets it could use it up.
func Activates(ctx context.Context, client *http.Client, origin, appID string) (bool, error) {
	c := Client{HTTP: client, Issuer: origin}
	res, err := c.send(ctx, http.MethodGet, activatePath+"?app_id="+url.QueryEscape(appID), http.Header{"Accept": {"application/json"}}, nil, maxAnswer)
	if err != nil {
		return false, fmt.Errorf("ask for activation: %w", err)
	}
	switch {
	case res.status == http.StatusNotFound:
		return false, nil
	case res.status != http.StatusOK:
		return false, fmt.Errorf("ask for activation: %w", c.refusal(res))
	}
	if err := res.decode(&struct{}{}); err != nil {
		return false, fmt.Errorf("ask for activation: %w", answerNotData("activate", err))
	}
	return true, nil
}

// Activate hands a program's authorization code to the server at an origin. challenge is
// the PKCE S256 challenge of whoever will redeem what comes back, and its nonce.
//
// A code that is refused comes back as the fault that the server met, CodeUnknown for an
// APPID that it does not know.
func Activate(ctx context.Context, client *http.Client, origin, appID string, code auth.Secret, challenge string) (Activated, error) {
	c := Client{HTTP: client, Issuer: origin}
	body, err := json.Marshal(map[string]string{"app_id": appID, "code": code.Reveal(), "code_challenge": challenge})
	if err != nil {
		return Activated{}, fmt.Errorf("activate: %w", err)
	}
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	res, err := c.send(ctx, http.MethodPost, activatePath, header, body, maxAnswer)
	if err != nil {
		return Activated{}, fmt.Errorf("activate: %w", err)
	}
	if res.status != http.StatusOK {
		return Activated{}, fmt.Errorf("activate: %w", c.activationRefusal(res, appID))
	}
	var answer struct {
		Code       auth.Secret `json:"code"`
		Enterprise string      `json:"enterprise"`
	}
	if err := res.decode(&answer); err != nil {
		return Activated{}, fmt.Errorf("activate: %w", answerNotData("activate", err))
	}
	if answer.Code.IsZero() || answer.Enterprise == "" {
		return Activated{}, fmt.Errorf("activate: %w", answerNotData("activate", errors.New("no code or enterprise")))
	}
	return Activated{Code: answer.Code, Enterprise: answer.Enterprise}, nil
}

// activationFaults are those that a server may name; any other word of it is a failure.
var activationFaults = []auth.Fault{
	auth.SignInDenied, auth.SignInWrongCompany, auth.AccessEnded, auth.EnterpriseMisconfig,
	auth.ProviderSecret, auth.ProviderFailed, auth.FieldMissing, auth.AnswerNotData,
}

func (c *Client) activationRefusal(res result, appID string) error {
	cause := fmt.Errorf("status %d", res.status)
	if res.status == http.StatusNotFound {
		return auth.Fail(auth.CodeUnknown, auth.Args{"code": appID}, cause)
	}
	var said struct {
		Description string `json:"error_description"`
	}
	if res.status == http.StatusBadRequest && res.decode(&said) == nil {
		for _, f := range activationFaults {
			if said.Description == string(f) {
				return auth.Fail(f, auth.Args{"stage": "activate"}, cause)
			}
		}
	}
	if res.status < http.StatusInternalServerError && res.status != http.StatusTooManyRequests {
		return auth.Fail(auth.ProviderFailed, auth.Args{"stage": "activate"}, cause)
	}
	return auth.Fail(auth.ProviderUnreachable, auth.Args{"host": c.host()}, cause)
}
