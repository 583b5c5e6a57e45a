package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// writerEnv makes the test binary a program that only writes, to be killed.
const writerEnv = "LANYARD_STORE_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		if err := write(path, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// write uses one grant after the other and switches connectors for ever, and says what it
// has done.
func write(path string, done io.Writer) error {
	s, err := store.Open(context.Background(), path)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if _, err := s.Grant(context.Background(), acme, id("g", i)); err == nil {
			continue // done before the last kill, or as good as done
		}
		if err := step(s, i); err != nil {
			return err
		}
		fmt.Fprintln(done, i+1)
	}
}

// step is two saves of several rows each: a device's code gives a grant with a session of
// its own, and the active connector gives way to the other one.
func step(s *store.Store, i int) error {
	ctx := context.Background()
	device := deviceGrant(id("d", i), id("u", i))
	if err := s.SaveDeviceGrant(ctx, device); err != nil && !errors.Is(err, auth.ErrConflict) { // a killed step left it
		return err
	}
	if err := s.SettleDeviceGrant(ctx, acme, device.Hash, "zhang", "", now, now); err != nil && !errors.Is(err, auth.ErrConflict) {
		return err
	}
	g := grant(id("g", i), id("s", i))
	g.UsedAt = now
	own := server.Session{ID: g.SessionID, EnterpriseID: acme, PersonID: "zhang", ExpiresAt: now.Add(time.Hour)}
	if err := s.UseDeviceGrant(ctx, device.Hash, g, &own); err != nil {
		return err
	}
	return s.SaveConnector(context.Background(), server.Connector{ID: id("c", i%2), EnterpriseID: acme, Active: true})
}

// prepare makes a database for step.
func prepare(t *testing.T, path string) *store.Store {
	t.Helper()
	s := openStore(t, path)
	company(t, s)
	must(t, s.SaveConnector(ctx(t), server.Connector{ID: "c-1", EnterpriseID: acme, Active: true}))
	return s
}

// whole fails the test unless every save in the database is there entirely, and
// returns how many grants there are.
func whole(t *testing.T, path string) int {
	t.Helper()
	s := openStore(t, path)
	defer s.Close()
	must(t, second(s.ActiveConnector(ctx(t), acme)))
	for i := 0; ; i++ {
		_, err := s.Grant(ctx(t), acme, id("g", i))
		if errors.Is(err, auth.ErrNotFound) {
			wantErr(t, "a session whose grant is not there", second(s.Session(ctx(t), acme, id("s", i), now)), auth.ErrNotFound)
			return i
		}
		must(t, err)
		must(t, second(s.HeldGrant(ctx(t), acme, id("g", i), now)))
	}
}

// A process that is killed at any moment leaves the old or the new, never a half, and
// loses nothing that it said was done.
func TestKilledWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lanyard.db")
	must(t, prepare(t, path).Close())
	self, err := os.Executable()
	must(t, err)
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), writerEnv+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		said, last := bufio.NewScanner(out), 0
		for said.Scan() {
			if _, err := fmt.Sscan(said.Text(), &last); err != nil {
				t.Fatalf("writer said %q", said.Text())
			}
			if last%20 == round { // somewhere else in each round
				go func() { time.Sleep(time.Duration(round) * 50 * time.Microsecond); _ = cmd.Process.Kill() }()
			}
		}
		_ = cmd.Wait()
		if got := whole(t, path); last == 0 || got < last {
			t.Fatalf("round %d: %d grants are there, the writer had said %d", round, got, last)
		}
	}
}

// A power cut loses the end of the write-ahead log; wherever it is cut, every save is
// there entirely or not at all.
func TestPowerCut(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lanyard.db")
	must(t, prepare(t, path).Close())
	s := openStore(t, path)
	const steps = 5
	for i := range steps {
		must(t, step(s, i))
	}
	main, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	seen := map[int]bool{}
	for size := 0; size <= len(log); size += 4096 - 7 { // every page, never at its border
		cut := filepath.Join(dir, fmt.Sprint("cut-", size))
		must(t, os.WriteFile(cut, main, 0o600))
		must(t, os.WriteFile(cut+"-wal", log[:size], 0o600))
		seen[whole(t, cut)] = true
	}
	if !seen[0] || !seen[steps-1] {
		t.Errorf("the cuts left %v grants, want everything from none to all but the last", seen)
	}
}
