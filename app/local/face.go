package local

import "context"

type windowKey struct{}

// AsWindow makes ctx say that whoever listens to Events with it is a window, which can
// raise itself; see [Server.HasWindow]. An agent that is older takes no notice.
func AsWindow(ctx context.Context) context.Context {
	return context.WithValue(ctx, windowKey{}, true)
}

func isWindow(ctx context.Context) bool { return ctx.Value(windowKey{}) != nil }

// asWindow is the query by which [AsWindow] travels.
const asWindow = "as=window"

// HasWindow reports whether a window listens to Events, also one that was there before
// this agent: it raises itself, and a second one is not needed.
func (s *Server) HasWindow() bool { return s.windows.Load() > 0 }
