package launch

import (
	"errors"
	"net/url"
	"strings"
	"unicode"

	"lanyard/auth"
)

// maxAddress bounds an address: Windows takes 2,083 characters for a document, and an
// authorization request with a signed state fits four times into this.
const maxAddress = 8 << 10

// Check lets pass what a browser, and nothing else, would open: http or https with a
// host, without the bytes that end an argument, start an option or cut a line.
// Anything else is fault BadInput; the address is not in the error, it may hold a
// one-time link.
func Check(address string) error {
	switch u, err := url.Parse(address); {
	case len(address) > maxAddress:
		return refused("too long")
	case strings.ContainsFunc(address, unfit):
		return refused("holds a space, quote or control byte")
	case err != nil:
		return refused("no address")
	case u.Scheme != "http" && u.Scheme != "https":
		return refused("neither http nor https")
	case u.Host == "" || u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-"):
		return refused("no host")
	case u.User != nil:
		return refused("holds a user name")
	}
	return nil
}

// unfit reports what has no place unescaped in an address (RFC 3986 section 2) and
// could mean something to an opener on the way: NUL panics on Windows, spaces and
// double quotes split arguments, a backslash is a slash to some.
func unfit(r rune) bool {
	return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune("\"`<>\\\uFFFD", r)
}

func refused(why string) error {
	return auth.Fail(auth.BadInput, nil, errors.New("check address: "+why))
}
