package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"lanyard/auth"
)

// apiHost is the Host of every request. A web page cannot reach the socket at all;
// whatever brings it one nevertheless (a proxy, a bridge) names another host or an
// Origin, and is refused.
const apiHost = "lanyard"

const (
	maxBody     = 256 << 10 // of a request: a pasted message fits many times
	idleTimeout = 30 * time.Second
)

// endGrace is how long requests under way may take when the server ends. A variable for
// tests.
var endGrace = 3 * time.Second

// Server answers the local API by asking a [Service].
type Server struct {
	Service Service
	// Explain words an error for people; lang is the caller's Accept-Language as it
	// came. Nil gives a Problem with its fault alone.
	Explain func(err error, lang string) *Problem
	Logger  *slog.Logger // nil discards

	windows atomic.Int32 // that listen to Events
}

// Serve answers on l until ctx ends, lets running requests finish, and closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler(ctx),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger().Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve local api: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), endGrace)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		_ = srv.Close() // a request that is still under way is cut off
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve local api: %w", err)
	}
	return nil
}

// handler is the whole API; event streams end with ctx, other requests do not.
func (s *Server) handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range s.routes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := answer(w, r); err != nil {
				s.fail(w, r, statusOf(err), err)
			}
		})
	}
	atEnd := func(f func()) func() bool { return context.AfterFunc(ctx, f) }
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) { s.events(w, r, atEnd) })
	mux.HandleFunc("GET /v1/diagnostics", s.diagnostics)
	// A newer face may ask for what this agent does not have yet.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, auth.Fail(auth.NotHere, auth.Args{"what": r.Method + " " + r.URL.Path}, nil))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(WithLang(r.Context(), r.Header.Get("Accept-Language")))
		if _, page := r.Header["Origin"]; page || r.Host != apiHost {
			s.fail(w, r, http.StatusForbidden, auth.Fail(auth.NotPermitted, nil, nil))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		mux.ServeHTTP(w, r)
	})
}

// fail answers err as a [Problem]. The cause is logged under the reference that the
// person is shown.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	p := s.problem(err, Lang(r.Context()))
	s.logger().InfoContext(r.Context(), "request failed",
		"method", r.Method, "path", r.URL.Path, "fault", string(p.Code), "reference", p.Reference, "err", err)
	writeJSON(w, status, p)
}

// problem words err and gives it a reference: its own where it has one, or the one that the
// company's server noted it under, which its fault then brings.
func (s *Server) problem(err error, lang string) *Problem {
	var p *Problem
	if s.Explain != nil {
		p = s.Explain(err, lang)
	}
	if p == nil {
		fault, args := auth.FaultOf(err)
		p = &Problem{Code: fault, Title: string(fault), Args: args}
	}
	if inner := (*Problem)(nil); p.Reference == "" && errors.As(err, &inner) {
		p.Reference = inner.Reference
	}
	if _, args := auth.FaultOf(err); p.Reference == "" && auth.ValidTrace(args["reference"]) {
		p.Reference = args["reference"]
	}
	if p.Reference == "" {
		p.Reference = auth.NewTrace()
	}
	return p
}

func (s *Server) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}

// statuses are the HTTP statuses of the kinds; any other is 500. Callers decide by
// the Problem's code, the status is for those who look with curl.
var statuses = map[error]int{
	auth.ErrUsage:          http.StatusBadRequest,
	auth.ErrSignInRequired: http.StatusUnauthorized,
	auth.ErrDenied:         http.StatusForbidden,
	auth.ErrNotFound:       http.StatusNotFound,
	auth.ErrConflict:       http.StatusConflict,
	auth.ErrExpired:        http.StatusGone,
	auth.ErrCanceled:       http.StatusGone,
	auth.ErrTampered:       http.StatusUnprocessableEntity,
	auth.ErrMisconfigured:  http.StatusUnprocessableEntity,
	auth.ErrLocked:         http.StatusLocked,
	auth.ErrOffline:        http.StatusServiceUnavailable,
	auth.ErrNoAgent:        http.StatusServiceUnavailable,
}

// statusOf returns the HTTP status that belongs to the kind of err.
func statusOf(err error) int {
	fault, _ := auth.FaultOf(err)
	if status, known := statuses[fault.Kind()]; known {
		return status
	}
	return http.StatusInternalServerError
}

// writeJSON answers v; nil is an answer without a body. What cannot be written any
// more has nobody to read it.
func writeJSON(w http.ResponseWriter, status int, v any) {
	if v == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
