package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"lanyard/auth"

	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"
)

// writing and reading name a statement that writes or only reads. They are two types so
// that none that writes can run where it may not.
type (
	writing int
	reading int
)

var writeTexts, readTexts []string

func writes(text string) writing {
	writeTexts = append(writeTexts, text)
	return writing(len(writeTexts) - 1)
}

func reads(text string) reading {
	readTexts = append(readTexts, text)
	return reading(len(readTexts) - 1)
}

// context returns the context that a statement runs under. SQLite answers in
// microseconds; to be ready to interrupt it would cost a good part of that again.
func (s *Store) context(ctx context.Context) (context.Context, error) {
	if s.postgres {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

// exec runs a statement in a transaction of its own and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, w writing, args ...any) (int64, error) {
	if s.line == nil {
		return changed(s.write.ExecContext(ctx, writeTexts[w], args...))
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var n int64
	err := s.line.change(func() (err error) {
		n, err = s.line.writes[w].exec(args...)
		return err
	})
	return n, err
}

func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, conflict(err)
	}
	return result.RowsAffected()
}

// transaction is one that runs: its exec is the only thing that may be done in it,
// since on SQLite it holds the connection that everybody else writes on.
type transaction struct {
	store *Store
	tx    *sql.Tx // nil on SQLite, where the line has begun it
}

func (t transaction) exec(ctx context.Context, w writing, args ...any) (int64, error) {
	if t.tx == nil {
		return t.store.line.writes[w].exec(args...)
	}
	return changed(t.tx.ExecContext(ctx, writeTexts[w], args...))
}

// hold has one transaction at a time make, use or end what is a person's, by changing
// the person's row for nothing: PostgreSQL's others wait for that, and see afterwards what
// this one did (its READ COMMITTED takes a new look at each statement). SQLite has one
// writer at a time anyway.
func (t transaction) hold(ctx context.Context, people writing, args ...any) error {
	if t.tx == nil {
		return nil
	}
	if _, err := t.exec(ctx, people, args...); err != nil {
		return fmt.Errorf("hold person: %w", err)
	}
	return nil
}

// atomically runs do in a transaction, again where the database asks for it.
func (s *Store) atomically(ctx context.Context, do func(context.Context, transaction) error) error {
	const attempts = 5
	var err error
	for range attempts {
		if err = s.try(ctx, do); !again(err) {
			return err
		}
	}
	return err
}

// setUp is atomically for what [Store.OnSetup] tells of.
func (s *Store) setUp(ctx context.Context, do func(context.Context, transaction) error) error {
	err := s.atomically(ctx, do)
	s.hasSetUp()
	return err
}

func (s *Store) hasSetUp() {
	if s.OnSetup != nil {
		s.OnSetup()
	}
}

