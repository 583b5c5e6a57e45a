//go:build linux

package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"lanyard/app/tray/traytest"
	"lanyard/auth/authtest"
)

// panelConfig is a panel at the top of the screen with nothing in it but tray icons.
const panelConfig = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="30"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
`

// panel is a real xfce4-panel on a display, which shows tray icons.
type panel struct {
	t    testing.TB
	conn *dbus.Conn
}

// newPanel starts a panel in a session. The programs of the desk whose icon it is to
// show need that session's bus.
func newPanel(t testing.TB, session *authtest.Session, screen *display) *panel {
	t.Helper()
	program, settings := authtest.Need(t, "xfce4-panel"), authtest.Need(t, "xfconfd")
	// Nothing of the desktop that the tests are started from, which may be larger than life.
	env := append([]string{"PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8", "DISPLAY=" + screen.name}, session.Env...)
	dir := filepath.Join(valueOf(t, session, "XDG_CONFIG_HOME"), "xfce4", "xfconf", "xfce-perchannel-xml")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "xfce4-panel.xml"), []byte(panelConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := dbus.Connect(busOf(t, session))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &panel{t: t, conn: conn}
	p.start(env, settings)
	p.owned("org.xfce.Xfconf")
	p.start(env, program, "--disable-wm-check")
	p.owned("org.kde.StatusNotifierWatcher")
	return p
}

// valueOf is what a session gives to its programs under that name.
func valueOf(t testing.TB, session *authtest.Session, name string) string {
	t.Helper()
	for _, pair := range session.Env {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	t.Fatalf("the session has no %s", name)
	return ""
}

func busOf(t testing.TB, session *authtest.Session) string {
	t.Helper()
	return valueOf(t, session, "DBUS_SESSION_BUS_ADDRESS")
}

func (p *panel) start(env []string, name string, args ...string) {
	p.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = env
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", name, err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

func (p *panel) owned(name string) {
	p.t.Helper()
	eventually(p.t, patience, func() error {
		var owned bool
		err := p.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
		if err == nil && !owned {
			err = fmt.Errorf("nobody owns %s", name)
		}
		return err
	})
}

// items are the icons that the panel knows of.
func (p *panel) items() []string {
	p.t.Helper()
	v, err := p.conn.Object("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher").
		GetProperty("org.kde.StatusNotifierWatcher.RegisteredStatusNotifierItems")
	if err != nil {
		p.t.Fatalf("ask the panel: %v", err)
	}
	return v.Value().([]string)
}

// icon waits until the panel shows one icon and returns it.
func (p *panel) icon() *traytest.Icon {
	p.t.Helper()
	var items []string
	eventually(p.t, patience, func() error {
		if items = p.items(); len(items) != 1 {
			return fmt.Errorf("the panel shows %q", items)
		}
		return nil
	})
	name, _, _ := strings.Cut(items[0], "/")
	icon := traytest.NewIcon(p.t, p.conn, name)
	icon.Hand = true
	return icon
}

// empty waits until the panel shows no icon.
func (p *panel) empty() {
	p.t.Helper()
	eventually(p.t, patience, func() error {
		if items := p.items(); len(items) > 0 {
			return fmt.Errorf("the panel shows %q", items)
		}
		return nil
	})
}
