package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// The kinds of app that a browser can be sent to.
const (
	// KindLink is an address as it is; the app comes back to us, or goes to a provider
	// that does.
	KindLink = "link"
	// KindOIDC is the app's initiate_login_uri (OpenID Connect Core 1.0, section 4):
	// it gets iss and login_hint and starts its own sign-in with us.
	KindOIDC = "oidc"
)

// Launch is how an app is opened: the JSON of [server.App.Launch].
type Launch struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
	// Params go into the address's query, in this order. A value may hold {issuer},
	// {login_hint} and {login_hint?}; the last drops the parameter where there is none.
	Params []connector.Pair `json:"params,omitempty"`
}

// person is what a parameter may say of who opens the app. No token, ever.
type person struct{ issuer, loginHint string }

// ParseLaunch reads and checks how an app is opened. Its address must be https, or
// http on loopback or a host of allowHTTP.
func ParseLaunch(raw json.RawMessage, allowHTTP []string) (Launch, error) {
	var l Launch
	if err := json.Unmarshal(raw, &l); err != nil {
		return Launch{}, fmt.Errorf("read launch: %w", err)
	}
	switch l.Kind {
	case KindLink, KindOIDC:
	default:
		return Launch{}, fmt.Errorf("read launch: kind %q is not known; it can be %q or %q", l.Kind, KindLink, KindOIDC)
	}
	if err := checkAddress(l.URL, allowHTTP); err != nil {
		return Launch{}, fmt.Errorf("read launch: url: %w", err)
	}
	for _, p := range l.Params {
		if p[0] == "" {
			return Launch{}, errors.New("read launch: a parameter has no name")
		}
		if _, _, err := fill(p[1], person{issuer: "x", loginHint: "x"}); err != nil {
			return Launch{}, fmt.Errorf("read launch: parameter %s: %w", p[0], err)
		}
	}
	return l, nil
}

// checkAddress refuses an address that a browser should not be sent to.
func checkAddress(address string, allowHTTP []string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errors.New("is not an address")
	case u.User != nil:
		return errors.New("names a user")
	case strings.ContainsAny(address, "{}"):
		return errors.New("has a placeholder; only values of params may")
	case u.Scheme == "https", u.Scheme == "http" && (loopback(u.Hostname()) || slices.Contains(allowHTTP, u.Hostname())):
		return nil
	}
	return errors.New("is not https")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// address fills the address for who opens the app.
func (l Launch) address(who person) (string, error) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return "", fmt.Errorf("open app: %w", err)
	}
	query := u.RawQuery
	add := func(name, value string) {
		if query != "" {
			query += "&"
		}
		query += url.QueryEscape(name) + "=" + url.QueryEscape(value)
	}
	for _, p := range l.params() {
		value, keep, err := fill(p[1], who)
		if err != nil {
			return "", fmt.Errorf("open app: parameter %s: %w", p[0], err)
		}
		if keep {
			add(p[0], value)
		}
	}
	u.RawQuery = query
	return u.String(), nil
}

// params are those of the record and, for OIDC, iss, which section 4 demands, and
// login_hint, unless the record says otherwise.
func (l Launch) params() []connector.Pair {
	if l.Kind != KindOIDC {
		return l.Params
	}
	params := slices.Clone(l.Params)
	for _, usual := range []connector.Pair{{"iss", "{issuer}"}, {"login_hint", "{login_hint?}"}} {
		if !slices.ContainsFunc(params, func(p connector.Pair) bool { return p[0] == usual[0] }) {
			params = append(params, usual)
		}
	}
	return params
}

// fill replaces the placeholders of one value; keep is false where an optional one is
// empty.
func fill(template string, who person) (value string, keep bool, err error) {
	var out strings.Builder
	for {
		text, rest, found := strings.Cut(template, "{")
		out.WriteString(text)
		if !found {
			return out.String(), true, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", false, errors.New("a brace is not closed")
		}
		name, optional := strings.CutSuffix(name, "?")
		known := map[string]string{"issuer": who.issuer, "login_hint": who.loginHint}
		fact, ok := known[name]
		switch {
		case !ok:
			return "", false, fmt.Errorf("placeholder {%s} is not known; it can be {issuer} or {login_hint}", name)
		case fact == "" && optional:
			return "", false, nil
		case fact == "":
			return "", false, fmt.Errorf("{%s} has no value for this person", name)
		}
		out.WriteString(fact)
		template = after
	}
}

// hint is the login_hint of a person: only an address that the company vouches for.
func hint(p server.Person) string {
	if !p.EmailVerified {
		return ""
	}
	return p.Email
}
