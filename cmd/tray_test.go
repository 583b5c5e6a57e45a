//go:build linux

package cmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"lanyard/app/tray/traytest"
	"lanyard/auth/authtest"
)

const (
	signedOutMenu = "Sign in…|─|Settings…|Close Lanyard"
	signedInMenu  = "Cloudberry · 张三|─|Notes|Handbook|Documents|Cloud console|Operations|Intranet|All apps…|─|Settings…|Sign out|Close Lanyard"
	openedMenu    = "Cloudberry · 张三|─|Notes|Handbook|Documents|Cloud console|Operations|Intranet|All apps…|Notes asked you to sign in? Tell IT|─|Settings…|Sign out|Close Lanyard"
)

// TestTray lives with the icon in a real panel, which comes after the agent: either mouse
// button opens the menu, signing out and in again go by it, and closing takes it away.
func TestTray(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	screen := newDisplay(t)
	directory := demo(t)
	d := newDesk(t, append(session.Env, "DISPLAY="+screen.name)...)
	b := newBrowser(t)

	agent := start(t, d.env, "lanyard", "agent")
	eventually(t, patience, saying(agent, "No tray here (GNOME needs AppIndicator). Everything else works."))
	if out := d.must(t, "doctor"); !strings.Contains(out, "No tray here. GNOME needs AppIndicator.") {
		t.Errorf("doctor does not speak of the tray:\n%s", out)
	}
	panel := newPanel(t, session, screen)
	icon := panel.icon()
	icon.Shows(signedOutMenu)
	if out := d.must(t, "doctor"); strings.Contains(out, "No tray here") {
		t.Errorf("doctor does not see the tray:\n%s", out)
	}

	signIn(t, d, b, directory)
	icon.Shows(signedInMenu)
	tabs := len(d.urls())
	for i, button := range []string{"1", "3"} {
		openMenu(t, screen, button)
		screen.press("Down", "Down", "Return") // the line of the account, then Notes
		d.nextURL(t, tabs+i)
	}

	icon.Click(icon.Shows(openedMenu), "Sign out")
	icon.Click(icon.Shows(signedOutMenu), "Sign in…") // of an account that is known: the browser at once
	b = newBrowser(t)
	b.open(d.nextURL(t, tabs+2))
	b.signInAs("zhangsan", password)
	b.confirm()
	b.shows("signed in", "张三")
	icon.Click(icon.Shows(signedInMenu), "Close Lanyard")
	if code := agent.wait(t, patience); code != 0 {
		t.Errorf("the agent ended with %d: %s", code, agent.err.String())
	}
	panel.empty()
	if windows := screen.windows("."); len(d.urls()) != tabs+3 {
		t.Errorf("%d tabs were opened, want 3; windows %v", len(d.urls())-tabs, windows)
	}
}

