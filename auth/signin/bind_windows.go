package signin

import (
	"errors"
	"syscall"
)

const (
	soExclusiveAddrUse = -5 // ~SO_REUSEADDR, see winsock2.h

	// wsaEACCES is what binding a port of an excluded range answers (netsh interface
	// ipv4 show excludedportrange).
	wsaEACCES = syscall.Errno(10013)
)

// exclusive keeps other programs from binding the same port with SO_REUSEADDR, which
// Windows lets even a stranger's program do.
func exclusive(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, soExclusiveAddrUse, 1)
	})
	return errors.Join(err, failed)
}

func reserved(err error) bool { return errors.Is(err, wsaEACCES) }
