package desktop_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// panel is a StatusNotifierWatcher that tells what it is asked.
type panel chan string

// Get answers org.freedesktop.DBus.Properties.Get: it knows no icon.
func (p panel) Get(_, name string) (dbus.Variant, *dbus.Error) {
	p <- "Get " + name
	return dbus.MakeVariant([]string{}), nil
}

func (p panel) RegisterStatusNotifierItem(name string) *dbus.Error {
	p <- "Register " + name
	return nil
}

// TestKeepIcon looks once for the panel that is there already, once for each that comes,
// and not a single time more; and it ends.
func TestKeepIcon(t *testing.T) {
	authtest.KeyringSession(t).Setenv(t)
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := make(panel, 64)
	icon := fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid())
	const watcher = "org.kde.StatusNotifierWatcher"
	for _, name := range []string{watcher, "org.freedesktop.DBus.Properties"} {
		if err := conn.Export(p, "/StatusNotifierWatcher", name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{icon, watcher} {
		if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { desktop.KeepIcon(ctx); close(ended) }()
	looks := func() {
		t.Helper()
		for _, want := range []string{"Get RegisteredStatusNotifierItems", "Register " + icon} {
			select {
			case got := <-p:
				if got != want {
					t.Errorf("the panel was asked %q, want %q", got, want)
				}
			case <-time.After(time.Minute):
				t.Fatalf("the panel was not asked %q", want)
			}
		}
	}
	looks()
	for range 2 { // panels that come later
		if _, err := conn.ReleaseName(watcher); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.RequestName(watcher, dbus.NameFlagDoNotQueue); err != nil {
			t.Fatal(err)
		}
		looks()
	}
	cancel()
	<-ended
	if len(p) > 0 {
		t.Errorf("the panel was asked %q besides", <-p)
	}
}
