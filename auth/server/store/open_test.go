package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"lanyard/auth/authtest"
	"lanyard/auth/server/store"
)

func TestOpenSQLite(t *testing.T) {
	for _, name := range []string{"lanyard.db", "with space & 100%?#ü.db"} {
		path := filepath.Join(t.TempDir(), name)
		s := openStore(t, "sqlite:"+path)
		must(t, s.Ping(ctx(t)))
		must(t, s.SaveEnterprise(ctx(t), acmeRecord()))
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		must(t, err)
		for _, file := range files {
			info, err := os.Stat(file)
			must(t, err)
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, want 0600", filepath.Base(file), info.Mode())
			}
			if !strings.HasPrefix(filepath.Base(file), name) {
				t.Errorf("a file %q was made", file)
			}
		}
		must(t, s.Close())
		want(t, "after opening again", acmeRecord())(openStore(t, path).Enterprise(ctx(t), acme))
	}
}

// A command such as "admin link" opens the store while the server has it open.
func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lanyard.db")
	first, then := openStore(t, path), openStore(t, path)
	for _, err := range atOnce(32, func(i int) error {
		e := otherRecord()
		e.ID, e.Code = id("e", i), id("c", i)
		return []*store.Store{first, then}[i%2].SaveEnterprise(ctx(t), e)
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	all, err := first.ListEnterprises(ctx(t))
	if err != nil || len(all) != 32 {
		t.Errorf("%d enterprises, %v; want 32", len(all), err)
	}
}

func TestOpenFails(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.txt")
	must(t, os.WriteFile(text, []byte(strings.Repeat("no database at all\n", 100)), 0o600))
	for _, address := range []string{
		"", "sqlite:", "mysql://root@localhost/x", filepath.Join(t.TempDir(), "missing", "lanyard.db"), text,
		"postgres://someone:hunter2@127.0.0.1:1/x", "postgres://someone:hunter2@:x/%zz",
	} {
		s, err := store.Open(context.Background(), address)
		if err == nil {
			_ = s.Close()
			t.Errorf("Open(%q) succeeds", address)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q): error shows the password: %v", address, err)
		}
	}
}

// A database whose file is taken away, or replaced, is gone, though SQLite goes on with what
// it has open.
func TestPingFindsNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lanyard.db")
	s := openStore(t, path)
	must(t, s.Ping(ctx(t)))
	if runtime.GOOS == "windows" {
		return // where nobody takes away a file that is open
	}
	must(t, os.Rename(path, path+".away"))
	if err := s.Ping(ctx(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("taken away: %v", err)
	}
	must(t, os.WriteFile(path, nil, 0o600))
	if err := s.Ping(ctx(t)); err == nil || !strings.Contains(err.Error(), "another file") {
		t.Errorf("replaced: %v", err)
	}
	must(t, os.Rename(path+".away", path))
	must(t, s.Ping(ctx(t)))
	must(t, s.Close())
	if err := s.Ping(ctx(t)); err == nil {
		t.Error("closed: it answers")
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, filepath.Join(dir, "lanyard.db"))
	must(t, s.SaveEnterprise(ctx(t), acmeRecord()))
	copied := filepath.Join(dir, "copy of 'it'.db")
	must(t, s.Backup(ctx(t), copied))
	want(t, "in the copy", acmeRecord())(openStore(t, copied).Enterprise(ctx(t), acme))
	if err := s.Backup(ctx(t), copied); err == nil {
		t.Error("a backup overwrites a file")
	}
	if err := s.Backup(ctx(t), filepath.Join(dir, "missing", "x.db")); err == nil {
		t.Error("a backup into a missing folder succeeds")
	}
	must(t, s.SaveEnterprise(ctx(t), otherRecord())) // the store goes on writing
}

func TestBackupPostgres(t *testing.T) {
	s := openStore(t, authtest.Postgres(t))
	must(t, s.Ping(ctx(t)))
	if err := s.Backup(ctx(t), filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("err = %v, want it to name pg_dump", err)
	}
}
