package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// A provider's logout that ended nothing, for the database failed half-way, counts when it
// comes again.
func TestLogoutCountsOnceItEnds(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	end := func() error {
		return s.EndUpstream(t.Context(), "e", server.Logout{Hash: "jti", Expires: time.Now(), UpstreamSID: "sid"}, time.Now())
	}
	if err := s.line.once("ALTER TABLE sessions RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	if err := end(); err == nil || errors.Is(err, auth.ErrConflict) {
		t.Fatalf("without sessions: %v", err)
	}
	if err := s.line.once("ALTER TABLE away RENAME TO sessions"); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := end(); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("once more: %v", err)
	}
}
