package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"lanyard/auth/server"
)

// audience returns an audience of n accounts and 200 apps beside it.
func bigAudience(n int) server.Audience {
	a := server.Audience{EnterpriseID: acme, AppID: "notes", UpdatedAt: now}
	for i := range n {
		a.Members = append(a.Members, server.Member{Account: fmt.Sprintf("u%06d@acme.com", i)})
	}
	return a
}

// BenchmarkAdmission is what a list costs whoever opens an app: it must not grow with
// the list. The floor is the cheapest statement there is.
func BenchmarkAdmission(b *testing.B) {
	zhang := server.Person{EnterpriseID: acme, Account: "zhangsan", Email: "u000007@acme.com", EmailVerified: true, Groups: []string{"a", "b", "c"}}
	for _, n := range []int{0, 10, 20_000} {
		s := openStore(b, filepath.Join(b.TempDir(), "lanyard.db"))
		company(b, s)
		if n > 0 {
			must(b, s.SaveAudience(b.Context(), bigAudience(n)))
		}
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			for b.Loop() {
				if a, err := s.Admission(b.Context(), zhang, "notes"); err != nil || !a.Allowed {
					b.Fatal(a, err)
				}
			}
		})
		b.Run(fmt.Sprintf("all/members=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Admissions(b.Context(), zhang); err != nil {
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
		var one int
		for b.Loop() {
			must(b, stmt.QueryRowContext(b.Context()).Scan(&one))
		}
	})
}

// BenchmarkSaveAudience is how long a pasted list of 20,000 keeps other writers waiting.
func BenchmarkSaveAudience(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "lanyard.db"))
	company(b, s)
	a := bigAudience(20_000)
	for b.Loop() {
		must(b, s.SaveAudience(b.Context(), a))
	}
}

// BenchmarkOpening is what it costs to write down an opening, and to find none.
func BenchmarkOpening(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "lanyard.db"))
	company(b, s)
	b.Run("record", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			must(b, s.RecordOpening(b.Context(), server.Opening{ID: fmt.Sprint(b.N, "-", i), EnterpriseID: acme, AppID: "notes", PersonID: "zhang", Outcome: server.OpeningLinked, At: now}))
		}
	})
	b.Run("none came back", func(b *testing.B) {
		for b.Loop() {
			must(b, s.MarkBack(b.Context(), acme, "li", "notes", server.OpeningBack, now, now))
		}
	})
}
