//go:build unix

package launch

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// ownedHere is nil for a file of the system's or of the person's own.
func ownedHere(info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Getuid() {
		return errors.New("it is another person's")
	}
	return nil
}
