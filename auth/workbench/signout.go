package workbench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// SignOut ends the agent's session at the server with every session that a launch made
// of it, or, everywhere, all sessions that the person has.
func (c *Client) SignOut(ctx context.Context, everywhere bool) error {
	body, err := json.Marshal(map[string]bool{"everywhere": everywhere})
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	res, err := c.do(ctx, http.MethodPost, "/v1/sign-out", http.Header{"Content-Type": {"application/json"}}, body, maxAnswer)
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	if res.status != http.StatusNoContent && res.status != http.StatusOK {
		return fmt.Errorf("sign out: %w", c.refusal(res))
	}
	return nil
}
