package desktop_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"lanyard/app/desktop"
	"lanyard/auth/authtest"
)

// TestWatch speaks as logind, NetworkManager and a password store on a private bus.
func TestWatch(t *testing.T) {
	daemon, dir := authtest.Need(t, "dbus"), authtest.ShortDir(t)
	socket, config := filepath.Join(dir, "bus"), filepath.Join(dir, "bus.conf")
	err := os.WriteFile(config, []byte(`<busconfig><type>system</type><listen>unix:path=`+socket+`</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	bus := exec.CommandContext(t.Context(), daemon, "--nofork", "--nopidfile", "--config-file="+config)
	if err := bus.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Wait() }) // ended by the test's context
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+socket)

	var system *dbus.Conn
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if system, err = dbus.ConnectSystemBus(); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	defer system.Close()
	for _, name := range []string{"org.freedesktop.login1", "org.freedesktop.NetworkManager"} {
		if _, err := system.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
			t.Fatal(err)
		}
	}
	emit := func(path dbus.ObjectPath, name string, value any) {
		t.Helper()
		if err := system.Emit(path, name, value); err != nil {
			t.Fatal(err)
		}
	}
	sleep := func(start bool) {
		emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", start)
	}
	network := func(state uint32) {
		emit("/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager.StateChanged", state)
	}

	ctx, cancel := context.WithCancel(t.Context())
	events := desktop.Watch(ctx)
	next := func() desktop.Event {
		t.Helper()
		select {
		case event := <-events:
			return event
		case <-time.After(time.Minute):
			t.Fatal("no event")
			return ""
		}
	}
	// Until Watch listens, signals go nowhere.
	for heard := false; !heard; {
		sleep(false)
		select {
		case event := <-events:
			heard = event == desktop.Resumed
		case <-time.After(20 * time.Millisecond):
		}
	}
	sleep(true)
	network(20) // disconnected
	network(70) // connected, globally
	event := next()
	for event == desktop.Resumed { // those emitted before Watch was heard
		event = next()
	}
	if event != desktop.NetworkChanged {
		t.Errorf("got %q, want %q", event, desktop.NetworkChanged)
	}
	sleep(true)
	sleep(false)
	if event := next(); event != desktop.Resumed {
		t.Errorf("got %q, want %q", event, desktop.Resumed)
	}
	if _, err := system.RequestName("org.freedesktop.secrets", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	if event := next(); event != desktop.KeyringChanged {
		t.Errorf("a password store has come: got %q, want %q", event, desktop.KeyringChanged)
	}
	cancel()
	for range events { // must end
	}
}

// TestWatchStore hears of a real password store; its bus is the system's, too.
func TestWatchStore(t *testing.T) {
	session := authtest.KeyringSession(t)
	session.Setenv(t)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	system, err := dbus.ConnectSystemBus()
	if err != nil {
		t.Fatal(err)
	}
	defer system.Close()
	if _, err := system.RequestName("org.freedesktop.login1", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	events := desktop.Watch(ctx)
	for heard := false; !heard; { // until Watch listens
		if err := system.Emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", false); err != nil {
			t.Fatal(err)
		}
		select {
		case _, heard = <-events:
		case <-time.After(20 * time.Millisecond):
		}
	}
	session.Lock(t)
	for event := range events {
		if event == desktop.KeyringChanged {
			return
		}
	}
	t.Error("nothing was heard of a locked password store")
}

func TestWatchWithoutBus(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	for event := range desktop.Watch(t.Context()) {
		t.Errorf("got %q", event)
	}
}
