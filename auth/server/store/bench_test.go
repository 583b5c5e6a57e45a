package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// fill puts n enterprises into a new database. It writes past the store, which would
// take a transaction for each.
func fill(b *testing.B, n int) *store.Store {
	b.Helper()
	path := filepath.Join(b.TempDir(), "lanyard.db")
	s := openStore(b, path)
	db, err := sql.Open("sqlite", path)
	must(b, err)
	defer db.Close()
	_, err = db.ExecContext(b.Context(), fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1)
		INSERT INTO enterprises (id, code, public, document_version, document_expires, created_at, updated_at, name, domains, help, logo, document)
		SELECT 'e-' || i, 'code-' || i, FALSE, 1, 0, 0, 0, '{"en":"Acme"}', '["acme.com"]', '{}', '', zeroblob(1500) FROM n`, n))
	must(b, err)
	tx, err := db.BeginTx(b.Context(), nil)
	must(b, err)
	for i := range n {
		_, err := tx.ExecContext(b.Context(), `INSERT INTO codes VALUES ($1, $2, $3, 0)`, server.Hash(id("code", i)), id("code", i), id("e", i))
		must(b, err)
	}
	must(b, tx.Commit())
	return s
}

// BenchmarkLookup is what asking the directory for a code costs; it must not grow
// with the enterprises. The floor is the cheapest statement there is.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1, 100_000} {
		b.Run(fmt.Sprintf("enterprises=%d", n), func(b *testing.B) {
			s := fill(b, n)
			hashes := make([]string, min(n, 1000))
			for i := range hashes {
				hashes[i] = server.Hash(id("code", i*(n/len(hashes))))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.EnterpriseByCode(b.Context(), hashes[i%len(hashes)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "floor.db"))
		must(b, err)
		defer db.Close()
		stmt, err := db.PrepareContext(b.Context(), "SELECT 1")
		must(b, err)
		defer stmt.Close()
		for b.Loop() {
			var one int
			must(b, stmt.QueryRowContext(b.Context()).Scan(&one))
		}
	})
}

// BenchmarkSignIn is everything that one brokered sign-in asks of the store.
func BenchmarkSignIn(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "lanyard.db"))
	company(b, s)
	now := time.Now()
	for i := 0; b.Loop(); i++ {
		must(b, signIn(b.Context(), s, i, now))
	}
}

// BenchmarkSignInsAtOnce is the same for sixteen people at once, who share transactions.
func BenchmarkSignInsAtOnce(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "lanyard.db"))
	company(b, s)
	now := time.Now()
	b.SetParallelism(max(1, 16/runtime.GOMAXPROCS(0)))
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := signIn(b.Context(), s, int(next.Add(1)), now); err != nil {
				b.Error(err)
			}
		}
	})
}

func signIn(ctx context.Context, s *store.Store, i int, now time.Time) error {
	var err error
	do := func(next error) {
		if err == nil {
			err = next
		}
	}
	flow, code, session := id("f", i), id("c", i), id("s", i)
	do(s.SaveFlow(ctx, server.Flow{Hash: flow, EnterpriseID: acme, CreatedAt: now, ExpiresAt: now.Add(time.Minute)}))
	do(second(s.TakeFlow(ctx, flow)))
	person, upsertErr := s.UpsertPerson(ctx, server.Person{ID: id("p", i), EnterpriseID: acme, Key: id("k", i), Name: "张三", CreatedAt: now})
	do(upsertErr)
	browser := server.Session{ID: session, EnterpriseID: acme, PersonID: person.ID, CookieHash: session, ExpiresAt: now.Add(time.Hour)}
	do(s.BeginSession(ctx, browser, false, server.SignIn{Reference: auth.NewTrace(), EnterpriseID: acme, At: now}))
	do(second(s.SessionByCookie(ctx, acme, session, now)))
	do(second(s.SessionByCookie(ctx, acme, session, now)))
	g := server.Grant{
		ID: code, EnterpriseID: acme, ClientID: "lanyard", PersonID: person.ID, SessionID: session, AuthTime: now, CodeExpires: now.Add(time.Minute),
	}
	do(s.SaveGrant(ctx, g))
	do(second(s.HeldGrant(ctx, acme, code, now)))
	desktop := browser
	desktop.ID, desktop.CookieHash = code, ""
	g.UsedAt, g.SessionID, g.Generation, g.RefreshExpires = now, code, 1, now.Add(time.Hour)
	do(s.UseGrant(ctx, g, &desktop))
	return err
}

// BenchmarkLaunchedSession finds a session that hangs on a parent, as every page does
// in a browser that a launch signed in.
func BenchmarkLaunchedSession(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "lanyard.db"))
	company(b, s)
	session(b, s, "parent", "")
	child := session(b, s, "child", "parent")
	for b.Loop() {
		must(b, second(s.SessionByCookie(b.Context(), acme, child.CookieHash, now)))
	}
}
