package signin

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"lanyard/auth"
)

// maxForm bounds a posted callback.
const maxForm = 64 << 10

// answer is what a callback with our state brought: a code or the provider's no.
type answer struct {
	code auth.Secret
	err  error
}

// verdict is what a callback is worth.
type verdict int

const (
	junk        verdict = iota // not an answer to our request
	wrongIssuer                // our state, but not our provider's iss
	ours
)

// parameters returns what a callback brings, in the query of a GET or in the form of
// a POST (OAuth 2.0 Form Post Response Mode), or false if that is no callback at all.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	raw := r.URL.RawQuery
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" || raw != "" {
			return nil, false
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
		if err != nil {
			return nil, false
		}
		raw = string(body)
	default:
		return nil, false
	}
	q, err := url.ParseQuery(raw)
	return q, err == nil
}

// judge reads a callback. Nothing in it is believed before its state proved to be
// ours and, where issuer is not empty, its iss to be that issuer (RFC 9207 section
// 2.4; it holds for errors too). A parameter that is there twice makes it junk (RFC
// 6749 section 3.1): whoever adds a second one hopes that two readers differ.
func judge(q url.Values, state auth.Secret, issuer string) (verdict, answer) {
	for _, name := range []string{"state", "iss", "code", "error", "error_description"} {
		if len(q[name]) > 1 {
			return junk, answer{}
		}
	}
	if state.IsZero() || !state.Equal(auth.NewSecret(q.Get("state"))) {
		return junk, answer{}
	}
	code, failure := q.Get("code"), q.Get("error")
	switch {
	case code == "" && failure == "":
		return junk, answer{}
	case issuer != "" && q.Get("iss") != issuer:
		return wrongIssuer, answer{}
	case failure != "":
		return ours, answer{err: refusal(failure, q.Get("error_description"))}
	default:
		return ours, answer{code: auth.NewSecret(code)}
	}
}

// faulty are the errors by which a provider says that the request or it itself is at
// fault (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6); with every
// other it says that this person may not come in.
var faulty = map[string]bool{
	"invalid_request": true, "unauthorized_client": true, "unsupported_response_type": true,
	"invalid_scope": true, "server_error": true, "temporarily_unavailable": true,
	"invalid_request_uri": true, "invalid_request_object": true, "request_not_supported": true,
	"request_uri_not_supported": true, "registration_not_supported": true,
}

// refusal is the fault of a provider's error. Its words are for the person; the error
// that is logged has none of them.
func refusal(code, description string) error {
	if code == "access_denied" && description == string(auth.SignInWrongCompany) { // a server of ours says so
		return auth.Fail(auth.SignInWrongCompany, nil, errors.New("read the callback: the person is another company's"))
	}
	if !faulty[code] {
		if description == "" && code != "access_denied" {
			description = code
		}
		return auth.Fail(auth.SignInDenied, auth.Args{"reason": description},
			errors.New("read the callback: the provider let nobody in"))
	}
	return auth.Fail(auth.ProviderFailed, auth.Args{"code": code, "reason": description},
		errors.New("read the callback: the provider answered "+code))
}

// plainPath reports whether a path is absolute and is written the same in a URL.
func plainPath(path string) bool {
	u := url.URL{Path: path}
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && u.EscapedPath() == path &&
		!strings.HasPrefix(path, "/signed-in/")
}
