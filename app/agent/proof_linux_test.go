package agent_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// TestProofPeer proves nothing to another user's process, even one that knows the
// nonce, and accepts a browser that uses an IPv6 socket for the IPv4 address.
func TestProofPeer(t *testing.T) {
	c := newCompany(t, "acme")
	d := newDesk(t)
	d.signIn(c, local.SignInRequest{})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Print: true, Env: screen})
	if err != nil {
		t.Fatal(err)
	}
	l := c.launched("l0")
	target := fmt.Sprintf("/launch/%s?challenge=%s", l.Nonce, challenge)
	if os.Getuid() == 0 { // only root can start another user's process
		if out := ask(t, "127.0.0.1", l.Port, target, 65534); !strings.HasPrefix(out, "HTTP/1.1 404") {
			t.Errorf("another user's process was answered: %s", out)
		}
	}
	if page := authtest.NewVisitor(t).Visit(t, answer.URL); page.Body != "signed in at notes" {
		t.Errorf("page = %d %s", page.Status, page.Body)
	}

	if _, err := d.Launch(t.Context(), local.LaunchRequest{App: "notes", Print: true, Env: screen}); err != nil {
		t.Fatal(err)
	}
	l = c.launched("l1")
	target = fmt.Sprintf("/launch/%s?challenge=%s", l.Nonce, challenge)
	if out := ask(t, "::ffff:127.0.0.1", l.Port, target, os.Getuid()); !strings.HasPrefix(out, "HTTP/1.1 303") {
		t.Errorf("a mapped address was answered: %s", out)
	}
}

// ask sends one request by a process of another user and returns the raw answer.
func ask(t *testing.T, host string, port int, target string, uid int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	script := fmt.Sprintf(`exec 3<>'/dev/tcp/%s/%d' && printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n' >&3 && cat <&3`,
		host, port, target, port)
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C") // it complains of a language that the system does not have
	if uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}
