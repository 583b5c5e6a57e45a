package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"lanyard/app/local"
	"lanyard/auth/words"
)

// askPatience bounds one question to the agent. Most are answered in a millisecond; a
// list of apps may have to come from the company.
const askPatience = 30 * time.Second

// Host is what a screen is given to work with.
type Host struct {
	Window  fyne.Window
	Lang    string    // "en" or "zh"
	Env     local.Env // for whatever the agent starts on behalf of this window
	Version string    // of this program
	// Go shows another screen; SetLang words all of them in another language ("" is the
	// system's).
	Go      func(name string)
	SetLang func(lang string)

	frame *Frame
}

// T returns the text of a key of the block "window".
func (h *Host) T(key string, facts ...string) string {
	return words.T(h.Lang, "window."+key, facts...)
}

// Ask calls the agent away from the window's goroutine and then, back on it, tells how
// it went. What is asked of an agent that has gone meanwhile fails as such.
func (h *Host) Ask(call func(ctx context.Context, svc local.Service) error, then func(err error)) {
	svc := h.frame.service
	h.frame.background(func() {
		ctx, cancel := context.WithTimeout(local.WithLang(h.frame.ctx, h.Lang), askPatience)
		defer cancel()
		err := call(ctx, svc)
		fyne.Do(func() { then(err) })
	})
}

// After calls f on the window's goroutine when d has passed, unless stop is called first.
func (h *Host) After(d time.Duration, f func()) (stop func()) {
	if h.frame.After != nil {
		return h.frame.After(d, f)
	}
	stopped := false
	timer := time.AfterFunc(d, func() {
		fyne.Do(func() {
			if !stopped {
				f()
			}
		})
	})
	return func() { stopped = true; timer.Stop() }
}

// Copy puts text on the clipboard.
func (h *Host) Copy(text string) { fyne.CurrentApp().Clipboard().SetContent(text) }
