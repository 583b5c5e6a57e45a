//go:build unix

package desktop

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps what the process holds, tokens above all, out of core dumps.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}
