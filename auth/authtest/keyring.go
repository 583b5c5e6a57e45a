package authtest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// busConfig is a session bus that starts nothing by itself: the machine's own
// services must not answer in a test.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// keyringPassword is what the private keyring is locked with.
const keyringPassword = "lanyard"

// Session is a private session bus with a real gnome-keyring on it.
type Session struct {
	// Env are the variables that make a program use this session: HOME, the XDG
	// folders, DBUS_SESSION_BUS_ADDRESS and GNOME_KEYRING_CONTROL.
	Env []string

	control string // socket of the keyring daemon
	endBus  func()
}

// KeyringSession starts a private session bus and a real gnome-keyring whose login
// collection is unlocked, both with a home of their own, and ends them with the
// test. It needs the parts "dbus" and "gnome-keyring".
func KeyringSession(t testing.TB) *Session {
	t.Helper()
	bus, daemon := Need(t, "dbus"), Need(t, "gnome-keyring")
	dir := ShortDir(t)
	socket, config := filepath.Join(dir, "bus"), filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, socket), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"home", "run", "data", "config", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := &Session{control: filepath.Join(dir, "run", "keyring", "control"), Env: []string{
		"HOME=" + filepath.Join(dir, "home"),
		"XDG_RUNTIME_DIR=" + filepath.Join(dir, "run"),
		"XDG_DATA_HOME=" + filepath.Join(dir, "data"),
		"XDG_CONFIG_HOME=" + filepath.Join(dir, "config"),
		"XDG_CACHE_HOME=" + filepath.Join(dir, "cache"),
		"GNOME_KEYRING_CONTROL=" + filepath.Join(dir, "run", "keyring"),
		"DBUS_SESSION_BUS_ADDRESS=unix:path=" + socket,
	}}
	s.startBus(t, exec.Command(bus, "--nofork", "--nopidfile", "--print-address=3", "--config-file="+config))

	unlock := exec.Command(daemon, "--foreground", "--components=secrets", "--unlock",
		"--control-directory="+filepath.Dir(s.control))
	unlock.Stdin = strings.NewReader(keyringPassword)
	s.start(t, unlock)
	waitFor(t, "the keyring", func() bool {
		out, err := s.call("org.freedesktop.Secret.Service.ReadAlias", "string:default")
		return err == nil && strings.Contains(out, "/collection/login")
	})
	return s
}

// startBus starts the bus and waits until it listens: then it says where, on its file 3. Its
// socket is there a moment earlier, when it lets nobody in yet.
func (s *Session) startBus(t testing.TB, bus *exec.Cmd) {
	t.Helper()
	address, says, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer address.Close()
	bus.ExtraFiles = []*os.File{says}
	s.endBus = s.start(t, bus)
	says.Close()
	_ = address.SetReadDeadline(time.Now().Add(patience))
	if _, err := bufio.NewReader(address).ReadString('\n'); err != nil {
		t.Fatalf("start the session bus: %v", err)
	}
}

// Setenv gives the session to the test's own process.
func (s *Session) Setenv(t *testing.T) {
	t.Helper()
	for _, pair := range s.Env {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

// Lock locks the keyring: nobody is there to answer its prompt.
func (s *Session) Lock(t testing.TB) {
	t.Helper()
	out, err := s.call("org.freedesktop.Secret.Service.Lock",
		"array:objpath:/org/freedesktop/secrets/collection/login")
	if err != nil {
		t.Fatalf("lock the keyring: %v\n%s", err, out)
	}
}

// Unlock unlocks the keyring again as the login of its owner does: over the
// daemon's control socket, whose packets are what pam_gnome_keyring sends.
func (s *Session) Unlock(t testing.TB) {
	t.Helper()
	conn, err := net.Dial("unix", s.control)
	if err != nil {
		t.Fatalf("unlock the keyring: %v", err)
	}
	defer conn.Close()
	packet := []byte{0} // the byte that carries the credentials
	for _, word := range []uint32{
		uint32(12 + len(keyringPassword)), // length of the packet
		1,                                 // operation: unlock
		uint32(len(keyringPassword)),
	} {
		packet = binary.BigEndian.AppendUint32(packet, word)
	}
	packet = append(packet, keyringPassword...)
	var answer [8]byte // length, result
	if _, err := conn.Write(packet); err != nil {
		t.Fatalf("unlock the keyring: %v", err)
	}
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		t.Fatalf("unlock the keyring: %v", err)
	}
	if result := binary.BigEndian.Uint32(answer[4:]); result != 0 {
		t.Fatalf("unlock the keyring: result %d", result)
	}
}

// EndBus ends the session's bus, as logging out does.
func (s *Session) EndBus() { s.endBus() }

// call calls a method of the secret service.
func (s *Session) call(method string, args ...string) (string, error) {
	cmd := exec.Command("dbus-send", append([]string{
		"--session", "--print-reply", "--reply-timeout=30000",
		"--dest=org.freedesktop.secrets", "/org/freedesktop/secrets", method,
	}, args...)...)
	cmd.Env = append(os.Environ(), s.Env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// start runs cmd in the session until the test, or a call of end, ends it.
func (s *Session) start(t testing.TB, cmd *exec.Cmd) (end func()) {
	t.Helper()
	cmd.Env = append(os.Environ(), s.Env...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", filepath.Base(cmd.Path), err)
	}
	end = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	return end
}

// ShortDir returns a folder of the test's own whose path is short enough for a
// socket in it (108 bytes), which t.TempDir cannot promise wherever TMPDIR is.
func ShortDir(t testing.TB) string {
	t.Helper()
	short := "/tmp"
	if runtime.GOOS == "windows" {
		short = "" // a pipe's name is none of a file
	}
	dir, err := os.MkdirTemp(short, "lanyard")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// What a killed program has started may write for another moment.
		var err error
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
		}
		t.Errorf("tidy up: %v", err)
	})
	return dir
}

// patience is how long a real part may take: far longer than on a busy machine, for it
// costs nothing where all is well.
const patience = time.Minute

// waitFor fails the test where ready has not come true within patience: real parts are
// started by other programs, so there is nothing to be told by.
func waitFor(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if ready() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s did not come up within %v", what, patience)
}
