package local

import "syscall"

// peerUID asks the kernel who made the other end of the socket (SO_PEERCRED, unix(7)).
func peerUID(fd uintptr) (int, error) {
	cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
