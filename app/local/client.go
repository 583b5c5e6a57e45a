package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"lanyard/auth"
)

// helloTimeout is how long an agent may take for its first answer: it needs a millisecond,
// on a computer that is very busy a second. A variable for tests.
var helloTimeout = 5 * time.Second

// maxAnswer bounds an answer in JSON, and an icon.
const maxAnswer = 8 << 20

// Client asks a running agent; it implements [Service]. It is safe for use by
// several goroutines.
type Client struct {
	// Info is what the agent said of itself.
	Info Info

	transport http.Transport
	first     atomic.Pointer[net.Conn] // made by Dial, used by the first request
}

var _ Service = (*Client)(nil)

// Dial connects to the agent whose agent.json lies in the state folder dir; fault
// AgentMissing when nobody listens there, AgentSilent when it does not answer (a process
// that is stopped still has its connections made), NotPermitted when it is another user's.
func Dial(ctx context.Context, dir string) (*Client, error) {
	info, err := ReadInfo(dir)
	if err != nil {
		return nil, err
	}
	c := &Client{Info: info}
	ctx, cancel := context.WithTimeoutCause(ctx, helloTimeout,
		auth.Fail(auth.AgentSilent, auth.Args{"pid": strconv.Itoa(info.PID)}, nil))
	defer cancel()
	conn, err := dialAgent(ctx, info.Address)
	if err != nil {
		return nil, asFault(ctx, err)
	}
	c.first.Store(&conn)
	c.transport = http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if conn := c.first.Swap(nil); conn != nil {
				return *conn, nil
			}
			return dialAgent(ctx, info.Address)
		},
		DisableCompression: true,
		IdleConnTimeout:    idleTimeout / 2, // before the server's end
		ReadBufferSize:     4 << 10,
		WriteBufferSize:    4 << 10,
	}
	if err := c.hello(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// hello makes sure that somebody answers. Calls have no time limit of their own, as some of
// them wait for a person; "OPTIONS *" is answered by any HTTP server before it looks at
// anything (RFC 9110 section 9.3.7).
func (c *Client) hello(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodOptions, "http://"+apiHost, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.URL.Path = "*"
	answer, err := c.transport.RoundTrip(req)
	if err != nil {
		return asFault(ctx, err)
	}
	return answer.Body.Close()
}

// AgentVersion is the version of the agent that answers.
func (c *Client) AgentVersion() string { return c.Info.Version }

// Close gives the connections back. Calls under way go on.
func (c *Client) Close() {
	if conn := c.first.Swap(nil); conn != nil {
		_ = (*conn).Close()
	}
	c.transport.CloseIdleConnections()
}

// Raw returns the agent's answer to GET path as it came, with the fields that this
// build does not know.
func (c *Client) Raw(ctx context.Context, path string) ([]byte, error) {
	data, _, err := c.bytes(ctx, http.MethodGet, path, nil)
	return data, err
}

// call sends in, if not nil, and decodes the answer into out, if not nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	data, _, err := c.bytes(ctx, method, path, in)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return auth.Fail(auth.Internal, nil, fmt.Errorf("decode answer: %w", err))
	}
	return nil
}

// bytes sends in, if not nil, and returns the answer and its media type.
func (c *Client) bytes(ctx context.Context, method, path string, in any) ([]byte, string, error) {
	answer, err := c.send(ctx, method, path, in)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, "", asFault(ctx, err)
	}
	return data, answer.Header.Get("Content-Type"), nil
}

// send makes one request. An answer other than 2xx becomes its [Problem]; the body
// of any other is the caller's to close.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+apiHost+path, body)
	if err != nil {
		return nil, auth.Fail(auth.BadInput, nil, fmt.Errorf("make request: %w", err))
	}
	if lang := Lang(ctx); lang != "" {
		req.Header.Set("Accept-Language", lang)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// Not by an http.Client: there is no redirect to follow and no cookie to keep.
	answer, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, asFault(ctx, err)
	}
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	var p Problem
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&p); err != nil || p.Code == "" {
		return nil, auth.Fail(auth.Internal, nil, fmt.Errorf("agent answered %s", answer.Status))
	}
	return nil, &p
}

// asFault gives an error of the transport its fault: what this process refused stays
// as it is, the caller's own end stays the context's error, and anything else means
// that no agent is there (any more).
func asFault(ctx context.Context, err error) error {
	var fault *auth.Error
	switch {
	case errors.As(err, &fault):
		return fault
	case ctx.Err() != nil:
		return fmt.Errorf("ask agent: %w", context.Cause(ctx))
	}
	return auth.Fail(auth.AgentMissing, nil, err)
}

// segment escapes an id for use between two slashes; the dots of "." and ".." too,
// which a server would take for steps.
func segment(id string) string {
	if strings.Trim(id, ".") == "" {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}
