//go:build linux

package cmd_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lanyard/app/local"
	"lanyard/auth/authtest"
)

// newSeat is a desk with a screen before it. The agent finds the directory by itself, as
// one that an administrator has set up does.
func newSeat(t testing.TB, session *authtest.Session, screen *display, directory string, env ...string) *desk {
	t.Helper()
	env = append([]string{"DISPLAY=" + screen.name, "LANYARD_DIRECTORY=" + directory, "LANYARD_WINDOW_CHECK=1"}, env...)
	if session != nil {
		env = append(session.Env, env...)
	}
	d := newDesk(t, env...)
	t.Cleanup(func() { // it writes to its folder until it has ended
		for _, pid := range d.windowPIDs(t) {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
		eventually(t, patience, func() error {
			if pids := d.windowPIDs(t); len(pids) > 0 {
				return fmt.Errorf("window processes %v are still there", pids)
			}
			return nil
		})
	})
	return d
}

// openWindow asks the agent for a window, as the tray does.
func (d *desk) openWindow(t testing.TB, name string) {
	t.Helper()
	if err := d.dial(t).Window(t.Context(), name, nil); err != nil {
		t.Fatalf("open window %s: %v", name, err)
	}
}

// step waits until the attempt is at one of the steps.
func (d *desk) step(t testing.TB, steps ...local.Step) *local.Attempt {
	t.Helper()
	var a *local.Attempt
	eventually(t, patience, func() error {
		if a = d.state(t).Attempt; a != nil {
			for _, s := range steps {
				if a.Step == s {
					return nil
				}
			}
			return fmt.Errorf("the attempt is at %s, want %v", a.Step, steps)
		}
		return fmt.Errorf("no attempt")
	})
	return a
}

// typeCode types a code into the first screen and says yes to the card, by the keyboard
// alone. The card takes no Enter in its first moment, so a person may press twice.
func typeCode(t testing.TB, d *desk, screen *display, code string) {
	t.Helper()
	screen.window("Sign in ")
	screen.write(code)
	screen.press("Return")
	d.step(t, local.StepConfirm)
	screen.picture(screen.window("Sign in "), "road-card")
	eventually(t, patience, func() error {
		screen.press("Return")
		if a := d.state(t).Attempt; a == nil || a.Step == local.StepConfirm {
			return fmt.Errorf("the card is not confirmed: %+v", a)
		}
		return nil
	})
}

// TestPeopleRoad walks the whole road as a person without a terminal does, with real
// parts: an agent in a panel's tray, the window that opens by itself, the code typed, the
// card confirmed, signed in as zhangsan in Chromium, and an app opened from the tray's
// menu, in that browser and in one that has never seen anything.
func TestPeopleRoad(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	screen := newDisplay(t)
	panel := newPanel(t, session, screen)
	d := newSeat(t, session, screen, demo(t))
	start(t, d.env, "lanyard") // what a double click starts
	icon := panel.icon()
	icon.Shows(signedOutMenu)
	typeCode(t, d, screen, "demo")

	b := newBrowser(t)
	b.open(d.nextURL(t, 0))
	d.step(t, local.StepWaiting)
	screen.picture(screen.window("Sign in "), "road-waiting")
	b.signInAs("zhangsan", password)
	b.confirm()
	b.shows("signed in", "张三")
	d.step(t, local.StepDone)
	if s := d.state(t); s.MemoryOnly || s.Profile("").Phase != local.SignedIn || s.Profile("").Identity.Name != "张三" {
		t.Fatalf("signed in as %+v", s)
	}

	menu := icon.Shows(signedInMenu)
	icon.Click(menu, "Notes")
	b.open(d.nextURL(t, 1))
	b.shows("Signed in as 张三")
	fresh := newBrowser(t)
	icon.Click(icon.Shows(openedMenu), "Notes")
	fresh.open(d.nextURL(t, 2))
	fresh.shows("Signed in as 张三")
	const question, thanks = "Notes asked you to sign in? Tell IT", "(Thank you, IT was told about Notes)"
	icon.Click(icon.Shows(openedMenu), question)
	icon.Shows(strings.Replace(openedMenu, question, thanks, 1))

	// The window goes on to the apps, where searching opens one.
	screen.still()
	screen.picture(screen.window("Sign in "), "road-done")
	screen.press("Return")
	apps := screen.window("Apps ")
	eventually(t, patience, func() error { return drawn(screen.picture(apps, "road-apps")) })
	screen.write("note")
	screen.press("Return")
	b.open(d.nextURL(t, 3))
	b.shows("Signed in as 张三")
	if n := len(d.urls()); n != 4 {
		t.Errorf("the browser was started %d times, want 4", n)
	}
	if _, err := os.Stat(filepath.Join(d.home, "config", "fyne")); err != nil {
		t.Errorf("the window keeps its things elsewhere: %v", err)
	}
	said, err := os.ReadFile(filepath.Join(d.home, "logs", "window.log"))
	if err != nil || len(said) > 0 { // also of calls from a wrong goroutine
		t.Errorf("the window complains: %v\n%s", err, said)
	}
}

// TestWindowLife opens the window twice, closes it, kills it, and restarts the agent
// under it: there is one window or none, and what it shows goes on.
func TestWindowLife(t *testing.T) {
	t.Parallel()
	screen := newDisplay(t)
	d := newSeat(t, nil, screen, "http://127.0.0.1:1")
	d.must(t, "status")

	d.openWindow(t, "sign-in")
	first := screen.window("Sign in ")
	d.openWindow(t, "settings") // raises the same one, with another screen
	if again := screen.window("Settings "); again != first {
		t.Errorf("a second window was opened: %s and %s", first, again)
	}
	if pids := d.windowPIDs(t); len(pids) != 1 {
		t.Errorf("%d window processes run", len(pids))
	}

	// Killed, and opened again.
	d.endWindow(t, screen, syscall.SIGKILL)
	d.reopen(t, screen, "sign-in", "Sign in ")

	// The agent ends under it and comes back; the window has not moved.
	d.signalAgent(t, syscall.SIGKILL)
	screen.window("Lanyard was closed")
	d.must(t, "status")
	kept := screen.window("Sign in ")
	if now := d.reopen(t, screen, "settings", "Settings "); now != kept {
		t.Errorf("the window was opened anew: %s and %s", kept, now)
	}
	if pids := d.windowPIDs(t); len(pids) != 1 {
		t.Errorf("%d window processes run after the agent's restart", len(pids))
	}

	// Asked to end, as a session does that closes, and as a person does.
	d.endWindow(t, screen, syscall.SIGTERM)
	id := d.reopen(t, screen, "sign-in", "Sign in ")
	d.must(t, "quit")
	screen.window("Lanyard was closed")
	screen.press("Return") // Close
	d.windowGone(t, screen, id)
}

// TestWindowWithoutDisplay says in one line why there is none.
func TestWindowWithoutDisplay(t *testing.T) {
	screen := newDisplay(t)
	d := newSeat(t, nil, screen, "http://127.0.0.1:1", "DISPLAY=:4711")
	d.must(t, "status")
	w := start(t, d.env, "lanyard-window", "--name", "apps", "--state", d.stateDir())
	if code := w.wait(t, patience); code != 1 {
		t.Errorf("it ended with %d", code)
	}
	if said := w.err.String(); !strings.Contains(said, "Windows cannot be shown on this computer.") || strings.Contains(said, "goroutine") {
		t.Errorf("it said:\n%s", said)
	}
	if r := d.run(t, "settings"); r.code == 0 || !strings.Contains(r.err, "Windows cannot be shown on this computer.") {
		t.Errorf("the command line ended with %d and said:\n%s", r.code, r.err)
	}
}

// TestWindowOtherAgent shows what there is before an agent of another version, which
// knows less than the window does, and says things that it has never heard of.
func TestWindowOtherAgent(t *testing.T) {
	t.Parallel()
	screen := newDisplay(t)
	state := `{"api":1,"version":"0.0.1","mood":"good","attempt":{"id":"a","step":"blessing","oath":{}}}`
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/state", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, state) })
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "event: dance\ndata: {}\n\nevent: state\ndata: %s\n\nevent: window\ndata: {\"name\":\"ballroom\"}\n\n", state)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	dir := t.TempDir()
	l, err := local.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux} // anything else is 404, without a Problem
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	if err := local.WriteInfo(dir, local.Info{PID: os.Getpid(), Address: l.Addr().String(), Version: "0.0.1"}); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=en_US.UTF-8", "DISPLAY=" + screen.name, "LANYARD_WINDOW_CHECK=1"}
	w := start(t, env, "lanyard-window", "--name", "sign-in", "--state", dir)
	apps := screen.window("Apps ") // for want of a ballroom
	eventually(t, patience, func() error { return drawn(screen.picture(apps, "other-agent")) })
	screen.press("a", "Return", "Escape")
	if said := w.err.String(); said != "" {
		t.Errorf("the window complains:\n%s", said)
	}
}

