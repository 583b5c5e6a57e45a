package main

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"lanyard/auth/server"
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
