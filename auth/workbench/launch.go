package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard/auth"
)

// Link is a one-time launch link, and the key that proves whose launch it is.
type Link struct {
	ID        string
	URL       auth.Secret
	Key       auth.Secret
	ExpiresAt time.Time
}

// Ticket lets a program of this computer sign in by itself, once: it redeems Code at
// Issuer as ClientID, with the verifier of the challenge that was asked with.
type Ticket struct {
	ID          string // of the opening
	Issuer      string
	ClientID    string
	Code        auth.Secret
	RedirectURI string
	ExpiresAt   time.Time
}

// Launch asks for a launch link for one app. The agent answers the browser on port for
// this nonce; port 0 says that it cannot.
//
// Beside the faults of every question it returns AppUnknown, and AppNotYours where the
// company has not given the person the app, with the server's number of that as its
// argument reference.
func (c *Client) Launch(ctx context.Context, app string, port int, nonce string) (Link, error) {
	var answer struct {
		ID        string      `json:"id"`
		URL       auth.Secret `json:"url"`
		Key       auth.Secret `json:"key"`
		ExpiresAt time.Time   `json:"expires_at"`
	}
	if err := c.launch(ctx, app, map[string]any{"app": app, "port": port, "nonce": nonce}, &answer); err != nil {
		return Link{}, err
	}
	// The browser opens what comes back here, so it must be the issuer's own.
	if !strings.HasPrefix(answer.URL.Reveal(), c.Issuer+"/launch/") {
		return Link{}, fmt.Errorf("ask for launch: %w", answerNotData("launch", errors.New("link leads elsewhere")))
	}
	if answer.ID == "" || answer.Key.IsZero() {
		return Link{}, fmt.Errorf("ask for launch: %w", answerNotData("launch", errors.New("no id or key")))
	}
	return Link{ID: answer.ID, URL: answer.URL, Key: answer.Key, ExpiresAt: answer.ExpiresAt}, nil
}

// LaunchNative asks for a ticket for an app that is a program of this computer. challenge
// is the PKCE S256 challenge of the verifier that the program will be given. The faults
// are Launch's.
func (c *Client) LaunchNative(ctx context.Context, app, challenge string) (Ticket, error) {
	var answer struct {
		ID          string      `json:"id"`
		Issuer      string      `json:"issuer"`
		ClientID    string      `json:"client_id"`
		Code        auth.Secret `json:"code"`
		RedirectURI string      `json:"redirect_uri"`
		ExpiresAt   time.Time   `json:"expires_at"`
	}
	if err := c.launch(ctx, app, map[string]any{"app": app, "challenge": challenge}, &answer); err != nil {
		return Ticket{}, err
	}
	if answer.Issuer != c.Issuer || answer.ID == "" || answer.ClientID == "" || answer.Code.IsZero() {
		return Ticket{}, fmt.Errorf("ask for launch: %w", answerNotData("launch", errors.New("no ticket of this issuer")))
	}
	return Ticket(answer), nil
}

// launch asks for one of the kinds of launch.
func (c *Client) launch(ctx context.Context, app string, wish map[string]any, answer any) error {
	body, err := json.Marshal(wish)
	if err != nil {
		return fmt.Errorf("ask for launch: %w", err)
	}
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	res, err := c.do(ctx, http.MethodPost, "/v1/launches", header, body, maxAnswer)
	if err != nil {
		return fmt.Errorf("ask for launch: %w", err)
	}
	switch {
	case res.status == http.StatusCreated:
	case res.says(auth.AppNotYours):
		return fmt.Errorf("ask for launch: %w", auth.Fail(auth.AppNotYours, auth.Args{"app": app, "reference": res.reference()}, nil))
	case res.status == http.StatusNotFound:
		return fmt.Errorf("ask for launch: %w", auth.Fail(auth.AppUnknown, auth.Args{"app": app}, nil))
	default:
		return fmt.Errorf("ask for launch: %w", c.refusal(res))
	}
	if err := res.decode(answer); err != nil {
		return fmt.Errorf("ask for launch: %w", answerNotData("launch", err))
	}
	return nil
}

// Asked says of an opening that the app asked the person to sign in. One that the server
// has forgotten is fault AppUnknown.
func (c *Client) Asked(ctx context.Context, opening string) error {
	res, err := c.do(ctx, http.MethodPost, "/v1/openings/"+url.PathEscape(opening)+"/asked", http.Header{}, nil, maxAnswer)
	if err != nil {
		return fmt.Errorf("report opening: %w", err)
	}
	switch res.status {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusNotFound:
		return fmt.Errorf("report opening: %w", auth.Fail(auth.AppUnknown, nil, nil))
	}
	return fmt.Errorf("report opening: %w", c.refusal(res))
}
