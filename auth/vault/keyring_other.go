//go:build !linux && !darwin && !windows

package vault

import (
	"errors"

	"lanyard/auth"
)

// reachable says no: on systems that nobody tests, a vault is memory-only.
func reachable() error { return errors.New("no keyring on this system") }

func locked() bool { return false }

func faultOf(error) auth.Fault { return auth.KeyringMissing }
