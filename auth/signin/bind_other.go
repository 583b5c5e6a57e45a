//go:build !windows

package signin

import "syscall"

// exclusive has nothing to set: a bound port is exclusive here.
func exclusive(_, _ string, _ syscall.RawConn) error { return nil }

// reserved is never so: no port is kept by the system but by its permissions.
func reserved(error) bool { return false }
