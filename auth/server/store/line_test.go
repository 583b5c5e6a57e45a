package store

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

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
	s.line.turn <- struct{}{} // nobody begins before all are there
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
	for waiting := 0; waiting < len(tasks); time.Sleep(time.Millisecond) {
		s.line.mu.Lock()
		waiting = len(s.line.waiting)
		s.line.mu.Unlock()
	}
	<-s.line.turn
	wg.Wait()
	for name := range tasks {
		var n int
		if err := s.read.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM logout_tokens WHERE hash = $1", name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"a": 1, "c": 1, "e": 1}[name]; n != want {
			t.Errorf("%s: %d rows, want %d", name, n, want)
		}
	}
	if err := save("after", fine); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}
