//go:build unix

package desktop

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeEntry writes an entry that is a file.
func writeEntry(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return WriteFile(path, []byte(content), 0o600)
}

func hasEntry(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func removeEntry(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
