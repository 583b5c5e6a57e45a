package servertest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// The two companies that [Site.Companies] makes.
const (
	Acme  = "0a11acme0000000000000000000000aa"
	Other = "0b22other000000000000000000000bb"
)

// Must ends the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Site is what a part of the server stands on. A test's own world embeds it.
type Site struct {
	*Clock // of Base, too
	T      testing.TB
	URL    string         // where Mux listens; Base's public URL
	Mux    *http.ServeMux // what the listener serves: where a part is mounted
	Base   *server.Base   // with a key of its own and the usual lifetimes
	Store  *store.Store   // on SQLite, in a folder of the test's own
	Log    *Log           // what Logger wrote
	Logger *slog.Logger   // of every level; in a benchmark, of warnings
}

// New returns a site without a company; all of it ends with the test.
func New(t testing.TB) *Site {
	t.Helper()
	s, err := store.Open(context.Background(), Database(t))
	Must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	sealer, err := server.NewSealer(server.NewKey())
	Must(t, err)
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	level := slog.LevelDebug
	if _, ok := t.(*testing.B); ok {
		level = slog.LevelWarn
	}
	clock, log := NewClock(), &Log{}
	return &Site{
		Clock: clock, T: t, URL: listener.URL, Mux: mux, Store: s,
		Base: &server.Base{PublicURL: listener.URL, Sealer: sealer, Lifetimes: server.DefaultLifetimes(), Now: clock.Now},
		Log:  log, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level})),
	}
}

// Companies makes two companies: Acme, whose code is acme, and Other, whose code is other;
// each is saved with the changes.
func (s *Site) Companies(changes ...func(*server.Enterprise)) {
	s.T.Helper()
	for _, e := range []auth.Enterprise{
		{ID: Acme, Code: "acme", Name: auth.Text{"en": "Acme", "zh": "Acme 科技"}},
		{ID: Other, Code: "other", Name: auth.Text{"en": "Other", "zh": "Other 科技"}},
	} {
		company := server.Enterprise{Enterprise: e, CreatedAt: s.Now(), UpdatedAt: s.Now()}
		for _, change := range changes {
			change(&company)
		}
		Must(s.T, s.Store.SaveEnterprise(context.Background(), company))
	}
}

// Fail is a part's page about an error, for those that are given one: "page: ", the fault
// and the facts that its sentence would name.
func Fail(w http.ResponseWriter, _ *http.Request, _ string, err error) {
	fault, args := auth.FaultOf(err)
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, "page: "+string(fault)+": "+args["app"]+args["field"]+args["reason"])
}

// Log keeps what was logged, by however many at once.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes lines; it implements [io.Writer].
func (l *Log) Write(lines []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(lines)
}

// String is all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
