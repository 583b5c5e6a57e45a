package connector

import (
	"fmt"
	"net/url"
	"strings"
)

// The placeholder language is closed: {name} stands for a value that must be there,
// {name?} drops the whole parameter where it is not. There are no expressions, and a
// brace means nothing else.

// place is where a template stands; it decides how a value is encoded.
type place int

const (
	inText   place = iota // encoded later as a whole: parameter, form field, JSON string
	inURL                 // an address: path segment before "?", query after it
	inHeader              // a header's value
	inPath                // a path into an answer
)

// emptyError says that a required placeholder has no value.
type emptyError string

func (e emptyError) Error() string { return "{" + string(e) + "} has no value" }

// pieces calls literal and name for each part of a template, in order, and stops at
// the first error.
func pieces(template string, literal func(string) error, name func(name string, optional bool) error) error {
	for template != "" {
		i := strings.IndexAny(template, "{}")
		if i < 0 {
			return literal(template)
		}
		if i > 0 {
			if err := literal(template[:i]); err != nil {
				return err
			}
		}
		end := strings.IndexByte(template, '}')
		if template[i] == '}' || end < 0 {
			return fmt.Errorf("has a brace without its partner")
		}
		n, optional := strings.CutSuffix(template[i+1:end], "?")
		if !validValue(n) {
			return fmt.Errorf("has the placeholder %q; write {name} or {name?}", template[i:end+1])
		}
		if err := name(n, optional); err != nil {
			return err
		}
		template = template[end+1:]
	}
	return nil
}

// validName reports whether s can name a value: a lower case letter, then lower case
// letters, digits and underscores.
func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// render fills a template; keep is false where an optional placeholder is empty.
func render(template string, encode func(string) (string, error), value func(string) string) (out string, keep bool, err error) {
	if strings.IndexByte(template, '{') < 0 {
		return template, true, nil
	}
	var b strings.Builder
	keep = true
	err = pieces(template, func(s string) error {
		b.WriteString(s)
		return nil
	}, func(name string, optional bool) error {
		v := value(name)
		switch {
		case v != "":
			v, err := encode(v)
			b.WriteString(v)
			return err
		case optional:
			keep = false
			return nil
		default:
			return emptyError(name)
		}
	})
	if err != nil || !keep {
		return "", keep, err
	}
	return b.String(), true, nil
}

// renderURL fills an address whose scheme, host and port are literal (see Check).
// A parameter of its query whose optional placeholder is empty goes.
func renderURL(template string, value func(string) string) (string, error) {
	if strings.IndexByte(template, '{') < 0 {
		return template, nil
	}
	path, query, hasQuery := strings.Cut(template, "?")
	out, keep, err := render(path, encodeSegment, value)
	if err != nil {
		return "", err
	}
	if !keep {
		return "", fmt.Errorf("a part of the path has no value")
	}
	if !hasQuery {
		return out, nil
	}
	var items []string
	for item := range strings.SplitSeq(query, "&") {
		item, keep, err := render(item, encodeQuery, value)
		if err != nil {
			return "", err
		}
		if keep {
			items = append(items, item)
		}
	}
	return out + "?" + strings.Join(items, "&"), nil
}

func asIs(s string) (string, error) { return s, nil }

func encodeQuery(s string) (string, error) { return escape(s), nil }

// encodeSegment makes s one path segment. A value of dots would climb the path at the
// far end, however it is encoded.
func encodeSegment(s string) (string, error) {
	if s == "." || s == ".." {
		return "", fmt.Errorf("a value of dots cannot stand in a path")
	}
	return url.PathEscape(s), nil
}

// encodeHeader refuses what would end a header or start another one.
func encodeHeader(s string) (string, error) {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) >= 0 {
		return "", fmt.Errorf("a value with control characters cannot stand in a header")
	}
	return s, nil
}

// escape is url.QueryEscape with %20 for a space: some vendors take "+" literally.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// withQuery adds parameters to an address, in order, and keeps its fixed query. A
// fixed parameter of the same name gives way: OAuth forbids sending one twice
// (RFC 6749 section 3.1), and an address copied from a browser may hold an old state.
func withQuery(address string, params []Pair) string {
	base, fixed, _ := strings.Cut(address, "?")
	var b strings.Builder
	b.WriteString(base)
	sep := byte('?')
	for item := range strings.SplitSeq(fixed, "&") {
		if item == "" || named(params, item) {
			continue
		}
		b.WriteByte(sep)
		b.WriteString(item)
		sep = '&'
	}
	for _, p := range params {
		b.WriteByte(sep)
		b.WriteString(escape(p[0]))
		b.WriteByte('=')
		b.WriteString(escape(p[1]))
		sep = '&'
	}
	return b.String()
}

// named reports whether the query item "key=value" has the name of one of params.
func named(params []Pair, item string) bool {
	key, _, _ := strings.Cut(item, "=")
	if k, err := url.QueryUnescape(key); err == nil {
		key = k
	}
	for _, p := range params {
		if p[0] == key {
			return true
		}
	}
	return false
}