func (s *Store) try(ctx context.Context, do func(context.Context, transaction) error) error {
	ctx, err := s.context(ctx)
	if err != nil {
		return err
	}
	if s.line != nil {
		return s.line.write(several, func() error { return do(ctx, transaction{store: s}) })
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := do(ctx, transaction{store: s, tx: tx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// again reports whether PostgreSQL (or an engine that speaks it) gave up a
// transaction for another one's sake: serialization failure or deadlock.
func again(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// unstorable reports whether PostgreSQL was asked for text that it cannot hold, a NUL or
// broken UTF-8, which therefore no record has.
func unstorable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22021"
}

// conflict makes auth.ErrConflict of a broken uniqueness.
func conflict(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return errors.Join(auth.ErrConflict, err)
	}
	if code := sqlite.ErrCode(err); code == sqlite.ResultConstraintUnique || code == sqlite.ResultConstraintPrimaryKey {
		return errors.Join(auth.ErrConflict, err)
	}
	return err
}

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// one reads one record; what names it in errors.
func one[T any](ctx context.Context, s *Store, what string, r reading, scan func(scanner) (T, error), args ...any) (T, error) {
	if s.line != nil {
		return inLine(ctx, what, s.line.read, s.line.reads[r], scan, args)
	}
	v, err := scan(s.read.QueryRowContext(ctx, readTexts[r], args...))
	return v, missing(what, err)
}

// changedOne reads the one record that a statement with RETURNING has changed.
func changedOne[T any](ctx context.Context, s *Store, what string, w writing, scan func(scanner) (T, error), args ...any) (T, error) {
	if s.line != nil {
		return inLine(ctx, what, s.line.change, s.line.writes[w], scan, args)
	}
	v, err := scan(s.write.QueryRowContext(ctx, writeTexts[w], args...))
	return v, missing(what, err)
}

// inLine has the line do a statement that gives one record.
func inLine[T any](ctx context.Context, what string, run func(func() error) error, stmt *statement, scan func(scanner) (T, error), args []any) (v T, err error) {
	if err = ctx.Err(); err != nil {
		return v, err
	}
	err = run(func() error {
		return stmt.row(func(row scanner) (err error) {
			v, err = scan(row)
			return err
		}, args)
	})
	return v, missing(what, err)
}

// missing names what was looked for.
func missing(what string, err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows), unstorable(err):
		return fmt.Errorf("find %s: %w", what, auth.ErrNotFound)
	case err != nil:
		return fmt.Errorf("find %s: %w", what, conflict(err))
	}
	return nil
}

// many reads any number of records.
func many[T any](ctx context.Context, s *Store, what string, r reading, scan func(scanner) (T, error), args ...any) ([]T, error) {
	ctx, err := s.context(ctx)
	if err != nil {
		return nil, err
	}
	stmt, err := s.list(ctx, r) //nolint:sqlclosecheck // kept
	if err != nil {
		return nil, unlisted(what, err)
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, unlisted(what, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", what, err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, unlisted(what, err)
	}
	return all, nil
}

// list returns the statement of a list, prepared when it is first asked for: SQLite takes
// three times as long to prepare a short list as to read it.
func (s *Store) list(ctx context.Context, r reading) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lists[r] == nil {
		stmt, err := s.read.PrepareContext(ctx, readTexts[r]) //nolint:sqlclosecheck // closed with the pool
		if err != nil {
			return nil, fmt.Errorf("prepare statement %q: %w", readTexts[r], err)
		}
		s.lists[r] = stmt
	}
	return s.lists[r], nil
}

// unlisted is the error of a list, if it is one: nothing is like what cannot be stored.
func unlisted(what string, err error) error {
	if unstorable(err) {
		return nil
	}
	return fmt.Errorf("list %s: %w", what, err)
}

// saved is [used] for saving a record: none changed means that its id belongs to another
// enterprise or that it may not change any more.
func saved(what string, n int64, err error) error { return used("save "+what, n, err) }

// used judges a statement that must have changed a row, and does so once; doing names it
// in errors.
func used(doing string, n int64, err error) error {
	if err == nil && n == 0 {
		err = auth.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// found judges a statement that must have found its row; doing names it in errors.
func found(doing string, n int64, err error) error {
	if err == nil && n == 0 {
		err = auth.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// ms is a time as it is stored.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at scans a stored time.
func at(t *time.Time) sql.Scanner { return timeScanner{t} }

type timeScanner struct{ t *time.Time }

// Scan implements sql.Scanner.
func (s timeScanner) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return fmt.Errorf("read time: have %T, want int64", src)
	}
	s.set(v)
	return nil
}

func (s timeScanner) set(ms int64) {
	*s.t = time.Time{}
	if ms != 0 {
		*s.t = time.UnixMilli(ms).UTC()
	}
}

// encoded is a value as it is stored in a column of JSON.
func encoded(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic("store: " + err.Error()) // only maps and slices of strings come here
	}
	return string(data)
}

// decode scans a column of JSON.
func decode(v any) sql.Scanner { return jsonScanner{v} }

type jsonScanner struct{ v any }

// Scan implements sql.Scanner.
func (s jsonScanner) Scan(src any) error {
	switch src := src.(type) {
	case string:
		return json.Unmarshal([]byte(src), s.v)
	case []byte:
		return json.Unmarshal(src, s.v)
	}
	return fmt.Errorf("read JSON: have %T, want text", src)
}

// text makes what a vendor or a browser sent storable: PostgreSQL takes neither NUL
// nor broken UTF-8.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
