package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lanyard/app/agent"
	"lanyard/app/cli"
	"lanyard/app/desktop"
	"lanyard/app/doctor"
	"lanyard/app/launch"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/vault"
	"lanyard/auth/words"
)

// runAgent is the agent in the foreground until ctx ends or somebody quits.
func (p *program) runAgent(ctx context.Context, o cli.AgentOptions) error {
	paths, err := p.paths()
	if err != nil {
		return err
	}
	lock, err := takeLock(ctx, paths.State)
	if err != nil {
		return err
	}
	restart, err := p.serve(ctx, paths, o)
	if unlock := lock.Unlock(); err == nil {
		err = unlock
	}
	if err == nil && restart {
		err = p.startAgentWith(context.WithoutCancel(ctx), o.Tray)
	}
	return err
}

const (
	lockPatience = 10 * time.Second
	lockStep     = 20 * time.Millisecond
)

// takeLock takes the instance lock. One that an answering agent holds is fault
// AlreadyRuns; one whose holder no longer listens is about to be free, and waited for.
func takeLock(ctx context.Context, dir string) (*desktop.InstanceLock, error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		lock, err := desktop.Lock(dir)
		if !errors.Is(err, desktop.ErrHeld) {
			return lock, err
		}
		switch running, dialErr := local.Dial(ctx, dir); {
		case dialErr == nil:
			running.Close()
			return nil, auth.Fail(auth.AlreadyRuns, nil, err)
		case errors.Is(dialErr, auth.AgentSilent):
			return nil, dialErr
		}
		select {
		case <-ctx.Done():
			return nil, auth.Fail(auth.AlreadyRuns, nil, err)
		case <-time.After(lockStep):
		}
	}
}

// serve makes the agent, puts it behind its socket, and runs it. The socket comes
// first: whoever started us waits for it, and everything slow can come later. The icon
// has the goroutine that serve is called on, which is the main one, as macOS demands.
func (p *program) serve(ctx context.Context, paths desktop.Paths, o cli.AgentOptions) (restart bool, err error) {
	listener, err := local.Listen(paths.Runtime) //nolint:contextcheck // binding a socket does not wait
	if err != nil {
		return false, err
	}
	defer listener.Close()
	logs, err := openLog(filepath.Join(paths.Logs, "agent.log"))
	if err != nil {
		return false, err
	}
	defer logs.Close()
	ring := &agent.Ring{}
	logger := slog.New(agent.LogHandler(p.logLevel(), ring, logs))
	defer func() {
		if err != nil { // who started us with the session sees nothing else
			logger.Error("agent failed", "err", err)
		}
	}()
	if err := desktop.Harden(); err != nil {
		logger.Warn("core dumps not prevented", "err", err)
	}
	cfg, err := p.config(paths, logger)
	if err != nil {
		return false, err
	}
	shown := newWindows(paths, logger)
	if p.getenv("LANYARD_HOME") != "" {
		shown.folders = []string{"XDG_CONFIG_HOME=" + paths.Config, "XDG_CACHE_HOME=" + filepath.Join(paths.State, "cache")}
	}
	cfg.Ring, cfg.OpenWindow, cfg.Raising = ring, shown.open, shown.allow
	info := local.Info{PID: os.Getpid(), Address: listener.Addr().String(), Version: auth.Version}
	cfg.Ending = func() {
		if err := local.RemoveInfo(paths.State, info); err != nil {
			logger.Warn("agent.json not removed", "err", err)
		}
	}
	core, err := agent.New(cfg)
	if err != nil {
		return false, err
	}
	if err := local.WriteInfo(paths.State, info); err != nil {
		return false, err
	}
	logger.Info("agent started", "version", auth.Version, "pid", info.PID)

	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	served := make(chan error, 1)
	server := local.Server{Service: core, Explain: explain, Logger: logger}
	shown.listens = server.HasWindow
	go func() { served <- server.Serve(serving, listener) }()
	ended := make(chan bool, 1)
	go func() { ended <- core.Run(ctx) }()
	if o.Welcome {
		go p.welcome(serving, core)
	}
	if o.Tray {
		p.showTray(ctx, core, logger)
	}
	restart = <-ended
	stop()
	err = <-served
	logger.Info("agent ended", "pid", info.PID)
	return restart, err
}

