package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"lanyard/auth/server"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"
)

// Store must be all of storage.
var (
	_ server.Enterprises  = (*Store)(nil)
	_ server.Connectors   = (*Store)(nil)
	_ server.People       = (*Store)(nil)
	_ server.Flows        = (*Store)(nil)
	_ server.Sessions     = (*Store)(nil)
	_ server.Clients      = (*Store)(nil)
	_ server.Grants       = (*Store)(nil)
	_ server.Keys         = (*Store)(nil)
	_ server.Catalogue    = (*Store)(nil)
	_ server.Launches     = (*Store)(nil)
	_ server.SignIns      = (*Store)(nil)
	_ server.Housekeeping = (*Store)(nil)
	_ server.Admins       = (*Store)(nil)
	_ server.Audits       = (*Store)(nil)
	_ server.Drafts       = (*Store)(nil)
	_ server.SignInLog    = (*Store)(nil)
	_ server.PeopleList   = (*Store)(nil)
	_ server.Audiences    = (*Store)(nil)
	_ server.Openings     = (*Store)(nil)
)

// migrations are the steps of the schema, by the number that begins their name; a step
// that was released never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Store is storage on one database. It is safe for concurrent use.
type Store struct {
	// Now is the clock for what no caller dates: how long an old enterprise code still
	// resolves. nil means time.Now.
	Now func() time.Time
	// KeepAudit is how long the audit and the openings are kept; 0 means 190 days.
	KeepAudit time.Duration
	// OnFarewell, if set, is called after messages to applications were written, by whoever
	// ended their sessions; it must not block.
	OnFarewell func()
	// OnSetup, if set, is called after an enterprise, its connectors or whether somebody has
	// access changed here, for those who remember them; it must not block.
	OnSetup func()

	postgres bool
	file     string // SQLite's
	opened   os.FileInfo
	// write and read are the same pool on PostgreSQL. On SQLite write is for the schema and
	// closed afterwards: a second writer beside the line would only wait for the file's lock.
	write, read *sql.DB
	line        *line // SQLite's; nil on PostgreSQL

	mu    sync.Mutex
	lists map[reading]*sql.Stmt // those that have been asked for
}

// Open opens the database at address and brings its schema up to date. The address
// is postgres://…, or a file's path with or without "sqlite:" before it; the file is
// made if it is missing.
func Open(ctx context.Context, address string) (*Store, error) {
	s, err := connect(address)
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func connect(address string) (*Store, error) {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return connectPostgres(address)
	}
	return connectSQLite(strings.TrimPrefix(address, "sqlite:"))
}

func connectPostgres(address string) (*Store, error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return nil, errors.New("open database: the postgres address cannot be read") // the cause would quote its password
	}
	const connections = 20 // of the 100 that PostgreSQL allows by default
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &Store{postgres: true, write: db, read: db, lists: map[reading]*sql.Stmt{}}, nil
}

func connectSQLite(path string) (*Store, error) {
	if path == "" || strings.Contains(path, "://") {
		return nil, fmt.Errorf("open database: %q is neither a file nor a postgres:// address", path)
	}
	// SQLite would make the file readable by everybody; its -wal and -shm take the
	// permissions of the file itself.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the administrator names the file
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	opened, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	write, err := sql.Open("sqlite", sqliteDSN(path, "_pragma=foreign_keys(ON)&_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteDSN(path, "_pragma=query_only(ON)"))
	if err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &Store{file: path, opened: opened, write: write, read: read, lists: map[reading]*sql.Stmt{}}, nil
}

const (
	busyTimeout = 5 * time.Second // for another process to have written
	// checkpointPages is how long the log grows before it goes into the file, here 16 MB: a
	// page that is written again and again until then goes once.
	checkpointPages = 4000
)

// sqliteDSN returns the driver's address of a file. synchronous=NORMAL with a WAL
// keeps the database whole whatever happens; a power cut may lose the last moment.
func sqliteDSN(path, more string) string {
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path // file:/C:/…
	}
	return fmt.Sprintf("file:%s?_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=wal_autocheckpoint(%d)&%s",
		(&url.URL{Path: path}).EscapedPath(), busyTimeout.Milliseconds(), checkpointPages, more)
}

// ready brings the schema up to date and opens SQLite's line.
func (s *Store) ready(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil || s.postgres {
		return err
	}
	var err error
	if s.line, err = newLine(s.file); err != nil {
		return err
	}
	if err := s.write.Close(); err != nil { // it was for the schema
		return fmt.Errorf("open database: %w", err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	steps, err := s.steps()
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(steps...)}
	if s.postgres {
		dialect = goose.DialectPostgres
		// Several instances may start at once.
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, s.write, nil, options...)
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// steps returns the migrations in the database's own dialect.
func (s *Store) steps() ([]*goose.Migration, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var steps []*goose.Migration
	for _, file := range files {
		data, err := migrations.ReadFile("migrations/" + file.Name())
		if err != nil {
			return nil, err
		}
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return nil, err
		}
		text := string(data)
		if s.postgres {
			text = strings.ReplaceAll(text, " WITHOUT ROWID;", ";")
		}
		run := func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, text)
			return err
		}
		steps = append(steps, goose.NewGoMigration(version, &goose.GoFunc{RunTx: run}, nil))
	}
	return steps, nil
}

// Close closes the database.
func (s *Store) Close() error {
	if s.postgres {
		return s.write.Close()
	}
	var err error
	if s.line != nil {
		err = s.line.close()
	}
	return errors.Join(err, s.read.Close(), s.write.Close())
}

// Ping reports whether the database is there and answers. It waits for nobody who writes:
// a database that is busy is not gone.
func (s *Store) Ping(ctx context.Context) error {
	if !s.postgres {
		// SQLite would go on with a file that has no name any more, and lose what it writes.
		if there, err := os.Stat(s.file); err != nil {
			return fmt.Errorf("find database: %w", err)
		} else if !os.SameFile(there, s.opened) {
			return errors.New("find database: another file is in its place")
		}
	}
	var steps int
	if err := s.read.QueryRowContext(ctx, "SELECT COUNT(*) FROM goose_db_version").Scan(&steps); err != nil {
		return fmt.Errorf("ask database: %w", err)
	}
	return nil
}

// Backup writes a copy of a SQLite database to a new file, while the server runs.
// The key that seals its secrets is not in it.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.postgres {
		return errors.New("back up database: use pg_dump for PostgreSQL")
	}
	// VACUUM INTO accepts an empty file; making it here gives it tight permissions
	// and never overwrites one.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the administrator names the file
	if err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	if err := s.vacuumInto(ctx, file); err != nil {
		_ = os.Remove(file)
		return fmt.Errorf("back up database to %q: %w", file, err)
	}
	return nil
}

// vacuumInto uses a connection of its own: a reader may write nowhere, and the writer
// would keep everybody waiting.
func (s *Store) vacuumInto(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", sqliteDSN(s.file, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "VACUUM INTO $1", file)
	return err
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
