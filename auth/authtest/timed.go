package authtest

import (
	"context"
	"sync"
)

// Timed returns a context whose time is over (context.DeadlineExceeded) once expire was
// called, and not before a slow machine has done what was to come first.
func Timed(ctx context.Context) (limited context.Context, expire func()) {
	t := timed{ctx, make(chan struct{})}
	return t, sync.OnceFunc(func() { close(t.over) })
}

type timed struct {
	context.Context
	over chan struct{}
}

func (t timed) Done() <-chan struct{} { return t.over }

func (t timed) Err() error {
	select {
	case <-t.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
