package connector

import (
	"net/url"

	"lanyard/auth"
)

// CallbackResult is what the browser brought back from the provider. All of it but
// State is only to be believed after State proved to be ours.
type CallbackResult struct {
	Code  auth.Secret // empty where the provider said no
	State string
	// Error and ErrorText are the provider's own words for a failure, on one line.
	Error, ErrorText string
}

// ReadCallback reads the callback's query by the connector's names. A parameter that
// is there twice counts as missing (RFC 6749 section 3.1 forbids it, and whoever adds
// a second one hopes that two readers differ).
func (c *Connector) ReadCallback(q url.Values) CallbackResult {
	cb := c.Callback
	r := CallbackResult{
		State:     single(q, cb.State, "state"),
		Error:     clean(single(q, cb.Error, "error")),
		ErrorText: clean(single(q, cb.ErrorText, "error_description")),
	}
	code := single(q, cb.Code, "code")
	if cb.ErrorIf != "" && q.Get(cb.ErrorIf) != "" && r.Error == "" {
		// WeLink answers a failure as ?code=60008&message=…: the code is no code.
		r.Error, code = clean(code), ""
		if r.Error == "" {
			r.Error = cb.ErrorIf
		}
	}
	if r.Error == "" {
		r.Code = auth.NewSecret(code)
	}
	return r
}

// Err returns what the callback failed with, nil where it brought a code:
// SignInDenied where the person or the company said no, ProviderFailed for any other
// error of the provider, FieldMissing where there is neither code nor error.
func (r CallbackResult) Err() error {
	reason := r.Error
	if r.ErrorText != "" {
		reason += ": " + r.ErrorText
	}
	switch {
	case r.Error == "access_denied":
		return auth.Fail(auth.SignInDenied, auth.Args{"stage": "authorize", "code": r.Error, "reason": reason}, nil)
	case r.Error != "":
		return auth.Fail(auth.ProviderFailed, auth.Args{"stage": "authorize", "code": r.Error, "reason": reason}, nil)
	case r.Code.IsZero():
		return auth.Fail(auth.FieldMissing, auth.Args{"stage": "authorize", "field": "code", "found": "nothing"}, nil)
	}
	return nil
}

// single returns the value of the first name that is there exactly once; fallback is
// the standard's name, for a connector that gives none.
func single(q url.Values, names []string, fallback string) string {
	if len(names) == 0 {
		names = []string{fallback}
	}
	for _, name := range names {
		if v := q[name]; len(v) == 1 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}
