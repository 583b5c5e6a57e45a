package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	fileName = "vault.sealed"
	// asideMark stands between the name of a file that was kept aside and the time.
	asideMark = ".damaged-"
	// maxFile bounds what is read: thousands of profiles fit.
	maxFile = 16 << 20
)

// readFile returns the sealed file, nil where there is none.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the vault's own file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read %s: larger than %d bytes", fileName, maxFile)
	}
	if data == nil {
		data = []byte{} // an empty file is a damaged one, not none
	}
	return data, nil
}

// writeFile replaces the sealed file in one step that survives a loss of power: a
// temporary file beside it, flushed, renamed over it, and the folder flushed.
func writeFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, fileName+".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// removeFile removes the sealed file, if it is there, as lastingly as writeFile writes it.
func removeFile(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir flushes a folder's entries. Windows has no such call; its rename is flushed
// with the file system's journal.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) //nolint:gosec // the vault's own folder
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// keepAside renames a file that cannot be opened: somebody may still find its key.
func keepAside(path string) error {
	aside := path + asideMark + time.Now().UTC().Format("20060102T150405.000000000")
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// removeFiles removes the sealed file and everything kept aside or left over beside it. The
// folder is read, as its own name may hold what a pattern reads as a wildcard.
func removeFiles(path string) error {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.Name() != name && !strings.HasPrefix(e.Name(), name+".") {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
