package tray_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/app/local"
	"lanyard/app/tray"
	"lanyard/app/tray/traytest"
	"lanyard/auth/authtest"
)

// environ is the environment before a test changes it: a home without Go's caches would
// have everything built anew.
var environ = os.Environ()

// built is the folder of what program built, if it did.
var built string

// program builds the tray of testdata once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lanyard-tray")
	if err != nil {
		return "", err
	}
	built = dir
	build := exec.Command("go", "build", "-o", dir+"/panel", "./testdata/panel")
	build.Env = append(environ, "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build tray: %w\n%s", err, out)
	}
	return dir + "/panel", nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// shown is a tray in a process of its own, with an agent that a test puts into any
// State.
type shown struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	asked chan string
	ended chan error

	last  string // what the agent was asked for by the last click,
	again int    // and how often it still may be: the click was made that often besides
}

func start(t *testing.T, first local.State) *shown {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{t: t, cmd: exec.Command(file), asked: make(chan string, 10), ended: make(chan error, 1)}
	s.cmd.Stderr = os.Stderr
	s.in, err = s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.asked <- strings.TrimSpace(lines.Text())
		}
		s.ended <- s.cmd.Wait()
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	s.state(first)
	return s
}

func (s *shown) state(state local.State) {
	s.t.Helper()
	line, err := json.Marshal(state)
	if err != nil {
		s.t.Fatal(err)
	}
	s.tell(string(line))
}

func (s *shown) tell(line string) {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.in, line); err != nil {
		s.t.Fatal(err)
	}
}

// click clicks the row with that label and waits for what the agent is asked for. The
// library drops a click that comes in the moment between showing a row and listening to
// it, which no hand can hit but this one may: it clicks again. What was not lost but slow
// is then asked for once more, later.
func (s *shown) click(icon *traytest.Icon, rows []traytest.Row, label, asks string) {
	s.t.Helper()
	for clicks := range 10 {
		icon.Click(rows, label)
		for lost := time.After(5 * time.Second); lost != nil; {
			select {
			case got := <-s.asked:
				if s.again > 0 && got == s.last && got != asks {
					s.again--
					continue
				}
				if got != asks {
					s.t.Errorf("a click on %s asked: %s, want: %s", label, got, asks)
				}
				s.last, s.again = asks, clicks
				return
			case <-lost:
				lost = nil
			}
		}
	}
	s.t.Fatalf("a click on %s asked for nothing", label)
}

// end ends the agent, and the tray with it.
func (s *shown) end() {
	s.t.Helper()
	s.in.Close()
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the tray ended with %v", err)
		}
	case <-time.After(time.Minute):
		s.t.Fatal("the tray did not end")
	}
}

