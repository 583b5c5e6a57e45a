package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"lanyard/app/doctor"
	"lanyard/app/local"
	"lanyard/auth/words"
)

// doctor shows what the agent's checks found, or this process's own where no agent
// can be reached, whatever the reason: that is when they are wanted most.
func (c *cli) doctor(ctx context.Context, asJSON bool) error {
	svc, missing := c.agent(ctx)
	ask := func() (any, error) { return svc.Doctor(ctx) }
	switch {
	case missing != nil && c.Doctor != nil && ctx.Err() == nil:
		c.showError(missing)
		svc, ask = nil, func() (any, error) { return c.Doctor(ctx), nil }
	case missing != nil:
		return missing
	}
	data, err := answerJSON(ctx, svc, "/v1/doctor", ask)
	if err != nil {
		return err
	}
	var report local.Report
	if err := json.Unmarshal(data, &report); err != nil {
		return fmt.Errorf("decode report: %w", err)
	}
	if asJSON {
		c.raw(data)
	} else {
		c.showReport(report)
	}
	if missing != nil {
		return fmt.Errorf("%w: %w", errShown, missing)
	}
	for _, check := range report.Checks {
		if check.Status == doctor.Fail {
			return errShown
		}
	}
	return nil
}

func (c *cli) showReport(r local.Report) {
	rows := make([][]string, 0, len(r.Checks))
	for _, check := range r.Checks {
		rows = append(rows, []string{
			c.known("doctor.status.", check.Status),
			c.known("doctor.name.", check.Name),
			plain(words.Follow(check.Detail, check.Hint)),
		})
	}
	c.table(rows)
}

// known returns the text of a name, or the name itself where a newer agent made it.
func (c *cli) known(block, name string) string {
	if text := words.T(c.lang, block+name); text != block+name {
		return text
	}
	return plain(name)
}
