package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

// Deps is what the command line needs of its program.
type Deps struct {
	// Connect reaches the running agent; fault AgentMissing where none runs.
	Connect func(ctx context.Context) (local.Service, error)
	// StartAgent starts a detached agent and may return before it listens.
	StartAgent func(ctx context.Context) error
	// RunAgent is the agent itself, in the foreground, until ctx ends.
	RunAgent func(ctx context.Context, o AgentOptions) error
	// Doctor makes the checks without an agent, for when none can be started; nil
	// leaves that to the error.
	Doctor func(ctx context.Context) local.Report

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// IsTerminal reports whether a person can be asked (standard input and error);
	// nil means no.
	IsTerminal func() bool
	// Size is that of the terminal which standard error is, in characters; zeros, or nil,
	// when it is none.
	Size func() (columns, rows int)
	// Env looks a variable up; nil is os.LookupEnv.
	Env     func(name string) (string, bool)
	Version string
	Commit  string           // that the program was built of; empty where it does not know
	Now     func() time.Time // nil is time.Now
	// NewReference makes the number of an error that no agent has seen; nil is
	// auth.NewTrace.
	NewReference func() string
}

// AgentOptions say how the agent is to meet the person.
type AgentOptions struct {
	Tray bool // show the icon, where one can be shown
	// Welcome opens the sign-in window for somebody who has no account yet. An agent
	// that starts with the person's session never does.
	Welcome bool
}

// The exit codes. Scripts rely on them.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitSignIn   = 3
	exitDenied   = 4
	exitOffline  = 5
	exitNoAgent  = 6
	exitCanceled = 7
	exitLocked   = 8
)

func init() {
	// A start from the Windows Explorer would else wait and end with code 1.
	cobra.MousetrapHelpText = ""
}

// Run runs one command line (without the program's name) and returns the exit code.
func Run(ctx context.Context, args []string, deps Deps) int {
	c := newCLI(deps)
	defer c.close()
	root := c.root() //nolint:contextcheck // the commands take theirs from cobra
	if args == nil {
		args = []string{} // cobra takes nil for os.Args
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(local.WithLang(ctx, c.lang))
	if err == nil {
		return exitOK
	}
	if !c.running {
		c.showUsageError(cmd, err)
		return exitUsage
	}
	if !errors.Is(err, errShown) {
		c.showError(err)
	}
	return exitCode(err)
}

// exitCode returns the code that belongs to the kind of err.
func exitCode(err error) int {
	for _, row := range []struct {
		kind error
		code int
	}{
		{auth.ErrUsage, exitUsage},
		{auth.ErrSignInRequired, exitSignIn},
		{auth.ErrDenied, exitDenied},
		{auth.ErrOffline, exitOffline},
		{auth.ErrNoAgent, exitNoAgent},
		{auth.ErrLocked, exitLocked},
		{auth.ErrCanceled, exitCanceled},
		{context.Canceled, exitCanceled},
		{context.DeadlineExceeded, exitCanceled},
	} {
		if errors.Is(err, row.kind) {
			return row.code
		}
	}
	return exitFailed
}

// cli is one run.
type cli struct {
	Deps
	lang    string
	running bool // a command began: what fails now is no misuse
	service local.Service
	other   bool          // it is about another account than the current one
	typed   chan string   // what the person types, once it is read; see lines
	ended   chan struct{} // closed with the command
}

func newCLI(deps Deps) *cli {
	if deps.Env == nil {
		deps.Env = os.LookupEnv
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.NewReference == nil {
		deps.NewReference = auth.NewTrace
	}
	if deps.IsTerminal == nil {
		deps.IsTerminal = func() bool { return false }
	}
	if deps.Size == nil {
		deps.Size = func() (columns, rows int) { return 0, 0 }
	}
	return &cli{Deps: deps, lang: words.Match(locale(deps.Env)), ended: make(chan struct{})}
}

// locale returns the caller's locale in the order of POSIX (setlocale(3)).
func locale(env func(string) (string, bool)) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v, _ := env(name); v != "" {
			return v
		}
	}
	return ""
}

// callerEnv is what a browser that the agent starts needs of our environment.
func (c *cli) callerEnv() local.Env { return local.CallerEnv(c.Env) }

// close ends reading, and gives the connection back where the service is one.
func (c *cli) close() {
	close(c.ended)
	if conn, ok := c.service.(interface{ Close() }); ok {
		conn.Close()
	}
}
