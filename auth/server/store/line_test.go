package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/auth"
)

// save saves a row under a hash.
func save(s *Store, hash string) error {
	_, err := s.exec(context.Background(), insertLogout, "e", hash, ms(time.Now()))
	return err
}

// inOne starts saves of one row each, which the line then does in one transaction, in
// that order, and returns what each was told.
func inOne(t *testing.T, s *Store, hashes ...string) []error {
	t.Helper()
	told := make([]error, len(hashes))
	var wg sync.WaitGroup
	s.line.mu.Lock() // nobody begins before all are there
	for i, hash := range hashes {
		wg.Go(func() { told[i] = save(s, hash) })
		waits(s, i+1)
	}
	s.line.mu.Unlock()
	wg.Wait()
	return told
}

// find reads something on the line that is not there.
func find(s *Store) error {
	_, err := s.Admin(context.Background(), "nobody")
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	return err
}

// waits returns when n tasks wait.
func waits(s *Store, n int) {
	for waiting := 0; waiting < n; time.Sleep(time.Millisecond) {
		s.line.queue.Lock()
		waiting = len(s.line.waiting)
		s.line.queue.Unlock()
	}
}

// rows counts what was saved under a hash.
func rows(t *testing.T, s *Store, hash string) (n int) {
	t.Helper()
	if err := s.read.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM logout_tokens WHERE hash = $1", hash).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A full disk has SQLite take the whole transaction back: nobody's row is there, whether
// theirs came before or after the one that did not fit, and everybody is told.
func TestLineDiskFull(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var pages int
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := s.line.once(fmt.Sprint("PRAGMA max_page_count = ", pages+4)); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<18)
	for i, err := range inOne(t, s, "before", large, "after") {
		if err == nil {
			t.Errorf("task %d was told that all is well", i)
		}
	}
	if n := rows(t, s, "before") + rows(t, s, large) + rows(t, s, "after"); n != 0 {
		t.Errorf("%d rows of a transaction that failed", n)
	}
	if err := errors.Join(inOne(t, s, "smaller", "ones")...); err != nil || rows(t, s, "ones") != 1 {
		t.Errorf("afterwards: %v", err)
	}
}

// Once a crowd is gone nobody waits for company any more.
func TestLineAfterACrowd(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	busy := func() bool {
		s.line.queue.Lock()
		defer s.line.queue.Unlock()
		return s.line.busy
	}
	if err := errors.Join(inOne(t, s, "a", "b")...); err != nil || !busy() {
		t.Fatalf("two at once: %v, busy %v", err, busy())
	}
	if err := errors.Join(inOne(t, s, "c")...); err != nil || busy() {
		t.Errorf("one alone: %v, busy %v", err, busy())
	}
}

// Who reads goes ahead of a writer that waits for company.
func TestLineReadsMeanwhile(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(inOne(t, s, "a", "b")...); err != nil { // a crowd
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		written := make(chan error, 1)
		go func() { written <- save(s, "c") }()
		synctest.Wait() // it waits
		began := time.Now()
		if !s.line.mu.TryLock() {
			t.Error("whoever waits for company has the connection")
		} else {
			s.line.mu.Unlock()
			if err := find(s); err != nil || time.Since(began) > 0 || len(written) > 0 {
				t.Errorf("read: %v, after %v, the writer is done: %v", err, time.Since(began), len(written) > 0)
			}
		}
		if err := <-written; err != nil || time.Since(began) != company {
			t.Errorf("written: %v, after %v", err, time.Since(began))
		}
	})
}

// Whether the database is there is told while somebody writes.
func TestPingMeanwhile(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.line.mu.Lock()
	told := make(chan error, 1)
	go func() { told <- s.Ping(t.Context()) }()
	select {
	case err = <-told:
	case <-time.After(time.Minute):
		err = errors.New("it waits for the writer")
	}
	s.line.mu.Unlock()
	if err != nil {
		t.Error(err)
	}
}

// What outlives the store is told so.
func TestLineClosed(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(find(s), s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := save(s, "a"); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("write: %v", err)
	}
	if err := find(s); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("read: %v", err)
	}
}

// A panic of SQLite's own, in none of the tasks, is that of everybody who waits; those who
// come later find the line as if nothing had been.
func TestLineSurvivesSQLite(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	commit := s.line.commit
	s.line.commit = nil
	panicked := make(chan bool, 2)
	s.line.mu.Lock() // nobody begins before all are there
	for i, hash := range []string{"a", "b"} {
		go func() {
			defer func() { panicked <- recover() != nil }()
			_ = save(s, hash)
		}()
		waits(s, i+1)
	}
	s.line.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		for range 2 {
			if !<-panicked {
				t.Error("a task that was lost is done")
			}
		}
		s.line.mu.Lock()
		s.line.commit = commit
		s.line.mu.Unlock()
		done <- errors.Join(inOne(t, s, "c", "d")...)
	}()
	select {
	case err = <-done:
	case <-time.After(time.Minute):
		t.Fatal("the line is locked")
	}
	if err != nil || rows(t, s, "a")+rows(t, s, "b") != 0 || rows(t, s, "c") != 1 || rows(t, s, "d") != 1 {
		t.Errorf("%v; rows: %d, %d, %d, %d", err, rows(t, s, "a"), rows(t, s, "b"), rows(t, s, "c"), rows(t, s, "d"))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Of tasks that share a transaction, one that fails half-way or panics leaves nothing
// behind, is told so itself, and takes nothing from the others.
func TestLineKeepsTasksApart(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	failed := errors.New("no more")
	save := func(name string, after func() error) error {
		return s.atomically(t.Context(), func(ctx context.Context, tx transaction) error {
			if _, err := tx.exec(ctx, insertLogout, "e", name, 1); err != nil {
				return err
			}
			return after()
		})
	}
	fine := func() error { return nil }
	tasks := map[string]func() error{
		"a": fine, "b": func() error { return failed }, "c": fine, "d": func() error { panic("d") }, "e": fine,
	}
	s.line.mu.Lock() // nobody begins before all are there
	var wg sync.WaitGroup
	for name, after := range tasks {
		wg.Go(func() {
			defer func() {
				if p := recover(); (p != nil) != (name == "d") {
					t.Errorf("%s panicked with %v", name, p)
				}
			}()
			if err := save(name, after); errors.Is(err, failed) != (name == "b") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	waits(s, len(tasks))
	s.line.mu.Unlock()
	wg.Wait()
	for name := range tasks {
		if n, want := rows(t, s, name), map[string]int{"a": 1, "c": 1, "e": 1}[name]; n != want {
			t.Errorf("%s: %d rows, want %d", name, n, want)
		}
	}
	if err := save("after", fine); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}