// windowPIDs are the window processes of this desk.
func (d *desk) windowPIDs(t testing.TB) []int {
	t.Helper()
	var pids []int
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		line, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(line), "lanyard-window\x00") || !strings.Contains(string(line), d.home) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && !zombie(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// reopen asks for a window until there is one: an agent may hear of the end of the last
// one a moment after us.
func (d *desk) reopen(t testing.TB, screen *display, name, title string) string {
	t.Helper()
	eventually(t, patience, func() error {
		d.openWindow(t, name)
		if ids := screen.windows(title); len(ids) != 1 {
			return fmt.Errorf("%d windows are called %q", len(ids), title)
		}
		return nil
	})
	return screen.window(title)
}

// endWindow ends the desk's window by a signal and waits until it is gone.
func (d *desk) endWindow(t testing.TB, screen *display, signal syscall.Signal) {
	t.Helper()
	pids := d.windowPIDs(t)
	if len(pids) != 1 {
		t.Fatalf("%d window processes run, want 1", len(pids))
	}
	if err := syscall.Kill(pids[0], signal); err != nil {
		t.Fatal(err)
	}
	d.windowGone(t, screen, strconv.Itoa(pids[0]))
}

func (d *desk) windowGone(t testing.TB, screen *display, which string) {
	t.Helper()
	eventually(t, patience, func() error {
		if pids, ids := d.windowPIDs(t), screen.windows("Lanyard"); len(pids)+len(ids) > 0 {
			return fmt.Errorf("window %s is still there: processes %v, windows %v", which, pids, ids)
		}
		return nil
	})
}
