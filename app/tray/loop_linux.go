package tray

import (
	"context"
	"sync"

	"fyne.io/systray"

	"lanyard/auth/words"
)

// loop draws the first State, registers the icon, and follows the agent until ctx or the
// agent ends. The library loses what it is told while it registers (it reads icon and
// tooltip before it listens to changes of them, v1.12.2), so nothing is drawn meanwhile.
func (t *tray) loop(ctx context.Context) {
	systray.SetTitle(words.Product) // and with it the item's Id
	drawn, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t.follow(ctx, sync.OnceFunc(func() { close(drawn) }))
	}()
	<-drawn
	start, end := systray.RunWithExternalLoop(nil, nil)
	t.mu.Lock()
	start()
	t.mu.Unlock()
	<-ended
	// It panics where it found no bus to register on.
	defer func() { _ = recover() }()
	end()
}
