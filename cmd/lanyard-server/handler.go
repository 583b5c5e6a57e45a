package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"lanyard/auth/server"
)

// edge is the outermost handler: it determines who calls, refuses what may not come by
// plain http, keeps one request's panic from being everybody's, and logs an allow-list.
type edge struct {
	base    *server.Base
	proxies []netip.Prefix
	log     *slog.Logger
	next    http.Handler
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	peer := peerAddr(r.RemoteAddr)
	trusted := e.trusts(peer)
	if e.base.Secure() && r.TLS == nil && !trusted {
		http.Error(w, "This server answers https only.", http.StatusForbidden)
		return
	}
	client := peer
	if trusted {
		client = e.forwarded(r, peer)
	}
	if e.base.Secure() {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	defer e.ended(r.Context(), rec, r, time.Now())
	e.next.ServeHTTP(rec, r.WithContext(server.WithClientIP(r.Context(), client.String())))
}

// ended is deferred: it logs the request, or the panic that ended it.
func (e *edge) ended(ctx context.Context, rec *recorder, r *http.Request, start time.Time) {
	if p := recover(); p != nil {
		e.log.ErrorContext(ctx, "page panicked", "panic", p, "stack", string(debug.Stack()))
		if rec.wrote {
			panic(http.ErrAbortHandler) // half a page must not look like a whole one
		}
		http.Error(rec, "Something went wrong here.", http.StatusInternalServerError)
		return
	}
	if e.log.Enabled(ctx, slog.LevelDebug) {
		// The path of a launch link is the link: only its first parts are logged.
		e.log.DebugContext(ctx, "request", "method", r.Method, "path", safePath(r.URL.Path),
			"status", rec.status, "dur", time.Since(start))
	}
}

func (e *edge) trusts(peer netip.Addr) bool {
	for _, p := range e.proxies {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}

// forwarded returns the last address of X-Forwarded-For that is not a trusted proxy:
// what stands before it could have been written by the caller.
func (e *edge) forwarded(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		if addr = addr.Unmap(); !e.trusts(addr) {
			return addr
		}
	}
	return peer
}

func peerAddr(remote string) netip.Addr {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// safePath shortens the paths that are secrets while they live.
func safePath(path string) string {
	for _, link := range []string{"/launch/", "/admin/link/"} {
		if before, _, ok := strings.Cut(path, link); ok {
			return before + link + "…"
		}
	}
	return path
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	r.status, r.wrote = status, true
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	r.wrote = true
	return r.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
