package store

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
)

// line is the connection on which SQLite does everything short: what is written, and
// what is read by key. Those who write while it is busy wait together, and the first of
// them does the work of all: it is one transaction, because a commit costs as much as a
// few of the statements in it. Nobody is answered before their own transaction is
// committed. Reading here, too, is cheaper than on a connection beside it, which would
// lose all it has in memory at every write.
type line struct {
	mu     sync.Mutex // whoever has it has the connection and what is prepared on it
	conn   *sqlite.Conn
	writes []*statement // by writing
	reads  []*statement // by reading

	begin, commit, rollback  *statement // of the transaction
	mark, forget, backToMark *statement // of a task's part in it

	closed bool

	queue   sync.Mutex // and this has the rest
	waiting []*task    // the first of them will do them all
	busy    bool       // the last transaction was more than one task's
}

// company is how long a transaction waits for more tasks where the last had several: who
// is alone does not wait, but for the first after a crowd, and in a crowd nobody notices.
const company = 3 * time.Millisecond

// task is what one caller wants written.
type task struct {
	do     func() error
	does   does
	err    error
	panics any           // what do panicked with, for the caller to go on with
	done   chan struct{} // closed when somebody else has done it
}

// does says how a task writes.
type does int

const (
	alone   does = iota // one statement: all of it happens or nothing
	several             // several, of which all happen or none
)

// newLine opens the line of a database whose schema is up to date.
func newLine(file string) (*line, error) {
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn.SetBusyTimeout(busyTimeout)
	l := &line{conn: conn}
	for _, pragma := range []string{"foreign_keys = ON", "synchronous = NORMAL", fmt.Sprint("wal_autocheckpoint = ", checkpointPages)} {
		if err := l.once("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(fmt.Errorf("open database: %w", err), conn.Close())
		}
	}
	for _, text := range writeTexts {
		l.writes = append(l.writes, l.statement(text))
	}
	for _, text := range readTexts {
		l.reads = append(l.reads, l.statement(text))
	}
	l.begin, l.commit, l.rollback = l.statement("BEGIN IMMEDIATE"), l.statement("COMMIT"), l.statement("ROLLBACK")
	l.mark, l.forget, l.backToMark = l.statement("SAVEPOINT task"), l.statement("RELEASE task"), l.statement("ROLLBACK TO task")
	return l, nil
}

func (l *line) statement(text string) *statement { return &statement{conn: l.conn, text: text} }

// once runs a statement that is not among the line's own.
func (l *line) once(text string) error {
	_, err := l.statement(text).exec()
	return err
}

// read does what reads. do must not use the line.
func (l *line) read(do func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return sql.ErrConnDone
	}
	return do()
}

// change is write for one statement.
func (l *line) change(do func() error) error { return l.write(alone, do) }

// write waits until do is done and committed. do must not use the line.
func (l *line) write(what does, do func() error) error {
	t := &task{do: do, does: what}
	l.queue.Lock()
	first, wait := len(l.waiting) == 0, time.Duration(0)
	if first && l.busy {
		wait = company
	}
	if !first {
		t.done = make(chan struct{})
	}
	l.waiting = append(l.waiting, t)
	l.queue.Unlock()
	if first {
		time.Sleep(wait)
		l.serve()
	} else {
		<-t.done
	}
	if t.panics != nil {
		panic(t.panics)
	}
	return t.err
}

// serve does the tasks of all who wait; the first of them is the caller's own.
func (l *line) serve() {
	l.mu.Lock()
	l.queue.Lock()
	tasks := l.waiting
	l.waiting, l.busy = nil, len(tasks) > 1
	l.queue.Unlock()
	err := l.all(tasks)
	l.mu.Unlock()
	for i, t := range tasks {
		if t.err == nil {
			t.err = err
		}
		if i > 0 {
			close(t.done)
		}
	}
}

// all does the tasks. Where SQLite itself panics nobody's counts, every caller panics as
// it did, and the line goes on.
func (l *line) all(tasks []*task) error {
	defer func() {
		if p := recover(); p != nil {
			for _, t := range tasks {
				t.panics = p
			}
			defer func() { _ = recover() }() // it may do so again
			l.takeBack()
		}
	}()
	switch {
	case l.closed:
		return sql.ErrConnDone
	case len(tasks) == 1 && tasks[0].does == alone:
		tasks[0].try() // SQLite makes a transaction of it
		return nil
	default:
		return l.transaction(tasks)
	}
}

// takeBack ends a transaction that could not be committed, if SQLite has not.
func (l *line) takeBack() {
	if !l.conn.AutocommitEnabled() {
		_, _ = l.rollback.exec()
	}
}

// transaction does the tasks in one, for whose failure nobody's task counts.
func (l *line) transaction(tasks []*task) error {
	if _, err := l.begin.exec(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	err := l.together(tasks)
	if err == nil {
		if _, err = l.commit.exec(); err == nil {
			return nil
		}
		err = fmt.Errorf("commit transaction: %w", err)
	}
	l.takeBack()
	return err
}

// together does the tasks in the transaction that has begun. A task that fails leaves
// nothing behind and spoils nothing for the others.
func (l *line) together(tasks []*task) error {
	for _, t := range tasks {
		if err := l.apart(t); err != nil {
			return fmt.Errorf("keep tasks of a transaction apart: %w", err)
		}
		if l.conn.AutocommitEnabled() { // SQLite does so by itself, such as when the disk is full
			return errors.Join(errors.New("the transaction was rolled back"), t.err)
		}
	}
	return nil
}

// apart does one task of several.
func (l *line) apart(t *task) error {
	if t.does == alone {
		t.try()
		return nil
	}
	if _, err := l.mark.exec(); err != nil {
		return err
	}
	if t.try(); l.conn.AutocommitEnabled() {
		return nil
	}
	if t.err != nil || t.panics != nil {
		if _, err := l.backToMark.exec(); err != nil {
			return err
		}
	}
	_, err := l.forget.exec()
	return err
}

// try does the task and keeps what became of it.
func (t *task) try() {
	defer func() { t.panics = recover() }()
	t.err = t.do()
}

// close waits for whoever has the connection and closes it with its statements.
func (l *line) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	return l.conn.Close()
}
