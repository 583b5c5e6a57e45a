package setup_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"lanyard/auth/directory"
	"lanyard/auth/server/setup"
)

// BenchmarkLookup looks up the codes of a thousand enterprises, without the store; the
// floor is an empty handler.
func BenchmarkLookup(b *testing.B) {
	f := newFixture(b, public, func(c *setup.Config) { c.LookupsPerMinute = 1 << 20 })
	f.mux.HandleFunc("GET /empty/{file}", func(http.ResponseWriter, *http.Request) {})
	run := func(path string) func(*testing.B) {
		requests := make([]*http.Request, 1000)
		for i := range requests {
			requests[i] = httptest.NewRequest(http.MethodGet, path+directory.Hash(fmt.Sprintf("acme-%d", i))+".jws", nil)
			requests[i].RemoteAddr = fmt.Sprintf("192.0.2.%d:1234", i%250)
		}
		w := &discard{header: http.Header{}}
		ask := func(i int) {
			clear(w.header)
			f.mux.ServeHTTP(w, requests[i%len(requests)])
		}
		return func(b *testing.B) {
			for i := range requests { // signed once
				ask(i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ask(i)
			}
			if w.status != 0 {
				b.Fatalf("status %d", w.status)
			}
		}
	}
	for i := range 1000 {
		f.apply(oidcFile(fmt.Sprintf("acme-%d", i), "broker"))
	}
	b.Run("floor", run("/empty/"))
	b.Run("document", run("/v1/enterprises/"))
}

// discard takes an answer that nobody reads.
type discard struct {
	header http.Header
	status int // 0: none but 200
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
