package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"lanyard/app/local"
	"lanyard/auth/words"
)

// Screen is one screen of the window. Its methods are called on the window's goroutine.
type Screen interface {
	// Title stands in the window's title bar.
	Title() string
	// Content is the screen's widgets; it is always the same object.
	Content() fyne.CanvasObject
	// Show brings the screen up to date. It is called when the screen comes to the front
	// and with each new State while it is there.
	Show(s local.State)
	// Focus puts the keyboard where one types first.
	Focus()
	// Key is a key that no widget has taken.
	Key(key *fyne.KeyEvent)
	// Hidden says that another screen is in front now.
	Hidden()
}

// Agent is a running agent as the window reaches it.
type Agent interface {
	local.Service
	Close()
}

// redial is how long the window waits before it looks again for an agent that has gone.
const redial = 250 * time.Millisecond

// Frame is the one window of this process.
type Frame struct {
	Window fyne.Window
	// Screens makes each screen, by its name; made again when the language changes.
	Screens map[string]func(*Host) Screen
	// Dial finds the agent.
	Dial func(ctx context.Context) (Agent, error)
	// Env and Version are for the Host; SystemLang is the language of the system.
	Env        local.Env
	Version    string
	SystemLang string
	// Background runs what waits, nil is a goroutine of its own; After calls f when d has
	// passed, nil is a timer. Tests run things at once, or when they like.
	Background func(work func())
	After      func(d time.Duration, f func()) (stop func())

	ctx     context.Context //nolint:containedctx // the window's life, for what widgets start
	service local.Service
	lang    string
	name    string // of the screen in front
	built   map[string]Screen
	icons   icons
	state   *local.State
	gone    bool
}

// Start shows the screen with that name, before the window itself is shown. svc is the
// agent as first reached; ctx is the window's life.
func (f *Frame) Start(ctx context.Context, svc local.Service, name string) {
	f.ctx, f.service, f.lang = ctx, svc, f.SystemLang
	f.built, f.icons = map[string]Screen{}, icons{}
	ask, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if settings, err := svc.Settings(ask); err == nil {
		f.setLang(settings.Language)
	}
	if state, err := svc.State(ask); err == nil {
		f.state = &state
	}
	f.Window.Canvas().SetOnTypedKey(func(key *fyne.KeyEvent) {
		if !f.gone {
			f.built[f.name].Key(key)
		} else if IsEnter(key) || key.Name == fyne.KeyEscape {
			f.Window.Close()
		}
	})
	f.show(name)
}

// Follow hears the agent until ctx ends. When the agent goes away the window says so, and
// goes on when there is one again.
func (f *Frame) Follow(ctx context.Context) {
	for first := true; ctx.Err() == nil; first = false {
		agent, err := f.Dial(ctx)
		if err == nil {
			_ = agent.Events(local.AsWindow(ctx), func(e local.Event) error {
				fyne.Do(func() { f.back(agent); f.Hear(e) })
				return nil
			})
			agent.Close()
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil || first {
			fyne.Do(f.lost)
		}
		select {
		case <-ctx.Done():
		case <-time.After(redial):
		}
	}
}

// Hear takes one event, on the window's goroutine.
func (f *Frame) Hear(e local.Event) {
	switch {
	case e.State != nil:
		f.state = e.State
		f.built[f.name].Show(*f.state)
	case e.Window != "":
		f.show(e.Window)
		f.Window.RequestFocus()
	}
}

// back takes the agent that speaks.
func (f *Frame) back(svc local.Service) {
	f.service = svc
	if f.gone {
		f.gone = false
		f.show(f.name)
	}
}

// lost says that there is no agent any more.
func (f *Frame) lost() {
	f.gone = true
	f.built[f.name].Hidden()
	title, content := goneContent(f.host(), f.Window.Close)
	f.Window.SetTitle(title)
	f.Window.SetContent(content)
}

// show brings a screen to the front. A name of a newer agent shows what there is.
func (f *Frame) show(name string) {
	if f.Screens[name] == nil {
		name = "apps"
	}
	if old := f.built[f.name]; old != nil && f.name != name {
		old.Hidden()
	}
	if f.built[name] == nil {
		f.built[name] = f.Screens[name](f.host())
	}
	f.name = name
	if f.gone {
		return // shown when there is an agent again
	}
	screen := f.built[name]
	f.Window.SetTitle(screen.Title() + " – " + f.product())
	f.Window.SetContent(screen.Content())
	if f.state != nil {
		screen.Show(*f.state)
	}
	screen.Focus()
}

// setLang words everything in another language: a person's choice, or the system's.
func (f *Frame) setLang(choice string) {
	lang := f.SystemLang
	if choice != "" {
		lang = choice
	}
	if lang = words.Match(lang); lang == f.lang {
		return
	}
	f.lang = lang
	if old := f.built[f.name]; old != nil {
		old.Hidden()
		f.built = map[string]Screen{}
		f.show(f.name)
	}
}

func (f *Frame) host() *Host {
	return &Host{
		Window: f.Window, Lang: f.lang, Env: f.Env, Version: f.Version,
		Go: f.show, SetLang: f.setLang, frame: f,
	}
}

func (f *Frame) product() string {
	if f.lang == words.Chinese {
		return words.ProductZH
	}
	return words.Product
}

func (f *Frame) background(work func()) {
	if f.Background != nil {
		f.Background(work)
		return
	}
	go work()
}
