package servertest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"lanyard/auth/server/store"
)

// empty is a SQLite database with nothing but its schema, made once for all tests of a
// package: under the race detector the migrations take longer than most of them.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "lanyard-schema")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "lanyard.db")
	s, err := store.Open(context.Background(), file)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file) //nolint:gosec // made above
})

// Database returns the file of a SQLite database of the test's own, its schema up to date.
func Database(t testing.TB) string {
	t.Helper()
	data, err := empty()
	Must(t, err)
	file := filepath.Join(t.TempDir(), "lanyard.db")
	Must(t, os.WriteFile(file, data, 0o600))
	return file
}
