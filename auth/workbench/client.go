package workbench

import (
	"context"
	"errors"
	"net/http"
	"time"

	"lanyard/auth"
)

// Client asks one issuer for one person's apps.
type Client struct {
	HTTP   *http.Client
	Issuer string
	Token  func(ctx context.Context) (auth.Secret, error)
}

// Link is a one-time launch link and the key that proves whose launch it is.
type Link struct {
	ID        string
	URL       auth.Secret
	Key       auth.Secret
	ExpiresAt time.Time
}

// Apps returns the person's apps.
func (c *Client) Apps(ctx context.Context, etag string) (apps []auth.App, newETag string, notModified bool, err error) {
	return nil, "", false, errors.New("ask for apps: not built")
}

// Icon returns a picture and its media type.
func (c *Client) Icon(ctx context.Context, sha string) (data []byte, mediaType string, err error) {
	return nil, "", errors.New("ask for icon: not built")
}

// Launch asks for a launch link.
func (c *Client) Launch(ctx context.Context, app string, port int, nonce string) (Link, error) {
	return Link{}, errors.New("ask for launch: not built")
}
