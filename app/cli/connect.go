package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
)

const (
	// startTimeout is from "start an agent" to its answer: a busy machine's time, and the
	// 10 s that an agent waits for one that is ending.
	startTimeout = 15 * time.Second
	startStep    = 10 * time.Millisecond // between two looks whether it listens
	quitTimeout  = 5 * time.Second       // from "quit" to its end
)

// agent returns the running agent, after it started one where there was none. An
// agent of an older version is asked to restart itself first; it refuses while a
// sign-in runs or where that would sign the person out, and then serves as it is.
func (c *cli) agent(ctx context.Context) (local.Service, error) {
	svc, err := c.Connect(ctx)
	if err == nil && c.newerThan(svc) && svc.Quit(ctx, true) == nil {
		awaitEnd(ctx, svc)
		err = auth.Fail(auth.AgentMissing, nil, nil)
	}
	if errors.Is(err, auth.AgentMissing) {
		svc, err = c.start(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.service = svc
	return svc, nil
}

// runningAgent returns the agent that runs; fault AgentMissing where there is none.
func (c *cli) runningAgent(ctx context.Context) (local.Service, error) {
	svc, err := c.Connect(ctx)
	if err == nil {
		c.service = svc
	}
	return svc, err
}

// start starts an agent and watches for it to listen. Somebody else's that was
// quicker will do.
func (c *cli) start(ctx context.Context) (local.Service, error) {
	if err := c.StartAgent(ctx); err != nil {
		if fault, args := auth.FaultOf(err); fault == auth.DiskFull { // says why none runs
			return nil, auth.Fail(fault, args, auth.Fail(auth.AgentMissing, nil, err))
		}
		return nil, auth.Fail(auth.AgentMissing, nil, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, auth.Fail(auth.AgentMissing, nil, nil))
	defer cancel()
	look := time.NewTicker(startStep)
	defer look.Stop()
	for {
		svc, err := c.Connect(ctx)
		if err == nil || !errors.Is(err, auth.AgentMissing) && ctx.Err() == nil {
			return svc, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-look.C:
		}
	}
}

// newerThan reports whether this program is of a later version than the agent.
func (c *cli) newerThan(svc local.Service) bool {
	agent, ok := svc.(interface{ AgentVersion() string })
	return ok && later(c.Version, agent.AgentVersion())
}

// later compares versions such as "1.10.2"; what is none (a build of a developer) is
// never later, nor is anything later than it.
func later(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	if len(as) != 3 || len(bs) != 3 {
		return false
	}
	for i := range as {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if errX != nil || errY != nil {
			return false
		}
		if x != y {
			return x > y
		}
	}
	return false
}

// awaitEnd returns when an agent that was asked to quit has gone, which its event
// stream tells, or after quitTimeout.
func awaitEnd(ctx context.Context, svc local.Service) {
	ctx, cancel := context.WithTimeout(ctx, quitTimeout)
	defer cancel()
	_ = svc.Events(ctx, func(local.Event) error { return nil }) // ends by an error in any case
}
