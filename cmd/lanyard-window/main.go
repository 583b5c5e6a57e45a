// Command lanyard-window is the employee's window: one process, one window, in which a
// name selects the screen (sign-in, apps, settings). The agent starts it when a window is
// wanted and raises it through its events; it ends when it is closed. It holds wiring
// only: app/window follows the agent, its children are the screens, and no token is ever
// here.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/apps"
	"lanyard/app/window/settings"
	"lanyard/app/window/signin"
	"lanyard/app/window/theme"
	"lanyard/auth"
	"lanyard/auth/words"
)

// id is FyneApp.toml's.
const id = "io.lanyard.Lanyard"

// screens are the window's, by the names that the agent knows.
var screens = map[string]func(*window.Host) window.Screen{
	"sign-in":  func(h *window.Host) window.Screen { return signin.New(h) },
	"apps":     func(h *window.Host) window.Screen { return apps.New(h) },
	"settings": func(h *window.Host) window.Screen { return settings.New(h) },
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program; it returns the exit code: 0 when the window was closed, 1
// when it could not be shown, 2 for a wrong call.
func run(ctx context.Context, args []string, stderr io.Writer) (code int) {
	flags := flag.NewFlagSet("lanyard-window", flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("name", "apps", "the screen: sign-in, apps or settings")
	state := flags.String("state", "", "the agent's state folder")
	if err := flags.Parse(args); err != nil || *state == "" || screens[*name] == nil || flags.NArg() > 0 {
		if err == nil {
			flags.Usage()
		}
		return 2
	}
	dial := func(ctx context.Context) (window.Agent, error) { return local.Dial(ctx, *state) }
	agent, err := local.Dial(ctx, *state)
	if err != nil {
		m := words.Explain(err, os.Getenv("LANG"))
		fmt.Fprintln(stderr, m.Sentence, m.Hint)
		return 1
	}
	defer agent.Close()

	// Where there is no display, or one without OpenGL, GLFW panics: the agent is told by
	// the exit code, and whoever looks by a sentence.
	defer func() {
		if why := recover(); why != nil {
			m := words.ExplainFault(auth.WindowMissing, nil, os.Getenv("LANG"))
			fmt.Fprintln(stderr, m.Sentence, m.Hint, why)
			code = 1
		}
	}()
	// Without its migration flag Fyne checks at every call that it comes from the
	// right goroutine; the product's tests leave these checks on.
	app.SetMetadata(fyne.AppMetadata{
		ID: id, Name: words.Product, Version: auth.Version, Icon: theme.Icon,
		Migrations: map[string]bool{"fyneDo": os.Getenv("LANYARD_WINDOW_CHECK") == ""},
	})
	program := app.NewWithID(id)
	program.SetIcon(theme.Icon)
	program.Settings().SetTheme(theme.New(os.Getenv("LANYARD_THEME")))
	w := program.NewWindow(words.Product)
	w.Resize(fyne.NewSize(640, 600))
	w.CenterOnScreen()
	w.SetMaster()

	frame := &window.Frame{
		Window: w, Screens: screens, Dial: dial,
		Env: local.CallerEnv(os.LookupEnv), Version: auth.Version, SystemLang: words.Match(os.Getenv("LANG")),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	frame.Start(ctx, agent, *name)
	w.Show()
	go frame.Follow(ctx) // the agent takes a window that listens for one that is there
	context.AfterFunc(ctx, func() {
		fyne.Do(program.Quit)
		// A driver that is busy, or stuck in the display, must not keep a window whose end
		// was asked for; there is nothing in it to lose.
		time.Sleep(3 * time.Second)
		os.Exit(0)
	})
	program.Run()
	return 0
}
