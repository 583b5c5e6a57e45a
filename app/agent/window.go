package agent

import (
	"context"

	"lanyard/app/local"
	"lanyard/auth"
)

// Window opens the window with that name. One that is open listens to Events and raises
// itself, so that there is never a second.
func (a *Agent) Window(ctx context.Context, name string, env local.Env) error {
	if a.cfg.OpenWindow == nil {
		return auth.Fail(auth.WindowMissing, nil, nil)
	}
	if a.cfg.Raising != nil {
		a.cfg.Raising()
	}
	a.mu.Lock()
	env = a.childEnv(env)
	a.wish, a.wishes = name, a.wishes+1
	a.announce()
	a.mu.Unlock()
	return a.cfg.OpenWindow(ctx, name, env)
}
