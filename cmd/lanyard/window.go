package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"lanyard/app/desktop"
	"lanyard/app/launch"
	"lanyard/app/local"
	"lanyard/auth"
)

const (
	// windowPatience is how long a window may take until it is there. Without OpenGL it
	// cannot be shown and ends, and whoever asked for it must hear, also from a computer
	// that is slow to find out.
	windowPatience = 20 * time.Second
	windowStep     = 10 * time.Millisecond
)

// windows starts the window program, one process at a time: one that is open listens to
// the agent and raises itself.
type windows struct {
	program string // its file, beside ours as we were started; "" where that is not known
	state   string // our state folder, where it finds us
	said    string // the file for what it says on standard error
	// folders, as environment variables, keep what Fyne writes under LANYARD_HOME; none
	// where that is not set.
	folders []string
	// listens reports whether one does, also one that an earlier agent has started.
	listens func() bool
	logger  *slog.Logger

	mu   sync.Mutex
	runs *exec.Cmd // nil when none does
}

func newWindows(paths desktop.Paths, logger *slog.Logger) *windows {
	w := &windows{state: paths.State, said: filepath.Join(paths.Logs, "window.log"), listens: func() bool { return false }, logger: logger}
	if self, err := executable(); err == nil {
		w.program = filepath.Join(filepath.Dir(self), "lanyard-window")
		if runtime.GOOS == "windows" {
			w.program += ".exe"
		}
	}
	return w
}

// allow lets the window that is open, also one that an earlier agent has started, come to
// the front; one that we start may do so anyway.
func (w *windows) allow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	pid := 0
	if w.runs != nil {
		pid = w.runs.Process.Pid
	}
	if pid > 0 || w.listens() {
		desktop.AllowForeground(pid)
	}
}

// open shows the window with that name on the caller's display and returns when it is
// there: one listens to us once it is shown. Fault WindowMissing where the program is not
// installed, or there is nothing to show a window on.
func (w *windows) open(ctx context.Context, name string, env local.Env) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs != nil || w.listens() {
		return nil
	}
	if runtime.GOOS == "linux" && env["DISPLAY"] == "" && env["WAYLAND_DISPLAY"] == "" || w.program == "" {
		return auth.Fail(auth.WindowMissing, nil, nil)
	}
	// Without a context: the window outlives the click and, when that restarts, the agent.
	cmd := exec.Command(w.program, "--name", name, "--state", w.state) //nolint:gosec,noctx // our own program; see above
	cmd.Env = append(launch.Environ(env), w.folders...)
	cmd.SysProcAttr = detached()
	// A file and no pipe, whose end would be the window's when the agent ends.
	if said, err := os.OpenFile(w.said, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err == nil {
		defer said.Close()
		cmd.Stderr = said
	}
	if err := cmd.Start(); err != nil {
		return auth.Fail(auth.WindowMissing, nil, err)
	}
	w.runs = cmd
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		ended <- err
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.runs == cmd {
			w.runs = nil
		}
		w.logger.Info("window closed", "name", name, "err", err)
	}()
	step := time.NewTicker(windowStep)
	defer step.Stop()
	for patience := time.After(windowPatience); !w.listens(); {
		select {
		case err := <-ended:
			w.runs = nil
			if err != nil {
				return auth.Fail(auth.WindowMissing, nil, err)
			}
			return nil
		case <-patience:
			return nil
		case <-ctx.Done(): // the window is on its way all the same
			return nil
		case <-step.C:
		}
	}
	return nil
}
