package local

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"github.com/Microsoft/go-winio"

	"lanyard/auth"
)

// Listen makes the agent's named pipe, which this user alone may open. Its name is
// random and known from [Info] alone, so that no other program can be there first;
// dir is not used. The listener's address goes into Info.
func Listen(string) (net.Listener, error) {
	sid, err := userSID()
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l, err := winio.ListenPipe(`\\.\pipe\lanyard-`+auth.RandomID(), &winio.PipeConfig{
		SecurityDescriptor: "D:P(A;;GA;;;" + sid + ")",
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

// dialAgent connects to the named pipe at address.
func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	return winio.DialPipeContext(ctx, address)
}

// checkPeer has nothing to add: the pipe's own access list lets in this user alone.
func checkPeer(net.Conn) error { return nil }
