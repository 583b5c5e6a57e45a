//go:build unix

package desktop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// makePrivate makes dir, or checks that the one there is ours and closes it to others.
// stat is os.Lstat where a symbolic link must not stand for it.
func makePrivate(dir string, stat func(string) (os.FileInfo, error)) error {
	if err := checkAbove(dir, os.Getuid()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := stat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s: %w", dir, ErrNotPrivate)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(dir, 0o700) //nolint:gosec // a folder needs its x
	}
	return nil
}

// checkAbove keeps root out of a person's home (sudo may leave HOME as it is): a folder made
// there would be root's, and shut the person out of their own Lanyard.
func checkAbove(dir string, user int) error {
	if user != 0 {
		return nil
	}
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		info, err := os.Stat(above)
		if errors.Is(err, fs.ErrNotExist) {
			continue // "/" is there
		}
		if err != nil {
			return err
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			return fmt.Errorf("%s belongs to another user: %w", above, ErrNotPrivate)
		}
		return nil
	}
}

// another reports whether dir is there and belongs to another user.
func another(dir, user string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && strconv.FormatUint(uint64(owner.Uid), 10) != user
}
