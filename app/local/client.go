package local

import (
	"context"
	"errors"
)

// Client asks a running agent; it implements [Service].
type Client struct {
	Service
	// Lang is sent as Accept-Language.
	Lang string
	Info Info
}

// Dial connects to the agent whose agent.json lies in the state folder dir; fault
// AgentMissing when nobody listens there.
func Dial(ctx context.Context, dir string) (*Client, error) {
	return nil, errors.New("dial agent: not built")
}

// Close gives the connections back.
func (c *Client) Close() {}
