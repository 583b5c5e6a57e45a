package connector

import (
	"net"
	"net/url"
	"strings"
)

// Target returns the address that an APPID link with cb goes on to: cb itself, written
// anew, where it lies under one of the connector's targets. The origin must be the
// target's exactly and the path the target's or one below it. Whatever two readers of an
// address could understand differently is refused, for a browser is sent there.
func (c *Connector) Target(cb string) (address string, allowed bool) {
	u, ok := target(cb)
	if !ok {
		return "", false
	}
	for _, t := range c.Targets {
		if t, ok := target(t); ok && u.Scheme == t.Scheme && u.Host == t.Host && below(u.EscapedPath(), t.EscapedPath()) {
			return u.String(), true
		}
	}
	return "", false
}

// target reads an address as strictly as it can be read, without its fragment.
func target(raw string) (*url.URL, bool) {
	const most = 2048
	if len(raw) > most || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`{|}", r) }) {
		return nil, false
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" || u.Hostname() == "" || strings.Contains(raw, "#") {
		return nil, false
	}
	u.Host = strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	case "http":
		if u.Host = strings.TrimSuffix(u.Host, ":80"); !saysLoopback(u.Hostname()) {
			return nil, false
		}
	default:
		return nil, false
	}
	if strings.HasSuffix(u.Host, ":") || strings.ContainsFunc(u.Host, func(r rune) bool { return !hostByte(r) }) {
		return nil, false
	}
	if _, port, err := net.SplitHostPort(u.Host); err == nil && !validPort(port) {
		return nil, false
	}
	path := u.EscapedPath()
	if path == "" {
		u.Path, u.RawPath, path = "/", "", "/"
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.ContainsAny(plain, "/\\%") {
			return nil, false
		}
	}
	if path[0] != '/' || strings.Contains(path, "//") {
		return nil, false
	}
	return u, true
}

// below reports whether path is prefix or lies under it, by whole segments.
func below(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}
