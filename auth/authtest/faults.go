package authtest

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Faults are the switches of a [Provider]; the zero value is a faultless one. A
// function gets what the provider is about to answer and changes it.
type Faults struct {
	Discovery func(document map[string]any)
	Keys      func(keys []map[string]any) []map[string]any
	// Callback changes what the browser brings back; a parameter set to two values
	// is sent twice.
	Callback func(params url.Values)
	Token    func(answer map[string]any)
	Device   func(answer map[string]any) // to the question for a device code
	Claims   func(claims map[string]any) // of the id_token
	Userinfo func(claims map[string]any)

	// Deny is the error that authorize answers instead of a code.
	Deny string
	// Alg signs the id_token: ES256 (default), RS256, EdDSA, HS256 or none.
	Alg string
	// Kid replaces the id_token's kid; "-" leaves it out.
	Kid string
	// BadSignature spoils the id_token's signature.
	BadSignature bool
	// NoRotation leaves the refresh token as it is and out of the answer.
	NoRotation bool
	// Answer answers a path ("/token") instead of the provider.
	Answer map[string]http.HandlerFunc
}

// Status answers code with a body that says nothing.
func Status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "fault", code) }
}

// HTML answers a web page where data is due, as a maintenance page does.
func HTML(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!doctype html><title>Back soon</title><h1>Back soon</h1>"))
}

// Huge answers 5 MB of well-formed JSON.
func Huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"padding":"` + strings.Repeat("x", 5<<20) + `"}`))
}

// Slow answers nothing until d is over or the caller has gone.
func Slow(d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusGatewayTimeout)
	}
}

// OAuthError answers an error as RFC 6749 section 5.2 has it.
func OAuthError(status int, code, description string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, status, map[string]any{"error": code, "error_description": description})
	}
}
