package authtest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// cluster is the one PostgreSQL of this test binary.
type cluster struct {
	bin, dir string
	// stop is the cluster's standard input: it ends when this process does, however
	// that comes about, and takes the cluster and its folder along.
	stop *os.File
	err  error
}

var (
	startCluster = sync.OnceValue(newCluster)
	databases    atomic.Int64
)

// supervise runs the cluster until standard input ends and removes its folder.
const supervise = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_connections=60 \
  -c shared_buffers=16MB >"$2/log" 2>&1 </dev/null &
cat >/dev/null
kill -QUIT $! && wait $!
rm -rf "$2"
`

// Postgres returns the address of a fresh, empty database in a private PostgreSQL
// that listens on a unix socket only. The cluster starts once a test binary and ends
// with it; the database ends with the test. It needs the part "postgres".
func Postgres(t testing.TB) string {
	t.Helper()
	Need(t, "postgres")
	c := startCluster()
	if c.err != nil {
		t.Fatal(c.err)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	waitFor(t, "PostgreSQL", func() bool { return c.run("psql", "-c", "SELECT 1", "postgres") == nil })
	if err := c.run("createdb", name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.run("dropdb", "--force", name); err != nil {
			t.Error(err)
		}
	})
	return "postgres://postgres@/" + name + "?sslmode=disable&host=" + url.QueryEscape(c.dir)
}

func newCluster() *cluster {
	c := &cluster{bin: filepath.Dir(find(parts["postgres"]))}
	if c.err = c.start(); c.err != nil && c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
	return c
}

func (c *cluster) start() error {
	var err error
	if c.dir, err = os.MkdirTemp("", "lanyard-pg"); err != nil {
		return fmt.Errorf("make folder of PostgreSQL: %w", err)
	}
	initdb := exec.Command(filepath.Join(c.bin, "initdb"), "--no-sync", "--no-instructions",
		"--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C",
		"--pgdata="+filepath.Join(c.dir, "data"))
	server := exec.Command("/bin/sh", "-c", supervise, "sh", c.bin, c.dir)
	for _, cmd := range []*exec.Cmd{initdb, server} {
		cmd.Dir = c.dir
		if err := unprivileged(cmd, c.dir); err != nil {
			return err
		}
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("make PostgreSQL cluster: %w\n%s", err, out)
	}
	in, out, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	defer in.Close()
	c.stop = out
	server.Stdin = in
	if err := server.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	return nil
}

// run runs one of PostgreSQL's own client programs.
func (c *cluster) run(program string, args ...string) error {
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Env = append(os.Environ(), "PGHOST="+c.dir, "PGUSER=postgres", "PGCONNECT_TIMEOUT=60")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", program, err, out)
	}
	return nil
}
