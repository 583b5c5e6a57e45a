package local

import (
	"syscall"
	"unsafe"
)

// xucred is struct xucred of <sys/ucred.h>; solLocal and localPeerCred are SOL_LOCAL
// and LOCAL_PEERCRED of <sys/un.h> (unix(4)). The standard library knows neither.
type xucred struct {
	version uint32
	uid     uint32
	ngroups int16
	groups  [16]uint32
}

const (
	solLocal      = 0
	localPeerCred = 1
	xucredVersion = 0
)

// peerUID asks the kernel who made the other end of the socket.
func peerUID(fd uintptr) (int, error) {
	var cred xucred
	size := uint32(unsafe.Sizeof(cred))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, solLocal, localPeerCred,
		uintptr(unsafe.Pointer(&cred)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	if cred.version != xucredVersion {
		return 0, syscall.EPROTO
	}
	return int(cred.uid), nil
}
