//go:build !linux && (!darwin || cgo)

package tray

import (
	"context"
	"sync"

	"fyne.io/systray"
)

// loop runs the system's own loop, and in it follows the agent until ctx or the agent
// ends.
func (t *tray) loop(ctx context.Context) {
	ended := make(chan struct{})
	systray.Run(func() {
		drawn := make(chan struct{})
		go func() {
			defer close(ended)
			t.follow(ctx, sync.OnceFunc(func() { close(drawn) }))
			systray.Quit()
		}()
		<-drawn
	}, nil)
	<-ended
}
