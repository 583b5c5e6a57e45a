package desktop_test

import (
	"path/filepath"
	"testing"

	"github.com/godbus/dbus/v5"

	"lanyard/app/desktop"
	"lanyard/auth/authtest"
)

// TestTrayHost sees a panel come to a private bus.
func TestTrayHost(t *testing.T) {
	authtest.KeyringSession(t).Setenv(t)
	if shown, err := desktop.TrayHost(t.Context()); shown || err != nil {
		t.Errorf("without a panel: %v, %v", shown, err)
	}
	panel, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer panel.Close()
	if _, err := panel.RequestName("org.kde.StatusNotifierWatcher", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	if shown, err := desktop.TrayHost(t.Context()); !shown || err != nil {
		t.Errorf("with a panel: %v, %v", shown, err)
	}
}

func TestTrayHostWithoutBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if shown, err := desktop.TrayHost(t.Context()); shown || err == nil {
		t.Errorf("got %v, %v", shown, err)
	}
}
