package desktop

import (
	"context"
	"fmt"

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
