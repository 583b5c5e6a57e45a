package connector

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// hidden stands where a secret was.
const hidden = "••••"

// veil hides secrets in what an admin or a log gets to see: by value, wherever one of
// this run's secrets turns up (a vendor may quote it in an error), and by name, for
// whatever an answer holds under a name such as access_token.
type veil struct {
	values []string
	all    bool // whatever a step sets is a secret
}

// hides reports whether the value of a result is a secret. One of a few characters is
// not: hidden, it would take others' text with it.
func (v *veil) hides(name, value string) bool {
	return secretName(name) || v.all && len(value) >= 8
}

func (v *veil) add(secret string) {
	if secret == "" || slices.Contains(v.values, secret) {
		return
	}
	v.values = append(v.values, secret)
	for _, e := range []string{url.QueryEscape(secret), escape(secret), url.PathEscape(secret)} { // as the engine writes it, and others do
		if !slices.Contains(v.values, e) {
			v.values = append(v.values, e)
		}
	}
	// The longest first: one secret may be the beginning of another.
	slices.SortStableFunc(v.values, func(a, b string) int { return len(b) - len(a) })
}

// text hides the secrets in s.
func (v *veil) text(s string) string {
	for _, secret := range v.values {
		if strings.Contains(s, secret) {
			s = strings.ReplaceAll(s, secret, hidden)
		}
	}
	return s
}

// named hides value where its name or its text says that it is a secret.
func (v *veil) named(name, value string) string {
	if value != "" && secretName(name) {
		return hidden
	}
	return v.text(value)
}

// tree returns a copy of a decoded JSON value with its secrets hidden.
func (v *veil) tree(doc any) any {
	switch doc := doc.(type) {
	case map[string]any:
		out := make(map[string]any, len(doc))
		for k, item := range doc {
			s, isText := item.(string)
			switch {
			case isText && (secretName(k) || strings.EqualFold(k, "code") && len(s) >= 16):
				out[k] = hidden
			default:
				out[k] = v.tree(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(doc))
		for i, item := range doc {
			out[i] = v.tree(item)
		}
		return out
	case string:
		return v.text(doc)
	case json.Number:
		if s := v.text(doc.String()); s != doc.String() {
			return s
		}
		return doc
	default:
		return doc
	}
}

// secretName reports whether a name says that its value is a secret: access_token,
// appSecret, x-wlk-Authorization, user_ticket; but not token_type or expires_in.
func secretName(name string) bool {
	n := strings.ToLower(name)
	for _, word := range []string{"type", "expire", "ttl", "_in", "endpoint"} {
		if strings.Contains(n, word) {
			return false
		}
	}
	for _, word := range []string{
		"token", "secret", "passw", "pwd", "ticket", "authorization", "assertion", "cookie",
		"credential", "apikey", "api_key", "accesskey", "access_key", "appkey", "app_key",
		"authcode", "auth_code", "verifier", "session",
	} {
		if strings.Contains(n, word) {
			return true
		}
	}
	return false
}

// veiledError shows a transport's error without the secrets of its address, and keeps
// the error itself for errors.Is and errors.As.
type veiledError struct {
	text string
	err  error
}

func (e *veiledError) Error() string { return e.text }
func (e *veiledError) Unwrap() error { return e.err }
