package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// line is the connection on which SQLite does everything short: what is written, and
// what is read by key. Whoever comes while it is busy waits in line, and the next to get
// it does the work of all who wait: their writing is one transaction, because a commit
// costs as much as a few of the statements in it. Nobody is answered before their own
// transaction is committed. Reading here, too, is cheaper than on a connection beside
// it, which would lose all it has in memory at every write.
type line struct {
	conn   *sql.Conn
	writes []*sql.Stmt // by writing
	reads  []*sql.Stmt // by reading

	begin, commit, rollback  *sql.Stmt // of the transaction
	mark, forget, backToMark *sql.Stmt // of a task's part in it

	turn   chan struct{} // whoever has put something in has the connection and these two
	busy   bool          // the last transaction was more than one task's
	closed bool

	mu      sync.Mutex
	waiting []*task
}

// company is how long a transaction waits for more tasks where the last had several: a
// single sign-in never waits, and of many at once none notices.
const company = 500 * time.Microsecond

// task is what one caller wants done.
type task struct {
	do     func() error
	does   does
	err    error
	panics any // what do panicked with, for the caller to go on with
	done   chan struct{}
}

// does says what a task does to the database.
type does int

const (
	asking    does = iota // it reads
	statement             // one statement that writes: all of it happens or nothing
	several               // several, of which all happen or none
)

func newLine(ctx context.Context, db *sql.DB) (*line, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	l := &line{conn: conn, turn: make(chan struct{}, 1)}
	err = errors.Join(l.prepare(ctx, &l.writes, writeTexts...), l.prepare(ctx, &l.reads, readTexts...))
	for text, stmt := range map[string]**sql.Stmt{
		"BEGIN IMMEDIATE": &l.begin, "COMMIT": &l.commit, "ROLLBACK": &l.rollback,
		"SAVEPOINT task": &l.mark, "RELEASE task": &l.forget, "ROLLBACK TO task": &l.backToMark,
	} {
		var one []*sql.Stmt
		if err = errors.Join(err, l.prepare(ctx, &one, text)); err == nil {
			*stmt = one[0]
		}
	}
	return l, err
}

func (l *line) prepare(ctx context.Context, into *[]*sql.Stmt, texts ...string) error {
	for _, text := range texts {
		stmt, err := l.conn.PrepareContext(ctx, text) //nolint:sqlclosecheck // closed with the connection
		if err != nil {
			return fmt.Errorf("prepare statement %q: %w", text, err)
		}
		*into = append(*into, stmt)
	}
	return nil
}

// run waits until do is done and, if it writes, committed. do must not use the line. The
// context may serve others too, so it must not be one that ends.
func (l *line) run(ctx context.Context, what does, do func() error) error {
	t := &task{do: do, does: what, done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, t)
	l.mu.Unlock()
	select {
	case <-t.done:
	case l.turn <- struct{}{}:
		if l.busy {
			time.Sleep(company)
		}
		l.mu.Lock()
		tasks := l.waiting
		l.waiting = nil
		l.mu.Unlock()
		l.serve(ctx, tasks)
		<-l.turn
		<-t.done
	}
	if t.panics != nil {
		panic(t.panics)
	}
	return t.err
}

// serve does the tasks. Who reads need not wait for those who write.
func (l *line) serve(ctx context.Context, tasks []*task) {
	var writers []*task
	for _, t := range tasks {
		if t.does != asking {
			writers = append(writers, t)
			continue
		}
		t.try()
		close(t.done)
	}
	if len(writers) == 0 {
		return
	}
	l.busy = len(writers) > 1
	if !l.busy && writers[0].does == statement {
		writers[0].try() // SQLite makes a transaction of it
		close(writers[0].done)
		return
	}
	err := l.transaction(ctx, writers)
	for _, t := range writers {
		if t.err == nil {
			t.err = err
		}
		close(t.done)
	}
}

// transaction does what writes. A task that fails leaves nothing behind and spoils
// nothing for the others.
func (l *line) transaction(ctx context.Context, tasks []*task) error {
	if _, err := l.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if alone := tasks[0]; len(tasks) == 1 {
		if alone.try(); alone.err != nil || alone.panics != nil {
			_, err := l.rollback.ExecContext(ctx)
			return err
		}
		tasks = nil
	}
	for _, t := range tasks {
		if t.does == statement {
			t.try()
			continue
		}
		_, err := l.mark.ExecContext(ctx)
		if err == nil {
			if t.try(); t.err != nil || t.panics != nil {
				_, err = l.backToMark.ExecContext(ctx)
			}
		}
		if err == nil {
			_, err = l.forget.ExecContext(ctx)
		}
		if err != nil {
			_, _ = l.rollback.ExecContext(ctx)
			return fmt.Errorf("keep tasks of a transaction apart: %w", err)
		}
	}
	if _, err := l.commit.ExecContext(ctx); err != nil {
		_, _ = l.rollback.ExecContext(ctx)
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// try does the task and keeps what became of it.
func (t *task) try() {
	defer func() { t.panics = recover() }()
	t.err = t.do()
}

// close waits for whoever has the connection and gives it back. SQLite keeps it open,
// and its log unfinished, for as long as there are statements on it.
func (l *line) close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.closed {
		return nil
	}
	l.closed = true
	var errs []error
	for _, stmt := range slices.Concat(l.writes, l.reads, []*sql.Stmt{l.begin, l.commit, l.rollback, l.mark, l.forget, l.backToMark}) {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, l.conn.Close())...)
}
