package desktop

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// trayWatcher is whom panels ask for icons, and icons tell of themselves
// (StatusNotifierItem; GNOME has it by its AppIndicator extension alone).
const trayWatcher = "org.kde.StatusNotifierWatcher"

// TrayHost reports whether somebody shows tray icons on the session bus. An error means
// that there is no bus, and that no icon may be tried.
func TrayHost(ctx context.Context) (shown bool, err error) {
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return false, fmt.Errorf("connect session bus: %w", err)
	}
	defer conn.Close()
	err = conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, trayWatcher).Store(&shown)
	if err != nil {
		return false, fmt.Errorf("ask session bus for %s: %w", trayWatcher, err)
	}
	return shown, nil
}

// registerGrace is how long an icon has to register by itself with a panel that comes.
const registerGrace = time.Second

// KeepIcon registers this process's icon with each panel that comes and does not get to
// know it by itself, until ctx or the bus ends: fyne.io/systray (v1.12.2, stayRegistered)
// stops looking for panels at the first signal of another kind on its connection, which
// it shares with the password store; one prompt to unlock that is enough.
func KeepIcon(ctx context.Context) {
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return
	}
	defer conn.Close()
	signals := make(chan *dbus.Signal, 8)
	conn.Signal(signals)
	err = conn.AddMatchSignalContext(ctx,
		dbus.WithMatchSender("org.freedesktop.DBus"),
		dbus.WithMatchInterface("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"),
		dbus.WithMatchArg(0, trayWatcher),
	)
	if err != nil {
		return
	}
	// Once now as well: a panel may have come after the icon looked for one, and before
	// anybody listened.
	grace := time.After(registerGrace)
	for {
		select {
		case <-ctx.Done():
			return
		case signal, ok := <-signals:
			if !ok {
				return // the bus went away
			}
			if len(signal.Body) == 3 && signal.Body[2] != "" {
				grace = time.After(registerGrace)
			}
		case <-grace:
			registerIcon(ctx, conn)
		}
	}
}

// registerIcon tells the panel of the icon that owns the well-known name of this process
// (StatusNotifierItem, "Registration"), unless it knows it.
func registerIcon(ctx context.Context, conn *dbus.Conn) {
	name := fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid())
	var owner string
	if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, name).Store(&owner); err != nil {
		return // no icon
	}
	watcher := conn.Object(trayWatcher, "/StatusNotifierWatcher")
	known, err := watcher.GetProperty(trayWatcher + ".RegisteredStatusNotifierItems")
	if err != nil {
		return
	}
	items, _ := known.Value().([]string)
	for _, item := range items {
		if bus, _, _ := strings.Cut(item, "/"); bus == owner || bus == name {
			return
		}
	}
	_ = watcher.CallWithContext(ctx, trayWatcher+".RegisterStatusNotifierItem", 0, name).Err
}
