package broker

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Error is an OAuth error: what a client reads. Only Code and Description leave the
// server; the cause is for the log.
type Error struct {
	Code        string // RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6
	Description string
	Status      int // of a direct answer; 0 means 400
	cause       error
}

// The codes in use.
const (
	codeInvalidRequest      = "invalid_request"
	codeInvalidClient       = "invalid_client"
	codeInvalidGrant        = "invalid_grant"
	codeInvalidScope        = "invalid_scope"
	codeInvalidToken        = "invalid_token" // RFC 6750 section 3.1
	codeNone                = ""              // the same: who shows no token at all is told no error
	codeAccessDenied        = "access_denied"
	codeServerError         = "server_error"
	codeUnavailable         = "temporarily_unavailable"
	codeLoginRequired       = "login_required"
	codeInteractionRequired = "interaction_required"
	codeUnsupportedGrant    = "unsupported_grant_type"
	codeUnsupportedResponse = "unsupported_response_type"
	codeUnauthorizedClient  = "unauthorized_client"
	codePending             = "authorization_pending" // RFC 8628 section 3.5, and the next two
	codeSlowDown            = "slow_down"
	codeExpiredToken        = "expired_token"
	codeNoRequest           = "request_not_supported"
	codeNoRequestURI        = "request_uri_not_supported"
	codeNoRegistration      = "registration_not_supported"
)

// accessEnded is the description that tells the desktop to remove a company's data.
const accessEnded = "access_ended"

// Error returns "code: description: cause".
func (e *Error) Error() string {
	text := e.Code
	if text == codeNone {
		text = "refused"
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func refuse(code, description string) *Error { return &Error{Code: code, Description: description} }

// asError returns err as an OAuth error; whatever is none becomes a server_error
// without a text.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: codeServerError, Status: http.StatusInternalServerError, cause: err}
}

// writeError is the one writer of errors that a client reads directly.
func (b *Broker) writeError(w http.ResponseWriter, r *http.Request, enterprise string, err error) {
	e := asError(err)
	if e.Code == codeServerError {
		b.log.ErrorContext(r.Context(), "request not answered", "enterprise", enterprise, "path", r.URL.Path, "err", e.cause)
	} else {
		b.log.InfoContext(r.Context(), "request refused", "enterprise", enterprise, "path", r.URL.Path, "err", e)
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	switch e.Code {
	case codeInvalidClient:
		w.Header().Set("WWW-Authenticate", `Basic realm="`+b.cfg.Base.Issuer(enterprise)+`"`)
	case codeInvalidToken:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case codeNone:
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+b.cfg.Base.Issuer(enterprise)+`"`)
	}
	body := map[string]string{}
	if e.Code != codeNone {
		body["error"] = e.Code
	}
	if e.Description != "" {
		body["error_description"] = e.Description
	}
	writeJSON(w, status, body)
}

// writeJSON answers with a value that no cache may keep (RFC 6749 section 5.1).
func writeJSON(w http.ResponseWriter, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone when this fails
}
