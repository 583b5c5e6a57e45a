package traytest

import (
	"sync"
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

	mu    sync.Mutex
	items []string
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
	for iface, methods := range map[string]map[string]any{
		watcherName:                       {"RegisterStatusNotifierItem": w.register},
		"org.freedesktop.DBus.Properties": {"Get": w.get},
	} {
		if err := conn.ExportMethodTable(methods, "/StatusNotifierWatcher", iface); err != nil {
			t.Fatalf("export watcher: %v", err)
		}
	}
	if _, err := conn.RequestName(watcherName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatalf("own %s: %v", watcherName, err)
	}
	return w
}

// register takes an icon that gives its path, as fyne.io/systray does, or its name.
func (w *Watcher) register(service string, from dbus.Sender) *dbus.Error {
	name := service
	if service == itemPath {
		name = string(from)
	}
	w.mu.Lock()
	w.items = append(w.items, name+itemPath)
	w.mu.Unlock()
	w.Registered <- name
	return nil
}

// get answers for the one property that a watcher is asked for.
func (w *Watcher) get(string, string) (dbus.Variant, *dbus.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return dbus.MakeVariant(append([]string{}, w.items...)), nil
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
