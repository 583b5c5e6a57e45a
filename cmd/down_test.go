//go:build linux

package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lanyard/auth/authtest"
)

// stopped reports which thread of a process has not heard yet that it is to stop; until
// the last has, it may answer.
func stopped(pid int) error {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(threads) == 0 {
		return fmt.Errorf("threads of %d: %v, %w", pid, threads, err)
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			return err
		}
		if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "T") {
			return fmt.Errorf("%s: %s", thread, stat)
		}
	}
	return nil
}

// TestServerStandsStill opens apps while the company's server accepts and never answers,
// and while it is gone: by their own addresses, soon, with the reason in the menu; and
// signed in again when it is back.
func TestServerStandsStill(t *testing.T) {
	session := authtest.KeyringSession(t)
	screen := newDisplay(t)
	panel := newPanel(t, session, screen)
	c := newCompany(t, 1, "")
	c.apply(t, strings.Replace(c.read(t, "enterprise.yaml"), "{id: app-0,", "{id: app-0, plain: \"https://app.acme.example/\",", 1))
	d := newDesk(t, append(session.Env, "DISPLAY="+screen.name)...)
	c.signInAt(t, d)
	icon := panel.icon()
	up := "Acme · 张三|─|App 0|All apps…|─|Settings…|Sign out|Close Lanyard"
	down := strings.Replace(up, "Acme · 张三", "(Acme's server does not answer; apps will still try to open)", 1)
	menu := icon.Shows(up)

	// hang stops the server in the middle of everything; go on lets it answer again.
	signal := func(s syscall.Signal) {
		t.Helper()
		if err := c.server.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	defer signal(syscall.SIGCONT) // so that it can end
	eventually(t, patience, func() error { return stopped(c.server.cmd.Process.Pid) })
	begun := time.Now()
	icon.Click(menu, "App 0")
	if got := d.nextURL(t, 0); got != "https://app.acme.example/" {
		t.Errorf("opened %s", got)
	}
	// The agent waits for 2 s, and where it did not, for the 10 s of any call; what is left
	// is a busy machine's, to start the browser.
	if took := time.Since(begun); took > 9*time.Second {
		t.Errorf("the click took %v to be seen", took)
	}
	icon.Shows(down)
	signal(syscall.SIGCONT)
	eventually(t, patience, func() error {
		d.must(t, "open", "app-0")
		urls := d.urls()
		if last := urls[len(urls)-1]; !strings.HasPrefix(last, c.origin) {
			return fmt.Errorf("opened %s", last)
		}
		return nil
	})
	icon.Shows(strings.Replace(up, "All apps…", "All apps…|App 0 asked you to sign in? Tell IT", 1))
}
