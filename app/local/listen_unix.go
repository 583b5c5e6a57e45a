//go:build !windows

package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"lanyard/auth"
)

// errOtherUser is the cause of NotPermitted when the other end of the socket, or
// its folder, is not this user's.
var errOtherUser = errors.New("belongs to another user")

const socketName = "agent.sock"

// maxSocketPath is what fits into sockaddr_un on every system: macOS has 104 bytes
// with the final NUL, Linux 108.
const maxSocketPath = 103

// Listen makes the agent's socket in the folder dir, which it creates for its owner
// alone (a named pipe with a random name on Windows, where dir is not used). The
// listener's address goes into [Info]. The caller holds the instance lock, so a
// socket that nobody answers is stale and replaced; one that is answered is fault
// AlreadyRuns.
func Listen(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketName)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %q: path longer than %d bytes", path, maxSocketPath)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make socket folder: %w", err)
	}
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return ownListener{l}, nil
}

// removeStale removes the socket that a killed agent left behind.
func removeStale(path string) error {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "unix", path)
	switch {
	case err == nil:
		_ = conn.Close()
		return auth.Fail(auth.AlreadyRuns, nil, nil)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("probe old socket: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove old socket: %w", err)
	}
	return nil
}

// checkFolder makes sure that nobody else can put a socket of theirs into dir: it is
// a folder of this user's, not a link, and open to nobody else.
func checkFolder(dir string) error {
	fi, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("check socket folder: %w", err)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || !fi.IsDir() {
		return auth.Fail(auth.NotPermitted, nil, fmt.Errorf("check socket folder: %q is no folder", dir))
	}
	if err := allowUID(int(st.Uid), os.Getuid()); err != nil {
		return err
	}
	if fi.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil { // #nosec G302 -- a folder
		return fmt.Errorf("close socket folder: %w", err)
	}
	return nil
}

// dialAgent connects to the socket at address and makes sure of who listens there.
func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", address)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(checkFolder(filepath.Dir(address)), checkPeer(conn)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// checkPeer compares the user of the process at the other end with ours.
func checkPeer(conn net.Conn) error {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("check peer: %T is no unix socket", conn)
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return fmt.Errorf("check peer: %w", err)
	}
	var uid int
	var uidErr error
	if err := raw.Control(func(fd uintptr) { uid, uidErr = peerUID(fd) }); err != nil {
		return fmt.Errorf("check peer: %w", err)
	}
	if uidErr != nil {
		return fmt.Errorf("check peer: %w", uidErr)
	}
	return allowUID(uid, os.Getuid())
}

// allowUID accepts the user's own processes and nobody else's, root included: what
// root wants of a person's agent it can do as that person.
func allowUID(peer, self int) error {
	if peer != self {
		return auth.Fail(auth.NotPermitted, nil, errOtherUser)
	}
	return nil
}
