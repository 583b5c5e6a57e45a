package vault

import (
	"errors"
	"syscall"

	"lanyard/auth"
)

// errNoSuchLogonSession is what Credential Manager answers to a process whose logon
// has no credential set, such as one of a network logon (ERROR_NO_SUCH_LOGON_SESSION).
const errNoSuchLogonSession = syscall.Errno(1312)

func reachable() error { return nil }

// locked is never true: Credential Manager is open while its owner is logged on.
func locked() bool { return false }

func faultOf(err error) auth.Fault {
	if errors.Is(err, errNoSuchLogonSession) {
		return auth.KeyringMissing
	}
	return ""
}
