package store

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
)

// line is the connection on which SQLite does everything short: what is written, and
// what is read by key. Whoever comes while it is busy waits in line, and the next to get
// it does the work of all who wait: their writing is one transaction, because a commit
// costs as much as a few of the statements in it. Nobody is answered before their own
// transaction is committed. Reading here, too, is cheaper than on a connection beside
// it, which would lose all it has in memory at every write.
type line struct {
	conn   *sqlite.Conn
	writes []*statement // by writing
	reads  []*statement // by reading

	begin, commit, rollback  *statement // of the transaction
	mark, forget, backToMark *statement // of a task's part in it

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
	asking  does = iota // it reads
	alone               // one statement that writes: all of it happens or nothing
	several             // several, of which all happen or none
)

// newLine opens the line of a database whose schema is up to date.
func newLine(file string) (*line, error) {
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn.SetBusyTimeout(busyTimeout)
	l := &line{conn: conn, turn: make(chan struct{}, 1)}
	for _, pragma := range []string{"foreign_keys = ON", "synchronous = NORMAL", fmt.Sprint("wal_autocheckpoint = ", checkpointPages)} {
		err = errors.Join(err, l.once("PRAGMA "+pragma))
	}
	err = errors.Join(err, l.prepare(&l.writes, writeTexts), l.prepare(&l.reads, readTexts))
	for text, into := range map[string]**statement{
		"BEGIN IMMEDIATE": &l.begin, "COMMIT": &l.commit, "ROLLBACK": &l.rollback,
		"SAVEPOINT task": &l.mark, "RELEASE task": &l.forget, "ROLLBACK TO task": &l.backToMark,
	} {
		stmt, failed := prepare(conn, text)
		*into, err = stmt, errors.Join(err, failed)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return l, nil
}

func (l *line) prepare(into *[]*statement, texts []string) error {
	for _, text := range texts {
		stmt, err := prepare(l.conn, text)
		if err != nil {
			return err
		}
		*into = append(*into, stmt)
	}
	return nil
}

// once runs a statement that is not run again.
func (l *line) once(text string) error {
	stmt, err := prepare(l.conn, text)
	if err != nil {
		return err
	}
	_, err = stmt.exec()
	return errors.Join(err, stmt.stmt.Finalize())
}

// run waits until do is done and, if it writes, committed. do must not use the line.
func (l *line) run(what does, do func() error) error {
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
		l.serve(tasks)
		<-l.turn
		<-t.done
	}
	if t.panics != nil {
		panic(t.panics)
	}
	return t.err
}

// serve does the tasks. Who reads need not wait for those who write.
func (l *line) serve(tasks []*task) {
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
	if !l.busy && writers[0].does == alone {
		writers[0].try() // SQLite makes a transaction of it
		close(writers[0].done)
		return
	}
	err := l.transaction(writers)
	for _, t := range writers {
		if t.err == nil {
			t.err = err
		}
		close(t.done)
	}
}

// transaction does what writes. A task that fails leaves nothing behind and spoils
// nothing for the others.
func (l *line) transaction(tasks []*task) error {
	if _, err := l.begin.exec(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if alone := tasks[0]; len(tasks) == 1 {
		if alone.try(); alone.err != nil || alone.panics != nil {
			_, err := l.rollback.exec()
			return err
		}
		tasks = nil
	}
	for _, t := range tasks {
		if t.does == alone {
			t.try()
			continue
		}
		_, err := l.mark.exec()
		if err == nil {
			if t.try(); t.err != nil || t.panics != nil {
				_, err = l.backToMark.exec()
			}
		}
		if err == nil {
			_, err = l.forget.exec()
		}
		if err != nil {
			_, _ = l.rollback.exec()
			return fmt.Errorf("keep tasks of a transaction apart: %w", err)
		}
	}
	if _, err := l.commit.exec(); err != nil {
		_, _ = l.rollback.exec()
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// try does the task and keeps what became of it.
func (t *task) try() {
	defer func() { t.panics = recover() }()
	t.err = t.do()
}

// close waits for whoever has the connection and closes it with its statements.
func (l *line) close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.closed {
		return nil
	}
	l.closed = true
	return l.conn.Close()
}
