package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"lanyard/auth/server"
	"lanyard/auth/server/console"
)

// TestEdgeBelievesProxiesOnly: whoever calls is the last address that no trusted proxy
// has, and an https server takes plain http from a trusted proxy alone.
func TestEdgeBelievesProxiesOnly(t *testing.T) {
	for _, row := range []struct {
		name, publicURL, remote, forwarded string
		tls                                bool
		status                             int
		client                             string
	}{
		{"direct", "http://127.0.0.1:1", "127.0.0.1:5", "", false, 200, "127.0.0.1"},
		{"forged", "http://127.0.0.1:1", "127.0.0.1:5", "203.0.113.9", false, 200, "127.0.0.1"},
		{"https", "https://a.example", "198.51.100.7:5", "203.0.113.9", true, 200, "198.51.100.7"},
		{"plain", "https://a.example", "198.51.100.7:5", "", false, 403, ""},
		{"proxy", "https://a.example", "10.1.2.3:5", "203.0.113.9", false, 200, "203.0.113.9"},
		{"proxy, forged before it", "https://a.example", "10.1.2.3:5", "192.0.2.1, 203.0.113.9", false, 200, "203.0.113.9"},
		{"two proxies", "https://a.example", "10.1.2.3:5", "203.0.113.9, 10.9.9.9", false, 200, "203.0.113.9"},
		{"proxy, nonsense", "https://a.example", "10.1.2.3:5", "what", false, 200, "10.1.2.3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			client := ""
			e := &edge{
				base:    &server.Base{PublicURL: row.publicURL},
				proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
				log:     slog.New(slog.DiscardHandler),
				next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					client = server.ClientIP(r.Context())
					io.WriteString(w, "ok")
				}),
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = row.remote
			if row.forwarded != "" {
				r.Header.Set("X-Forwarded-For", row.forwarded)
			}
			if row.tls {
				r.TLS = &tls.ConnectionState{}
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if w.Code != row.status || client != row.client {
				t.Errorf("status %d, client %q; want %d, %q", w.Code, client, row.status, row.client)
			}
		})
	}
}

func TestEdgeSurvivesPanic(t *testing.T) {
	var logged strings.Builder
	e := &edge{
		base: &server.Base{PublicURL: "http://127.0.0.1:1"}, log: slog.New(slog.NewJSONHandler(&logged, nil)),
		next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }),
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") || !strings.Contains(logged.String(), "boom") {
		t.Errorf("status %d, body %q, log %q", w.Code, w.Body, logged.String())
	}
}

// TestSafePath keeps a launch link, which is its own secret, out of the log.
func TestSafePath(t *testing.T) {
	for path, want := range map[string]string{
		"/e/1/launch/secret/proof": "/e/1/launch/…", "/e/1/v1/launches": "/e/1/v1/launches", "/e/1/a/notes": "/e/1/a/notes",
	} {
		if got := safePath(path); got != want {
			t.Errorf("safePath(%q) = %q, want %q", path, got, want)
		}
	}
}

// TestHalfAPageIsNone: a page that panics in its middle ends with the connection.
func TestHalfAPageIsNone(t *testing.T) {
	e := &edge{
		base: &server.Base{PublicURL: "http://127.0.0.1:1"}, log: slog.New(slog.DiscardHandler),
		next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "half"); panic("boom") }),
	}
	s := httptest.NewServer(e)
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	resp, err := http.Get(s.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half a page looks whole")
	}
}

// TestHealth: a load balancer hears whether the database is there, also while another
// program keeps all who write waiting.
func TestHealth(t *testing.T) {
	dir := t.TempDir()
	c, err := parseConfig("server.yaml", fmt.Appendf(nil, "public_url: http://127.0.0.1:8200\ndata: %s\nkey_file: %s/key\n", dir, dir))
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), c, newLogger(io.Discard, "error"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	asks := func(what string, status int) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
		r.RemoteAddr = "127.0.0.1:5"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %v; want %d", what, w.Code, w.Header(), status)
		}
	}
	asks("idle", http.StatusOK)

	other, err := sql.Open("sqlite", "file:"+c.Database+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { _, err := console.NewLink(context.Background(), s.base, s.store); written <- err }()
	asks("while all who write wait", http.StatusOK)
	if len(written) > 0 {
		t.Error("nobody had to wait")
	}
	if err := errors.Join(tx.Rollback(), <-written); err != nil {
		t.Error(err)
	}

	if err := os.Rename(c.Database, c.Database+".away"); err != nil {
		t.Fatal(err)
	}
	asks("without its file", http.StatusServiceUnavailable)
}
