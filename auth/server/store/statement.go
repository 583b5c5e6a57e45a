package store

import (
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// statement is one of SQLite's on the line's connection, prepared when it first runs:
// database/sql between the two would cost as much again as a short statement does.
type statement struct {
	conn   *sqlite.Conn
	text   string
	stmt   *sqlite.Stmt // nil until it runs
	params []int        // which argument each parameter takes, counted from 0
}

func (s *statement) prepare() error {
	stmt, err := s.conn.Prepare(s.text)
	if err != nil {
		return fmt.Errorf("prepare statement %q: %w", s.text, err)
	}
	var params []int
	for i := range stmt.BindParamCount() {
		n, err := strconv.Atoi(strings.TrimPrefix(stmt.BindParamName(i+1), "$"))
		if err != nil {
			return fmt.Errorf("prepare statement %q: parameter %d is not $N", s.text, i+1)
		}
		params = append(params, n-1)
	}
	s.stmt, s.params = stmt, params
	return nil
}

// exec runs the statement and returns how many rows it changed.
func (s *statement) exec(args ...any) (int64, error) {
	if err := s.bind(args); err != nil {
		return 0, err
	}
	if err := s.finish(); err != nil {
		return 0, conflict(err)
	}
	return int64(s.conn.Changes()), nil
}

// row runs the statement and gives its first row to scan; without one the error is
// sql.ErrNoRows.
func (s *statement) row(scan func(scanner) error, args []any) error {
	if err := s.bind(args); err != nil {
		return err
	}
	there, err := s.stmt.Step()
	if err != nil {
		return err
	}
	if !there {
		return s.end(sql.ErrNoRows)
	}
	if err := scan(columns{s.stmt}); err != nil {
		return s.end(err)
	}
	return s.finish()
}

// finish runs the statement to its end.
func (s *statement) finish() error {
	for {
		if more, err := s.stmt.Step(); !more || err != nil {
			return s.end(err)
		}
	}
}

// end makes the statement ready to run again.
func (s *statement) end(err error) error {
	if reset := s.stmt.Reset(); err == nil {
		err = reset
	}
	return err
}

// bind makes the statement ready to run with args.
func (s *statement) bind(args []any) error {
	if s.stmt == nil {
		if err := s.prepare(); err != nil {
			return err
		}
	}
	for i, arg := range s.params {
		if arg >= len(args) {
			return fmt.Errorf("bind parameter $%d: there are %d arguments", arg+1, len(args))
		}
		switch v := args[arg].(type) {
		case string:
			s.stmt.BindText(i+1, v)
		case int64:
			s.stmt.BindInt64(i+1, v)
		case int:
			s.stmt.BindInt64(i+1, int64(v))
		case bool:
			s.stmt.BindBool(i+1, v)
		case []byte:
			if v == nil {
				s.stmt.BindNull(i + 1)
				continue
			}
			s.stmt.BindBytes(i+1, v)
		default:
			return fmt.Errorf("bind parameter $%d: cannot store %T", arg+1, v)
		}
	}
	return nil
}

// columns are the values of a statement's present row.
type columns struct{ stmt *sqlite.Stmt }

// Scan implements scanner.
func (c columns) Scan(dest ...any) error {
	for i, d := range dest {
		switch d := d.(type) {
		case *string:
			*d = c.stmt.ColumnText(i)
		case *int64:
			*d = c.stmt.ColumnInt64(i)
		case *int:
			*d = c.stmt.ColumnInt(i)
		case *bool:
			*d = c.stmt.ColumnInt64(i) != 0
		case *[]byte:
			*d = c.bytes(i)
		case timeScanner:
			d.set(c.stmt.ColumnInt64(i))
		case sql.Scanner:
			if err := d.Scan(c.value(i)); err != nil {
				return fmt.Errorf("read column %d: %w", i, err)
			}
		default: // a kind of string
			v := reflect.ValueOf(d).Elem()
			if v.Kind() != reflect.String {
				return fmt.Errorf("read column %d: cannot read into %T", i, d)
			}
			v.SetString(c.stmt.ColumnText(i))
		}
	}
	return nil
}

// bytes returns a copy of a column's bytes, nil of NULL.
func (c columns) bytes(i int) []byte {
	if c.stmt.ColumnType(i) == sqlite.TypeNull {
		return nil
	}
	out := make([]byte, c.stmt.ColumnLen(i))
	c.stmt.ColumnBytes(i, out)
	return out
}

// value returns a column as database/sql would hand it to a Scanner.
func (c columns) value(i int) any {
	switch c.stmt.ColumnType(i) {
	case sqlite.TypeInteger:
		return c.stmt.ColumnInt64(i)
	case sqlite.TypeText:
		return c.stmt.ColumnText(i)
	case sqlite.TypeBlob:
		return c.bytes(i)
	}
	return nil
}
