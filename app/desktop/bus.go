package desktop

import (
	"os"
	"path/filepath"
)

// HasSessionBus reports whether a D-Bus session bus is named or lies in its usual place.
// Where it says no, nothing may touch D-Bus: the library would start a bus of its own
// (dbus-launch) that nobody ends.
func HasSessionBus(getenv func(string) string) bool {
	if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return true
	}
	dir := getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return err == nil
}
