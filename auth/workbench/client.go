package workbench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"lanyard/auth"
)

const (
	maxAnswer = 1 << 20   // a list of some thousand apps
	maxIcon   = 256 << 10 // a picture of 512 × 512
)

// Client asks the server of one issuer for one person's apps. All its errors carry a
// fault: auth.ErrSignInRequired where the token is not taken, auth.ErrOffline where the
// server cannot be reached or is busy.
type Client struct {
	// HTTP has a timeout; connector.NewHTTPClient makes one.
	HTTP   *http.Client
	Issuer string
	// Token gives an access token for each request (session.Session.Token).
	Token func(ctx context.Context) (auth.Secret, error)
}

// Apps returns the person's apps. With the ETag of an earlier answer it may report
// notModified instead: the earlier list holds.
func (c *Client) Apps(ctx context.Context, etag string) (apps []auth.App, newETag string, notModified bool, err error) {
	header := http.Header{"Accept": {"application/json"}}
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	res, err := c.do(ctx, http.MethodGet, "/v1/apps", header, nil, maxAnswer)
	if err != nil {
		return nil, "", false, fmt.Errorf("ask for apps: %w", err)
	}
	switch res.status {
	case http.StatusNotModified:
		if etag == "" {
			return nil, "", false, fmt.Errorf("ask for apps: %w", answerNotData("apps", errors.New("not modified, but nothing was named")))
		}
		return nil, etag, true, nil
	case http.StatusOK:
	default:
		return nil, "", false, fmt.Errorf("ask for apps: %w", c.refusal(res))
	}
	var body struct {
		Apps []auth.App `json:"apps"`
	}
	if err := res.decode(&body); err != nil {
		return nil, "", false, fmt.Errorf("ask for apps: %w", answerNotData("apps", err))
	}
	return body.Apps, res.header.Get("ETag"), false, nil
}

// Icon returns the picture whose SHA-256 (hex) is sha, checked, and its media type,
// which comes from the bytes themselves: PNG, JPEG, GIF or WebP.
func (c *Client) Icon(ctx context.Context, sha string) (data []byte, mediaType string, err error) {
	want, err := hex.DecodeString(sha)
	if err != nil || len(want) != sha256.Size {
		return nil, "", fmt.Errorf("ask for icon: %w", auth.Fail(auth.BadInput, nil, errors.New("not a SHA-256 in hex")))
	}
	path := "/v1/icons/" + hex.EncodeToString(want)
	res, err := c.do(ctx, http.MethodGet, path, http.Header{"Accept": {"image/*"}}, nil, maxIcon)
	if err != nil {
		return nil, "", fmt.Errorf("ask for icon: %w", err)
	}
	if res.status != http.StatusOK {
		return nil, "", fmt.Errorf("ask for icon: %w", c.refusal(res))
	}
	if got := sha256.Sum256(res.body); !bytes.Equal(got[:], want) {
		return nil, "", fmt.Errorf("ask for icon: %w", answerNotData("icon", errors.New("not the picture that was asked for")))
	}
	switch mediaType = http.DetectContentType(res.body); mediaType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return res.body, mediaType, nil
	}
	return nil, "", fmt.Errorf("ask for icon: %w", answerNotData("icon", fmt.Errorf("media type %s", mediaType)))
}

// result is one whole answer.
type result struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request with the access token and reads at most limit bytes back.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body []byte, limit int64) (result, error) {
	token, err := c.Token(ctx)
	if err != nil {
		return result{}, err
	}
	header.Set("Authorization", "Bearer "+token.Reveal()) // RFC 6750 section 2.1
	return c.send(ctx, method, path, header, body, limit)
}

// send is do without an access token.
func (c *Client) send(ctx context.Context, method, path string, header http.Header, body []byte, limit int64) (result, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Issuer+path, bytes.NewReader(body))
	if err != nil {
		return result{}, auth.Fail(auth.EnterpriseMisconfig, nil, errors.New("issuer is no address"))
	}
	req.Header = header
	res, err := c.HTTP.Do(req)
	if err != nil {
		return result{}, c.unreachable(ctx, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return result{}, c.unreachable(ctx, err)
	}
	if int64(len(data)) > limit {
		return result{}, answerNotData(strings.TrimPrefix(path, "/v1/"), fmt.Errorf("answer larger than %d bytes", limit))
	}
	return result{res.StatusCode, res.Header, data}, nil
}

// unreachable tells a caller that gave up from a server that does not answer.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	// url.Error quotes the address; its cause says enough.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return auth.Fail(auth.ProviderUnreachable, auth.Args{"host": c.host()}, err)
}

// refusal turns a status that nobody wanted into a fault.
func (c *Client) refusal(res result) error {
	cause := fmt.Errorf("status %d", res.status)
	switch {
	case res.status == http.StatusUnauthorized,
		res.says(auth.SignInRequired): // a good token of somebody who has to prove themselves anew
		return auth.Fail(auth.SignInRequired, nil, cause)
	case res.says(auth.AppNotYours):
		return auth.Fail(auth.AppNotYours, nil, cause)
	case res.status == http.StatusForbidden:
		return auth.Fail(auth.NotPermitted, nil, cause)
	case res.status == http.StatusNotFound:
		return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": "no apps are served at " + c.host()}, cause)
	case res.status == http.StatusTooManyRequests || res.status >= http.StatusInternalServerError:
		return auth.Fail(auth.ProviderUnreachable, auth.Args{"host": c.host()}, cause)
	}
	return auth.Fail(auth.ProviderFailed, auth.Args{"stage": "apps"}, cause)
}

func (c *Client) host() string {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return ""
	}
	return u.Host
}

// decode reads a JSON object, and only where the server says that it is one: a captive
// portal's page is not.
func (r result) decode(into any) error {
	mediaType, _, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return errors.New("not JSON")
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return errors.New("not the JSON that was expected") // the cause may quote it
	}
	return nil
}

// refused is what a refusal says.
type refused struct {
	Error auth.Fault `json:"error"`
	// Reference is the number under which the company's admin finds it.
	Reference string `json:"reference"`
}

// says reports whether a refusal names that fault.
func (r result) says(fault auth.Fault) bool {
	var said refused
	return r.status >= http.StatusBadRequest && r.decode(&said) == nil && said.Error == fault
}

// reference is the number that a refusal gives, "" without one.
func (r result) reference() string {
	var said refused
	if r.decode(&said) != nil || !auth.ValidTrace(said.Reference) {
		return ""
	}
	return said.Reference
}

func answerNotData(stage string, cause error) error {
	return auth.Fail(auth.AnswerNotData, auth.Args{"stage": stage}, cause)
}
