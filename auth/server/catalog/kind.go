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

// ParseLaunch reads and checks how an app is opened. The addresses that a browser is sent
// to must be https, or http on loopback or a host of allowHTTP.
func ParseLaunch(raw json.RawMessage, allowHTTP []string) (server.LaunchSpec, error) {
	var l server.LaunchSpec
	if err := json.Unmarshal(raw, &l); err != nil {
		return server.LaunchSpec{}, fmt.Errorf("read launch: %w", err)
	}
	if err := checkLaunch(l, allowHTTP); err != nil {
		return server.LaunchSpec{}, fmt.Errorf("read launch: %w", err)
	}
	return l, nil
}

func checkLaunch(l server.LaunchSpec, allowHTTP []string) error {
	switch l.Kind {
	case server.LaunchLink, server.LaunchOIDC:
		if err := checkAddress(l.URL, allowHTTP); err != nil {
			return fmt.Errorf("url: %w", err)
		}
		return checkParams(l.Params)
	case server.LaunchSteps:
		o, err := opening(l, "")
		if err != nil {
			return err
		}
		if err := checkScheme(o.Open.URL, allowHTTP); err != nil {
			return fmt.Errorf("url: %w", err)
		}
		return nil
	case server.LaunchSAML:
		return checkSAML(l.SAML, allowHTTP)
	case server.LaunchNative:
		if l.Native == nil || l.Native.ID == "" {
			return errors.New("native: names no program")
		}
		return nil
	}
	return fmt.Errorf("kind %q is not known; it can be link, oidc, saml, steps or native", l.Kind)
}

func checkParams(params []connector.Pair) error {
	for _, p := range params {
		if p[0] == "" {
			return errors.New("a parameter has no name")
		}
		if _, _, err := fill(p[1], person{issuer: "x", loginHint: "x"}); err != nil {
			return fmt.Errorf("parameter %s: %w", p[0], err)
		}
	}
	return nil
}

// checkSAML checks what a browser would be made to post to; the rest is the opener's.
func checkSAML(s *server.SAML, allowHTTP []string) error {
	if s == nil || s.EntityID == "" || len(s.ACS) == 0 {
		return errors.New("saml: needs entity_id and acs")
	}
	for _, address := range s.ACS {
		if err := checkAddress(address, allowHTTP); err != nil {
			return fmt.Errorf("saml: acs: %w", err)
		}
	}
	return nil
}

// checkAddress refuses an address that a browser should not be sent to.
func checkAddress(address string, allowHTTP []string) error {
	if strings.ContainsAny(address, "{}") {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			return errors.New("has a placeholder; only values of params may")
		}
	}
	return checkScheme(address, allowHTTP)
}

// checkScheme is checkAddress for one that may have placeholders after its host.
func checkScheme(address string, allowHTTP []string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errors.New("is not an address")
	case u.User != nil:
		return errors.New("names a user")
	case u.Scheme == "https", u.Scheme == "http" && (loopback(u.Hostname()) || slices.Contains(allowHTTP, u.Hostname())):
		return nil
	}
	return errors.New("is not https")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// person is what a parameter may say of who opens the app. No token, ever.
type person struct{ issuer, loginHint string }

// address fills the address of an app of kind link or oidc for who opens it.
func address(l server.LaunchSpec, who person) (string, error) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return "", fmt.Errorf("open app: %w", err)
	}
	query := u.RawQuery
	for _, p := range params(l) {
		value, keep, err := fill(p[1], who)
		if err != nil {
			return "", fmt.Errorf("open app: parameter %s: %w", p[0], err)
		}
		if !keep {
			continue
		}
		if query != "" {
			query += "&"
		}
		query += url.QueryEscape(p[0]) + "=" + url.QueryEscape(value)
	}
	u.RawQuery = query
	return u.String(), nil
}

// params are those of the record and, for OIDC, iss, which section 4 demands, and
// login_hint, unless the record says otherwise.
func params(l server.LaunchSpec) []connector.Pair {
	if l.Kind != server.LaunchOIDC {
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
