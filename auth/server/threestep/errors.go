package threestep

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Error is what /accessToken and /userInfo answer instead of what was asked for: the
// shape and codes of RFC 6749, section 5.2, and RFC 6750, section 3.1.
type Error struct {
	Code        string
	Description string
	Status      int // 0 means 400
}

const (
	invalidRequest = "invalid_request"
	invalidGrant   = "invalid_grant"
)

// One answer whoever is unknown and whatever is wrong: an id cannot be tried out.
var (
	unknownClient = &Error{Code: "invalid_client", Status: http.StatusUnauthorized}
	badToken      = &Error{Code: "invalid_token", Status: http.StatusUnauthorized}
)

// Error returns "code: description".
func (e *Error) Error() string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// refuse is the one writer of errors that an application reads.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if errors.As(err, &e) {
		p.log.InfoContext(r.Context(), "request refused", "enterprise", r.PathValue("id"), "path", r.URL.Path, "err", e)
	} else {
		p.log.ErrorContext(r.Context(), "request not answered", "enterprise", r.PathValue("id"), "path", r.URL.Path, "err", err)
		e = &Error{Code: "server_error", Status: http.StatusInternalServerError}
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	body := map[string]any{"error": e.Code}
	if e.Description != "" {
		body["error_description"] = e.Description
	}
	writeJSON(w, status, body)
}

// writeJSON answers with the headers that the document shows.
func writeJSON(w http.ResponseWriter, status int, value map[string]any) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone when this fails
}
