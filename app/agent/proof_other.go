//go:build !linux

package agent

// samePerson cannot tell here: no table of sockets names their owners to an ordinary
// program. The nonce, which only the person's own browser is given, has to do.
func samePerson(string, int) error { return nil }
