package setup

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// What every signed answer's header says. The lists are shared by all answers: a header is
// replaced, never changed in place.
var (
	jose    = []string{"application/jose"} // a compact JWS (RFC 7515 section 9.2.1)
	noCache = []string{"no-cache"}
	noSniff = []string{"nosniff"}
)

// body is a signed answer.
type body struct {
	raw    []byte
	length []string // of raw, as the header says it
}

func newBody(raw []byte) body { return body{raw, []string{strconv.Itoa(len(raw))}} }

// serveDocument answers a code, by its hash, with the enterprise's signed document.
func (s *Setup) serveDocument(w http.ResponseWriter, r *http.Request) {
	hash, ok := strings.CutSuffix(r.PathValue("file"), ".jws")
	if !ok || !isHash(hash) {
		s.problem(w, http.StatusNotFound, "")
		return
	}
	if !s.limit.allow(r) {
		s.busy(w)
		return
	}
	found, err := s.lookup(r.Context(), hash)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		s.unknown(w, r, hash)
	case err != nil:
		s.broken(w, r, err)
	default:
		writeJOSE(w, found)
	}
}

// serveKeys answers with the keys whose word on enterprises counts, signed by the root.
func (s *Setup) serveKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := s.keyring(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	writeJOSE(w, keys.list)
}

func writeJOSE(w http.ResponseWriter, b body) {
	h := w.Header()
	h["Content-Type"], h["Content-Length"] = jose, b.length
	h["Cache-Control"], h["X-Content-Type-Options"] = noCache, noSniff
	_, _ = w.Write(b.raw) // #nosec G705 -- base64 and dots, and nosniff
}

// unknown answers 404, with a public code that the caller may have meant.
func (s *Setup) unknown(w http.ResponseWriter, r *http.Request, hash string) {
	s.limit.missed(r)
	suggestion, err := s.near.of(r.Context(), hash)
	if err != nil {
		s.log.WarnContext(r.Context(), "codes to suggest not read", "err", err)
	}
	s.problem(w, http.StatusNotFound, suggestion)
}

func (s *Setup) busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "60")
	s.problem(w, http.StatusTooManyRequests, "")
}

func (s *Setup) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.log.ErrorContext(r.Context(), "directory did not answer", "err", err)
	s.problem(w, http.StatusInternalServerError, "")
}

// problem answers with an error for programs (RFC 9457).
func (s *Setup) problem(w http.ResponseWriter, status int, suggestion string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	body := struct {
		Title      string `json:"title"`
		Status     int    `json:"status"`
		Suggestion string `json:"suggestion,omitempty"`
	}{http.StatusText(status), status, suggestion}
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// host is our own address as people type it before a code.
func host(b *server.Base) string {
	_, h, _ := strings.Cut(b.PublicURL, "://")
	return h
}
