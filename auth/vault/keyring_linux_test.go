package vault_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/vault"
)

// TestRealKeyring walks a vault's life with a real gnome-keyring: made, reopened,
// locked, unlocked, destroyed.
func TestRealKeyring(t *testing.T) {
	session := authtest.KeyringSession(t)
	session.Setenv(t)
	dir, k := t.TempDir(), vault.OSKeyring("test")
	big := entry(strings.Repeat("r", 6_144))

	if _, err := k.Get(t.Context()); !errors.Is(err, auth.ErrNotFound) {
		t.Fatalf("key before the first sign-in: got %v, want ErrNotFound", err)
	}
	v := mustOpen(t, dir, k)
	if err := v.Prepare(t.Context()); err != nil || v.MemoryOnly() {
		t.Fatalf("prepare: err %v, memory-only %v", err, v.MemoryOnly())
	}
	if err := v.Put("p", big); err != nil {
		t.Fatal(err)
	}
	if got, err := mustOpen(t, dir, k).Get("p"); err != nil || !same(got, big) {
		t.Fatalf("reopened: entry lost (err %v)", err)
	}
	if got, err := vault.OSKeyring("other").Get(t.Context()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("another account's key: got %v, err %v, want ErrNotFound", got, err)
	}

	session.Lock(t)
	for name, ctx := range map[string]context.Context{"asking": t.Context(), "quietly": vault.Quietly(t.Context())} {
		if _, err := vault.Open(ctx, dir, k); !errors.Is(err, auth.KeyringLocked) {
			t.Errorf("locked, %s: got %v, want KeyringLocked", name, err)
		}
	}
	// What is open stays open: a session goes on while the keyring is locked.
	if err := v.Put("p", big); err != nil {
		t.Errorf("put into an open vault: %v", err)
	}

	session.Unlock(t)
	v, err := openWhenUnlocked(t, dir, k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Get("p"); err != nil || !same(got, big) {
		t.Fatalf("after unlocking: entry lost (err %v)", err)
	}
	if err := v.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Get(t.Context()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("key after destroying: got %v, want ErrNotFound", err)
	}
}

// openWhenUnlocked retries as the agent does: the keyring's own daemon may answer
// "locked" for a moment after it took the password.
func openWhenUnlocked(t *testing.T, dir string, k vault.Keyring) (*vault.Vault, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		v, err := vault.Open(vault.Quietly(ctx), dir, k)
		if !errors.Is(err, auth.ErrLocked) || ctx.Err() != nil {
			return v, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestBusWithoutKeyring has a session bus on which nobody keeps secrets.
func TestBusWithoutKeyring(t *testing.T) {
	bus, config := authtest.Need(t, "dbus"), filepath.Join(t.TempDir(), "bus.conf")
	// Of no folder, whose name could be too long for a socket.
	socket := "lanyard-test-" + auth.RandomID()
	writeFile(t, config, []byte(`<busconfig><type>session</type><listen>unix:abstract=`+socket+`</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`))
	daemon := exec.CommandContext(t.Context(), bus, "--nofork", "--nopidfile", "--config-file="+config)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Wait() }) // ended by the test's context
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("unix", "@"+socket); err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the bus did not come up")
		}
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract="+socket)
	v := mustOpen(t, t.TempDir(), vault.OSKeyring("test"))
	if !v.MemoryOnly() {
		t.Error("not memory-only where the bus has no keyring")
	}
}

// TestNoSessionBus makes sure that a machine without a bus stays without one: the
// D-Bus library would run dbus-launch.
func TestNoSessionBus(t *testing.T) {
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	script := "#!/bin/sh\n: > '" + ran + "'\n" // no other program: PATH has only this one
	if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"unset": "", "autolaunch": "autolaunch:"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", dir)
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
			t.Setenv("XDG_RUNTIME_DIR", dir)
			_, err := vault.OSKeyring("test").Get(t.Context())
			if fault, _ := auth.FaultOf(err); fault != auth.KeyringMissing {
				t.Errorf("got %v, want KeyringMissing", err)
			}
			v := mustOpen(t, dir, vault.OSKeyring("test"))
			if !v.MemoryOnly() {
				t.Error("not memory-only")
			}
			if _, err := os.Stat(ran); err == nil {
				t.Error("dbus-launch was run")
			}
		})
	}
}
