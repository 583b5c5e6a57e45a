//go:build !windows

package launch

import "syscall"

// detached gives the child a session of its own: an interrupt at the agent's terminal
// does not reach it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