// config is what this computer, its policy and its environment say.
func (p *program) config(paths desktop.Paths, logger *slog.Logger) (agent.Config, error) {
	policy, err := desktop.ReadPolicy()
	if err != nil {
		return agent.Config{}, err
	}
	cfg := agent.Config{
		Version: auth.Version, Dir: paths.State, HTTP: agent.NewHTTPClient(), Keyring: keyringOf(policy, paths),
		Pins: policy.Pins, ManagedBy: policy.ManagedBy, Code: policy.Code,
		Env: local.CallerEnv(p.env), Open: launch.Open, Start: startProgram, Watch: desktop.Watch,
		Probes: p.probes(), Logger: logger,
	}
	if cfg.Native, err = programs(policy); err != nil {
		return agent.Config{}, err
	}
	if cfg.Device, err = os.Hostname(); err != nil {
		logger.Info("no name for this computer", "err", err)
	}
	for _, origin := range []string{policy.Directory, p.getenv("LANYARD_DIRECTORY")} {
		if origin != "" {
			cfg.Directories = append(cfg.Directories, strings.TrimSuffix(origin, "/"))
		}
	}
	if self, err := executable(); err == nil {
		cfg.Autostart = desktop.Autostart{
			Name: paths.Name("lanyard"), Title: words.Product, Command: []string{self, "agent"},
		}
	}
	return cfg, nil
}

// programs are what apps may start here, as the policy says.
func programs(policy desktop.Policy) ([]launch.Program, error) {
	var all []launch.Program
	for _, n := range policy.Native {
		p := launch.Program{ID: n.ID, Path: n.Path, Args: n.Args, Scheme: n.Scheme}
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		all = append(all, p)
	}
	return all, nil
}

func startProgram(ctx context.Context, program launch.Program, line []byte, env map[string]string) error {
	return program.Start(ctx, line, env)
}

// doctor makes the checks without an agent.
func (p *program) doctor(ctx context.Context) local.Report {
	paths, err := p.paths()
	if err != nil {
		return local.Report{Checks: []local.Check{{Name: doctor.Disk, Status: doctor.Fail, Detail: err.Error()}}}
	}
	probes := p.probes()
	probes.Lang, probes.StateDir, probes.HTTP = p.lang(), paths.State, agent.NewHTTPClient()
	policy, wrong := desktop.ReadPolicy()
	probes.Address = cmp.Or(policy.Directory, p.getenv("LANYARD_DIRECTORY"))
	keyring := keyringOf(policy, paths)
	probes.Keyring = func(ctx context.Context) error {
		_, err := keyring.Get(ctx)
		if errors.Is(err, auth.ErrNotFound) {
			return nil
		}
		return err
	}
	report := doctor.Run(ctx, probes)
	if wrong != nil { // which alone keeps an agent from starting
		report.Checks = append(report.Checks, local.Check{Name: "policy", Status: doctor.Fail, Detail: wrong.Error()})
	}
	return report
}

// keyringOf is the password store that a policy wants.
func keyringOf(policy desktop.Policy, paths desktop.Paths) vault.Keyring {
	if policy.NoKeyring {
		return vault.NoKeyring{}
	}
	return vault.OSKeyring(paths.Name("vault"))
}

// probes are the checks that need nothing of an agent.
func (p *program) probes() doctor.Probes {
	probes := doctor.Probes{
		SessionBus: func() bool { return desktop.HasSessionBus(p.getenv) },
		Browser:    func() error { return launch.Available(local.CallerEnv(p.env), "") },
		Getenv:     p.getenv, Now: time.Now,
	}
	if p.iconPossible() {
		probes.TrayHost = func(ctx context.Context) bool {
			shown, err := desktop.TrayHost(ctx)
			return err == nil && shown
		}
	}
	return probes
}

func (p *program) lang() string { return words.Match(p.getenv("LANG")) }

// logLevel is Info, or what LANYARD_LOG says (debug, info, warn, error).
func (p *program) logLevel() slog.Level {
	level := slog.LevelInfo
	_ = level.UnmarshalText([]byte(p.getenv("LANYARD_LOG"))) // anything else stays Info
	return level
}

// explain words an error of the local API.
func explain(err error, lang string) *local.Problem {
	fault, args := auth.FaultOf(err)
	m := words.ExplainFault(fault, args, words.Match(lang))
	return &local.Problem{Code: fault, Title: m.Title, Sentence: m.Sentence, Hint: m.Hint, Args: args}
}

// maxLog is the size at which the log file begins anew; one old file is kept.
const maxLog = 1 << 20

// logFile is the agent's log on disk.
type logFile struct {
	path string
	file *os.File
	size int64
}

func openLog(path string) (*logFile, error) {
	l := &logFile{path: path}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	l.file, l.size = f, 0
	if fi, err := f.Stat(); err == nil {
		l.size = fi.Size()
	}
	return nil
}

// Write appends one record. slog calls it for one record at a time.
func (l *logFile) Write(line []byte) (int, error) {
	if l.size+int64(len(line)) > maxLog {
		_ = l.file.Close()
		if err := os.Rename(l.path, l.path+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(line)
	l.size += int64(n)
	return n, err
}

func (l *logFile) Close() error { return l.file.Close() }

var _ io.WriteCloser = (*logFile)(nil)
