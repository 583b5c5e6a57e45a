package launch

import "syscall"

// detached gives the child a process group of its own: an interrupt at the agent's
// console does not reach it.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
