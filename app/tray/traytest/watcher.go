package traytest

import (
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const watcherName = "org.kde.StatusNotifierWatcher"

// Watcher is what a panel is for icons: it owns the name that they look for and hears
// who registers.
type Watcher struct {
	Conn *dbus.Conn
	// Registered gets the name on the bus of each icon that registers.
	Registered chan string
	t          testing.TB
}

// NewWatcher owns the watcher's name on the bus at an address until the test ends or
// Close is called.
func NewWatcher(t testing.TB, address string) *Watcher {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatalf("connect watcher: %v", err)
	}
	w := &Watcher{Conn: conn, Registered: make(chan string, 10), t: t}
	t.Cleanup(w.Close)
	register := map[string]any{"RegisterStatusNotifierItem": func(service string, from dbus.Sender) *dbus.Error {
		if service != itemPath {
			t.Errorf("registered as %q", service)
		}
		w.Registered <- string(from)
		return nil
	}}
	if err := conn.ExportMethodTable(register, "/StatusNotifierWatcher", watcherName); err != nil {
		t.Fatalf("export watcher: %v", err)
	}
	if _, err := conn.RequestName(watcherName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatalf("own %s: %v", watcherName, err)
	}
	return w
}

// Close gives the name back, as a panel does that ends.
func (w *Watcher) Close() { _ = w.Conn.Close() }

// Icon waits for an icon to register and returns it.
func (w *Watcher) Icon() *Icon {
	w.t.Helper()
	select {
	case name := <-w.Registered:
		return NewIcon(w.t, w.Conn, name)
	case <-time.After(patience):
		w.t.Fatal("no icon registered")
		return nil
	}
}
