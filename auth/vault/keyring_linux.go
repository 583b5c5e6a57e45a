package vault

import (
	"errors"
	"os"
	"path/filepath"

	ss "github.com/zalando/go-keyring/secret_service"

	"lanyard/auth"
)

// reachable keeps go-keyring away from D-Bus where no session bus exists: its D-Bus
// library would start one of its own (dbus-launch), which nobody ends and which holds
// no keyring.
func reachable() error {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return nil
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "bus")); err == nil { //nolint:gosec // the person's own runtime folder
			return nil
		}
	}
	return errors.New("no session bus")
}

// locked reports whether the collection that would be asked is known to be locked.
func locked() bool {
	svc, err := ss.NewSecretService()
	if err != nil {
		return false
	}
	isLocked, err := collectionLocked(svc)
	return err == nil && isLocked
}

// faultOf asks the Secret Service why a call failed, since go-keyring has one untyped
// error for a locked collection, a dismissed prompt and a collection that is not there.
func faultOf(error) auth.Fault {
	svc, err := ss.NewSecretService()
	if err != nil {
		return auth.KeyringMissing
	}
	var owned bool
	err = svc.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.freedesktop.secrets").Store(&owned)
	if err != nil || !owned {
		return auth.KeyringMissing
	}
	// A service that shows no collection may be one whose database is closed (KeePassXC),
	// so that is no fault of its own.
	if isLocked, err := collectionLocked(svc); err == nil && isLocked {
		return auth.KeyringLocked
	}
	return ""
}

// collectionLocked reads the property that Secret Service 0.2 defines for collections.
func collectionLocked(svc *ss.SecretService) (bool, error) {
	v, err := svc.GetLoginCollection().GetProperty("org.freedesktop.Secret.Collection.Locked")
	if err != nil {
		return false, err
	}
	isLocked, _ := v.Value().(bool)
	return isLocked, nil
}