// TestTrayNeedsYou clicks an app while the person is needed: that ends in the app, with
// one tab. The agent is one that a command started, for somebody who reads Chinese.
func TestTrayNeedsYou(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	screen := newDisplay(t)
	panel := newPanel(t, session, screen)
	directory := demo(t)
	d := newDesk(t, append(session.Env, "DISPLAY="+screen.name, "LANG=zh_CN.UTF-8")...)
	b := newBrowser(t)
	login := d.login(t, "demo", "--directory", directory, "--yes")
	b.open(d.nextURL(t, 0))
	b.signInAs("zhangsan", password)
	b.confirm()
	login.succeeds(t)
	panel.icon().Shows("云莓科技 · 张三|─|笔记|员工手册|云文档|云控制台|运维控制台|内网门户|全部应用…|─|设置…|退出登录|关闭程序")
	d.must(t, "quit")
	panel.empty()

	// The tokens are lost, the account is not.
	if found, err := filepath.Glob(filepath.Join(d.stateDir(), "vault*")); err != nil || len(found) == 0 {
		t.Fatalf("no vault: %v", err)
	} else {
		for _, file := range found {
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.must(t, "status")
	icon := panel.icon()
	menu := icon.Shows("云莓科技 需要你重新登录|─|笔记|员工手册|云文档|云控制台|运维控制台|内网门户|全部应用…|─|设置…|退出登录|关闭程序")
	tabs := len(d.urls())
	icon.Click(menu, "笔记")
	fresh := newBrowser(t)
	fresh.open(d.nextURL(t, tabs))
	fresh.signInAs("zhangsan", password)
	fresh.confirm()
	fresh.shows("Signed in as 张三")
	icon.Shows("云莓科技 · 张三|─|笔记|员工手册|云文档|云控制台|运维控制台|内网门户|全部应用…|笔记没有自动登录？告诉 IT|─|设置…|退出登录|关闭程序")
	if got := len(d.urls()); got != tabs+1 {
		t.Errorf("the click opened %d tabs, want 1", got-tabs)
	}
	d.signalAgent(t, syscall.SIGKILL) // nobody says goodbye
	panel.empty()
}

// TestTrayComesBack starts the panel anew after a signal that is none of the icon's
// business, such as the end of a prompt of the password store: the icon is there again,
// and once.
func TestTrayComesBack(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	address := busOf(t, session)
	d := newDesk(t, session.Env...)
	first := traytest.NewWatcher(t, address)
	start(t, d.env, "lanyard", "agent")
	icon := first.Icon()
	first.Conn.Send(&dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant(icon.Name),
		dbus.FieldPath:        dbus.MakeVariant(dbus.ObjectPath("/org/freedesktop/secrets/prompt/p1")),
		dbus.FieldInterface:   dbus.MakeVariant("org.freedesktop.Secret.Prompt"),
		dbus.FieldMember:      dbus.MakeVariant("Completed"),
		dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(false, dbus.MakeVariant(""))),
	}, Body: []any{false, dbus.MakeVariant("")}}, nil)
	icon.Shows(signedOutMenu) // and has heard that signal, which came before the question
	first.Close()

	second := traytest.NewWatcher(t, address)
	second.Icon().Shows(signedOutMenu)
	second.Close()

	// An icon that has registered by itself is not registered twice.
	d.must(t, "quit")
	third := traytest.NewWatcher(t, address)
	start(t, d.env, "lanyard", "agent")
	third.Icon()
	third.Close()
	fourth := traytest.NewWatcher(t, address)
	fourth.Icon().Shows(signedOutMenu)
	select {
	case name := <-fourth.Registered:
		t.Errorf("registered again, as %s", name)
	case <-time.After(2 * time.Second):
	}
}

// saying waits for a process to say something on standard error.
func saying(p *process, words string) func() error {
	return func() error {
		if said := p.err.String(); !strings.Contains(said, words) {
			return fmt.Errorf("%s said %q, not %q", p.cmd.Path, said, words)
		}
		return nil
	}
}

// mouse moves and clicks.
func mouse(t *testing.T, screen *display, args ...string) {
	t.Helper()
	if _, err := screen.do(args...); err != nil {
		t.Fatalf("mouse %v: %v", args, err)
	}
}

// openMenu opens the icon's menu with a mouse button. A click that meets the panel while
// it draws the icon anew is lost, so a person would click again.
func openMenu(t *testing.T, screen *display, button string) {
	t.Helper()
	var err error
	for range 10 {
		screen.press("Escape")
		mouse(t, screen, "mousemove", "12", "15", "click", button)
		for soon := time.After(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if err = menuShown(screen, "tray-menu-"+button); err == nil {
				return
			}
			select {
			case <-soon:
			default:
				continue
			}
			break
		}
	}
	t.Fatal(err)
}

// menuShown reports whether a menu hangs below the icon, and keeps its picture where
// pictures are asked for.
func menuShown(screen *display, name string) error {
	pixels, err := screen.screen()
	if err != nil {
		return err
	}
	corner := pixels.SubImage(image.Rect(0, 0, 320, 260))
	if r, _, _, _ := corner.At(20, 60).RGBA(); r == 0 {
		return errors.New("no menu below the icon")
	}
	dir := os.Getenv("LANYARD_SCREENSHOTS")
	if dir == "" {
		return nil
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, corner); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".png"), buf.Bytes(), 0o600)
}
