package vault

import (
	"errors"
	"os/exec"

	"lanyard/auth"
)

func reachable() error { return nil }

// locked cannot be known beforehand: security(1) has no question that does not prompt.
func locked() bool { return false }

// faultOf reads the exit status of security(1), which is the low byte of the OSStatus.
func faultOf(err error) auth.Fault {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return ""
	}
	switch exit.ExitCode() {
	case 36, 51, 128: // errSecInteractionNotAllowed, errSecAuthFailed, userCanceledErr
		return auth.KeyringLocked
	case 37, 50, 53: // errSecNoDefaultKeychain, errSecNoSuchKeychain, errSecNotAvailable
		return auth.KeyringMissing
	}
	return ""
}