// TestClicks takes a tray through every kind of click, in a panel that comes late.
func TestClicks(t *testing.T) {
	authtest.KeyringSession(t).Setenv(t)
	all := states()
	two := all["two-accounts"]
	two.Profiles[0].Apps[0].Title["en"] = "my_notes"
	s := start(t, two)
	icon := traytest.NewWatcher(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS")).Icon()
	english := icon.Shows("Acme · 张三|─|my__notes|All apps…|─|Switch account{✓Acme · 张三|Beta · 李四}|Settings…|Sign out|Close Lanyard")
	for _, click := range []struct{ label, asks string }{
		{"my__notes", "launch notes of p1 in en map[DISPLAY::7]"}, // "_" is no access key
		{"All apps…", "window apps map[DISPLAY::7]"},
		{"Beta · 李四", "select p2"},
		{"Settings…", "window settings map[DISPLAY::7]"},
		{"Sign out", "sign out p1 false"},
		{"Close Lanyard", "quit false"},
	} {
		s.click(icon, english, click.label, click.asks)
	}

	// Another language, another name: the same rows with other texts.
	two.Lang = "zh"
	two.Profiles[0].Identity.Name = "王五"
	s.state(two)
	chinese := icon.Shows("Acme 科技 · 王五|─|笔记|全部应用…|─|切换账号{✓Acme 科技 · 王五|Beta 科技 · 李四}|设置…|退出登录|关闭程序")
	for i := range english {
		if english[i].ID != chinese[i].ID {
			t.Errorf("row %d was made anew", i)
		}
	}
	s.click(icon, english, "my__notes", "launch notes of p1 in zh map[DISPLAY::7]") // a panel that has not heard yet

	// Other shapes; none reads as the one before.
	for _, look := range []struct{ state, menu, label, asks string }{
		{"nobody", "Sign in…|─|Settings…|Close Lanyard", "Sign in…", "window sign-in map[DISPLAY::7]"},
		{"first", "Signing in… (cancel)|─|Settings…|Close Lanyard", "Signing in… (cancel)", "cancel a1"},
		{"managed", "Sign in…|─|Settings…|Close Lanyard", "Sign in…", "sign in  open true map[DISPLAY::7]"},
		{"needs-you", "Acme asks you to sign in again|─|Notes|Handbook|All apps…|─|Settings…|Sign out|Close Lanyard", "Handbook", "launch handbook of p1 in en map[DISPLAY::7]"},
		{"keyring", "Unlock your password store to go on|─|Notes|All apps…|─|Settings…|Sign out|Close Lanyard", "Unlock your password store to go on", "state"},
		{"offline", "(No network; apps will still try to open)|─|Notes|All apps…|─|Settings…|Sign out|Close Lanyard", "Notes", "launch notes of p1 in en map[DISPLAY::7]"},
	} {
		s.state(all[look.state])
		s.click(icon, icon.Shows(look.menu), look.label, look.asks)
	}

	// What comes and goes leaves the other rows as they are: a click on a menu that was open
	// meanwhile is not lost.
	s.state(all["signed-in"])
	before := icon.Shows("Acme · 张三|─|Notes|Handbook|All apps…|─|Settings…|Sign out|Close Lanyard")
	opened := all["signed-in"]
	opened.Profiles = slices.Clone(opened.Profiles)
	opened.Profiles[0].Opened = &local.Opened{App: "notes", Title: map[string]string{"en": "Notes"}}
	opened.Profiles[0].NewDevice = &local.NewDevice{Name: "desk 4"}
	s.state(opened)
	after := icon.Shows("Acme · 张三|New sign-in on desk 4. Not you? Look here|─|Notes|Handbook|All apps…|Notes asked you to sign in? Tell IT|─|Settings…|Sign out|Close Lanyard")
	s.click(icon, before, "Handbook", "launch handbook of p1 in en map[DISPLAY::7]")
	s.click(icon, after, "Notes asked you to sign in? Tell IT", "asked notes of p1")
	s.click(icon, after, "New sign-in on desk 4. Not you? Look here", "devices of p1 map[DISPLAY::7]")
	s.state(all["signed-in"])
	icon.Shows("Acme · 张三|─|Notes|Handbook|All apps…|─|Settings…|Sign out|Close Lanyard")

	// A click that comes to nothing says why, until the next one.
	s.tell("refuse")
	const offline = "(No network; apps will still try to open)|─|Notes|All apps…|─|Settings…|Sign out|Close Lanyard"
	s.state(all["signed-out"]) // the tray has read "refuse" when it shows this
	icon.Shows("Sign in…|─|Settings…|Close Lanyard")
	s.state(all["offline"])
	s.click(icon, icon.Shows(offline), "Notes", "launch notes of p1 in en map[DISPLAY::7]")
	refused := icon.Shows("(Lanyard ran into a problem of its own.)|(Try again. If it happens again, ask IT.)|─|" + offline)
	s.tell("accept")
	s.state(all["signed-out"])
	icon.Shows("(Lanyard ran into a problem of its own.)|(Try again. If it happens again, ask IT.)|─|Sign in…|─|Settings…|Close Lanyard")
	s.state(all["offline"])
	s.click(icon, icon.Shows(traytest.Text(refused)), "Settings…", "window settings map[DISPLAY::7]")
	icon.Shows(offline)
	s.end()
}

// TestIcon reads what a panel shows beside the menu, and sees the icon come back to a
// panel that starts anew, and go when the agent does.
func TestIcon(t *testing.T) {
	authtest.KeyringSession(t).Setenv(t)
	all := states()
	first := traytest.NewWatcher(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	s := start(t, all["signed-in"])
	icon := first.Icon()
	for name, want := range map[string]any{
		"Id": "Lanyard", "Title": "Lanyard", "Status": "Active",
		"ItemIsMenu": true, // a left click opens the menu too
	} {
		if got := icon.Property(name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	looks := map[string]string{}
	for _, state := range []string{"signed-in", "first", "needs-you", "signed-out"} {
		s.state(all[state])
		want := transcript(tray.Menu(all[state], "en"))
		tip := strings.TrimSpace(want[strings.Index(want, ") ")+2 : strings.Index(want, "\n")])
		icon.Waits("ToolTip", func(got string) bool { return strings.Contains(got, tip+" ") || strings.Contains(got, tip+"]") })
		picture := fmt.Sprint(icon.Property("IconPixmap"))
		if other := looks[picture]; other != "" || !strings.HasPrefix(picture, "[[44 44 [") {
			t.Errorf("%s looks like %q: %.40s…", state, other, picture)
		}
		looks[picture] = state
	}

	first.Close()
	second := traytest.NewWatcher(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	icon = second.Icon()
	icon.Shows("Sign in…|─|Settings…|Close Lanyard")

	s.end()
	var owned bool
	if err := second.Conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, icon.Name).Store(&owned); err != nil || owned {
		t.Errorf("the icon is still there: %v, %v", owned, err)
	}
}

// TestBusGone takes the bus away, as the end of a desktop's session does: the tray goes
// on, for the agent's sake.
func TestBusGone(t *testing.T) {
	session := authtest.KeyringSession(t)
	session.Setenv(t)
	all := states()
	s := start(t, all["signed-in"])
	traytest.NewWatcher(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS")).Icon()
	session.EndBus()
	for _, name := range []string{"needs-you", "nobody", "two-accounts"} {
		s.state(all[name])
	}
	s.end()
}
