package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"lanyard/auth"
)

// Query is what a person typed, taken apart: exactly one of Code and Domain is set.
type Query struct {
	Code string // in normal form
	// Directory is the origin that was named together with the code, or "". It may be
	// plain http; [Resolver.Resolve] refuses that off loopback.
	Directory string
	// Domain is a mail domain, lower case and in ASCII. Of an e-mail address nothing
	// else is kept but in Typed.
	Domain string
	Typed  string // as it was typed, without blanks around it
}

// maxTyped bounds what is looked at: a long mail with its signature fits.
const maxTyped = 64 << 10

// Parse takes apart what a person typed or pasted: a code, "host/code", a join link, a
// domain, an e-mail address, or a whole message that holds one of them. Full-width
// letters become ASCII and case is folded. The faults are CodeEmpty and CodeInvalid.
func Parse(typed string) (Query, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return Query{}, auth.CodeEmpty
	}
	if len(typed) > maxTyped {
		return Query{}, auth.CodeInvalid
	}
	text := fold(typed)
	q, ok := parseOne(text)
	if !ok {
		q, ok = parseMessage(text)
	}
	if !ok {
		return Query{}, auth.CodeInvalid
	}
	q.Typed = typed
	return q, nil
}

// fold brings text into one alphabet: compatibility forms (full-width letters among
// them) become plain, capitals small, characters that nobody sees are dropped, and the
// Chinese full stop between two letters is the dot that was meant.
func fold(text string) string {
	text = strings.ToLower(norm.NFKC.String(text))
	runes := make([]rune, 0, len(text))
	for _, r := range text {
		if !unicode.Is(unicode.Cf, r) {
			runes = append(runes, r)
		}
	}
	for i := 1; i+1 < len(runes); i++ {
		if runes[i] == '。' && alnum(runes[i-1]) && alnum(runes[i+1]) {
			runes[i] = '.'
		}
	}
	return strings.TrimSpace(string(runes))
}

func alnum(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }

// parseOne reads text that is one code, address or link and nothing else.
func parseOne(text string) (Query, bool) {
	text = strings.Trim(text, "<>(){}\"'“”‘’「」『』《》,;!?.。、")
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return Query{}, false
	}
	if strings.Contains(text, "@") { // only ever an e-mail address, never user@host of a URL
		return parseMail(text)
	}
	scheme, rest, hasScheme := strings.Cut(text, "://")
	if !hasScheme {
		scheme, rest = "", text
	} else if scheme != "https" && scheme != "http" {
		return Query{}, false
	}
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	host, path, hasPath := strings.Cut(rest, "/")
	path = strings.TrimSuffix(path, "/")
	if !hasScheme && !hasPath && !strings.ContainsAny(host, ".:") {
		code, err := Normal(host)
		return Query{Code: code}, err == nil
	}
	if path == "" {
		domain, ok := mailDomain(host)
		return Query{Domain: domain}, ok
	}
	return parseLink(scheme, host, strings.TrimPrefix(path, "join/"))
}

// parseLink reads the parts of a join link or of "host/code".
func parseLink(scheme, host, code string) (Query, bool) {
	origin, ok := originOf(scheme, host)
	if !ok {
		return Query{}, false
	}
	code, err := Normal(code)
	return Query{Code: code, Directory: origin}, err == nil
}

func parseMail(text string) (Query, bool) {
	local, host, _ := strings.Cut(strings.TrimPrefix(text, "mailto:"), "@")
	if local == "" || strings.ContainsAny(local, "/:\\") {
		return Query{}, false
	}
	domain, ok := mailDomain(host)
	return Query{Domain: domain}, ok
}

// mailDomain returns host in ASCII if it can be the domain of a mail address.
func mailDomain(host string) (string, bool) {
	host, ok := hostname(host)
	if !ok || !strings.Contains(host, ".") || loopback(host) {
		return "", false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", false
	}
	return host, true
}

// Normal returns the normal form of a code: compatibility forms made plain (NFKC), lower
// case, letters a to z, digits and inner hyphens, 2 to 64 of them. Anything else is
// fault CodeInvalid.
func Normal(code string) (string, error) {
	code = strings.ToLower(norm.NFKC.String(strings.TrimSpace(code)))
	if len(code) < 2 || len(code) > 64 || code[0] == '-' || code[len(code)-1] == '-' {
		return "", auth.CodeInvalid
	}
	for _, r := range code {
		if !alnum(r) && r != '-' {
			return "", auth.CodeInvalid
		}
	}
	return code, nil
}

// Hash returns the hex SHA-256 of the normal form of code, under which a directory
// serves its document. It spares codes from access logs; it does not hide them.
func Hash(code string) string {
	if normal, err := Normal(code); err == nil {
		code = normal
	}
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// originOf returns the normal form of an origin. Without a scheme it is https, on
// loopback http.
func originOf(scheme, hostport string) (string, bool) {
	host, port := hostport, ""
	if h, p, err := net.SplitHostPort(hostport); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return "", false
		}
		host, port = h, strconv.FormatUint(n, 10)
	}
	host, ok := hostname(strings.Trim(host, "[]"))
	if !ok {
		return "", false
	}
	if scheme == "" {
		scheme = "https"
		if loopback(host) {
			scheme = "http"
		}
	}
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return scheme + "://" + host, true
}

// hostname returns a host in ASCII: an IP address as it is, a name by IDNA (RFC 5891).
// A label that mixes Han with Latin letters is no host: it is a Chinese sentence
// that runs into one.
func hostname(host string) (string, bool) {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		return ip.String(), true
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.ContainsFunc(label, alnum) && strings.ContainsFunc(label, han) {
			return "", false
		}
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || len(ascii) > 253 || strings.ContainsFunc(ascii, func(r rune) bool { return !alnum(r) && r != '.' && r != '-' }) {
		return "", false
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", false // "1.2.3" and its like are read as addresses by some resolvers
	}
	return ascii, true
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

// loopback reports whether host names this computer (RFC 6761 section 6.3 for names).
func loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
