package cli

import (
	"context"
	"io"
	"time"

	"lanyard/app/local"
)

// Deps is what the command line needs of its program.
type Deps struct {
	// Connect reaches the running agent; fault AgentMissing where none runs.
	Connect func(ctx context.Context) (local.Service, error)
	// StartAgent starts a detached agent and may return before it listens.
	StartAgent func(ctx context.Context) error
	// RunAgent is the agent itself, in the foreground, until ctx ends.
	RunAgent func(ctx context.Context, tray bool) error
	// Doctor makes the checks without an agent, for when none can be started.
	Doctor func(ctx context.Context) local.Report

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// IsTerminal reports whether a person can be asked (standard input and error).
	IsTerminal func() bool
	// Env looks a variable up; nil is os.LookupEnv.
	Env     func(name string) (string, bool)
	Version string
	Now     func() time.Time
}

// Run runs one command line (without the program's name) and returns the exit code.
func Run(ctx context.Context, args []string, deps Deps) int { return 1 }
