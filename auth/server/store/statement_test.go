package store

import (
	"path/filepath"
	"slices"
	"testing"

	"lanyard/auth/authtest"
)

// Statements are prepared when they first run, so that the rare ones are tried here.
func TestStatements(t *testing.T) {
	authtest.Need(t, "postgres")
	for _, address := range []string{filepath.Join(t.TempDir(), "lanyard.db"), authtest.Postgres(t)} {
		s, err := Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, text := range slices.Concat(writeTexts, readTexts) {
			stmt, err := s.read.PrepareContext(t.Context(), text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			defer stmt.Close()
			if s.line == nil {
				continue
			}
			if err := s.line.statement(text).prepare(); err != nil {
				t.Error(err)
			}
		}
	}
}
