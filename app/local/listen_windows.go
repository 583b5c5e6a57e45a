package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"unsafe"

	"github.com/Microsoft/go-winio"

	"lanyard/auth"
)

// Listen makes the agent's named pipe, which is this user's and opens to nobody else. Its
// name is random and known from [Info] alone, so that no other program can be there
// first; dir is not used. The listener's address goes into Info.
func Listen(string) (net.Listener, error) {
	sid, err := userSID()
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l, err := winio.ListenPipe(`\\.\pipe\lanyard-`+auth.RandomID(), &winio.PipeConfig{
		SecurityDescriptor: "O:" + sid + "D:P(A;;GA;;;" + sid + ")",
	})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return ownListener{l}, nil
}

// userSID returns the security identifier of this process's user.
func userSID() (string, error) {
	token, err := syscall.OpenCurrentProcessToken()
	if err != nil {
		return "", err
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return "", err
	}
	return user.User.Sid.String()
}

// dialAgent connects to the named pipe at address and makes sure of who listens there: an
// agent that was killed leaves a name behind under which anybody can make a pipe.
func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	conn, err := winio.DialPipeContext(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := checkOwner(conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// See GetSecurityInfo of the Windows API (aclapi.h).
const (
	seKernelObject = 6 // SE_OBJECT_TYPE of a named pipe
	ownerInfo      = 1 // OWNER_SECURITY_INFORMATION
)

var getSecurityInfo = syscall.NewLazyDLL("advapi32.dll").NewProc("GetSecurityInfo")

// checkOwner compares the owner of a pipe with this process's user.
func checkOwner(conn net.Conn) error {
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return fmt.Errorf("check pipe: %T is none", conn)
	}
	var owner *syscall.SID
	var descriptor syscall.Handle // which holds the owner
	failed, _, _ := getSecurityInfo.Call(pipe.Fd(), seKernelObject, ownerInfo,
		uintptr(unsafe.Pointer(&owner)), 0, 0, 0, uintptr(unsafe.Pointer(&descriptor))) //nolint:gosec // what it gives back
	if failed != 0 {
		return fmt.Errorf("check pipe: %w", syscall.Errno(failed))
	}
	defer func() { _, _ = syscall.LocalFree(descriptor) }()
	theirs, err := owner.String()
	if err != nil {
		return fmt.Errorf("check pipe: %w", err)
	}
	ours, err := userSID()
	if err != nil {
		return fmt.Errorf("check pipe: %w", err)
	}
	if theirs != ours {
		return auth.Fail(auth.NotPermitted, nil, errors.New("the pipe belongs to another user"))
	}
	return nil
}

// checkPeer has nothing to add: the pipe's own access list lets in this user alone.
func checkPeer(net.Conn) error { return nil }
