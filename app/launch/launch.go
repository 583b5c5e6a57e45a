package launch

import (
	"context"

	"lanyard/auth"
)

// Open opens the address in a browser and returns when the browser (or the
// system's opener) has started. env is what the child gets of its caller's
// environment (see local.Env); nil leaves the agent's own. The command is
// env's BROWSER, else browser (a person's setting), else the system's own way.
// Fault BrowserNotOpened when there is none or it fails to start.
func Open(ctx context.Context, address string, env map[string]string, browser string) error {
	return auth.Fail(auth.BrowserNotOpened, nil, nil)
}
