// Command lanyard is the employee's program: the resident agent and, in the same
// file, the command line that asks it. It holds wiring only: app/agent decides,
// app/cli talks, app/local is between them, and what each of them needs of the
// operating system is found here and handed over.
//
// A command that finds no agent starts one, detached, from its own executable. The
// agent in the foreground is "lanyard" or "lanyard agent".
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/term"

	"lanyard/app/cli"
	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/auth"
)

// main runs on one core, unless GOMAXPROCS says otherwise: the agent waits nearly always,
// and each further one keeps free memory of its own, 1.4 MB on a computer with sixteen.
func main() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it; else the terminal is closed
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, desktop.WithLanguage(os.LookupEnv))
	stop()
	os.Exit(code)
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	p := &program{env: env, stderr: stderr}
	return cli.Run(ctx, args, cli.Deps{
		Connect: func(ctx context.Context) (local.Service, error) {
			paths, err := p.paths()
			if err != nil {
				return nil, err
			}
			return local.Dial(ctx, paths.State)
		},
		StartAgent: p.startAgent,
		RunAgent:   p.runAgent,
		Doctor:     p.doctor,
		Stdin:      stdin, Stdout: stdout, Stderr: stderr,
		IsTerminal: func() bool { return isTerminal(stdin) && isTerminal(stderr) },
		Size:       func() (columns, rows int) { return terminalSize(stderr) },
		Env:        env,
		Version:    auth.Version, Commit: auth.Commit(),
	})
}

// program is what the parts of one run share.
type program struct {
	env    func(string) (string, bool)
	stderr io.Writer
}

func (p *program) getenv(name string) string {
	v, _ := p.env(name)
	return v
}

// paths returns this user's folders, made if need be.
func (p *program) paths() (desktop.Paths, error) {
	paths, err := desktop.FindPaths(p.getenv)
	if err != nil {
		return paths, err
	}
	return paths, paths.Create()
}

// isTerminal reports whether a stream is a terminal: a person who can be asked.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a descriptor fits
}

// terminalSize is how much a terminal shows, in characters; zeros where a stream is none.
func terminalSize(stream any) (columns, rows int) {
	if !isTerminal(stream) {
		return 0, 0
	}
	columns, rows, err := term.GetSize(int(stream.(*os.File).Fd())) //nolint:gosec // a descriptor fits
	if err != nil {
		return 0, 0
	}
	return columns, rows
}
