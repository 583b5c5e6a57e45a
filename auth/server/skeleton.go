package server

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Words are what a page prints, by name. A page whose [View.Body] they are is rendered once
// for each company and language and kept, cut where the words stand; a visit then costs no
// more than putting its own there. Its template may print them, and nothing else: it must
// not ask what they are, and always gets the same names.
//
// How a word is to be escaped is not for this file to judge. The template is given marks
// for words: where one comes out as html/template escapes text, every word is escaped so;
// where an address comes out as it was, plain addresses go. Anywhere else the page fails.
type Words map[string]string

// skeleton is a page without its words.
type skeleton struct {
	parts []string // around the words
	words []word   // words[i] stands behind parts[i]
}

type word struct {
	name    string // titleWord: [View.Title]
	address bool
}

const titleWord = ""

// A mark is a name of its own and what gives away how it was escaped.
const (
	markName    = "lanyard-word-"
	markEnd     = "."
	markText    = `< "'&>`
	markAddress = "?a=b&c=%20"
)

// skeletonOf renders a page with marks for its words and takes it apart.
func skeletonOf(execute func(*bytes.Buffer, View) error, v View, words Words) (*skeleton, error) {
	names := append([]string{titleWord}, slices.Sorted(maps.Keys(words))...)
	addresses := make([]bool, len(names)) // found out by the first rendering
	for range 2 {
		text, err := renderMarks(execute, v, names, addresses)
		if err != nil {
			return nil, err
		}
		k, again, err := cutMarks(text, names, addresses)
		if err != nil || !again {
			return k, err
		}
	}
	return nil, fmt.Errorf("keep page: a word is neither text nor an address")
}

func renderMarks(execute func(*bytes.Buffer, View) error, v View, names []string, addresses []bool) (string, error) {
	marked := Words{}
	for i, name := range names {
		mark := markName + strconv.Itoa(i) + markEnd
		if addresses[i] {
			marked[name] = "/" + mark + markAddress
		} else {
			marked[name] = mark + markText
		}
	}
	v.Title, v.Body = marked[titleWord], marked
	var out bytes.Buffer
	err := execute(&out, v)
	return out.String(), err
}

// cutMarks cuts a page at its marks. again reports that another word was found to be an
// address.
func cutMarks(page string, names []string, addresses []bool) (k *skeleton, again bool, err error) {
	k = &skeleton{}
	text, address := template.HTMLEscapeString(markText), template.HTMLEscapeString(markAddress)
	for {
		part, rest, found := strings.Cut(page, markName)
		if !found {
			k.parts = append(k.parts, page)
			return k, again, nil
		}
		number, rest, _ := strings.Cut(rest, markEnd)
		i, err := strconv.Atoi(number)
		if err != nil || i >= len(names) {
			return nil, false, fmt.Errorf("keep page: unknown mark %q", number)
		}
		end := text
		if addresses[i] {
			part, end = strings.TrimSuffix(part, "/"), address
		}
		rest, plain := strings.CutPrefix(rest, end)
		switch {
		case !plain && addresses[i]:
			return nil, false, fmt.Errorf("keep page: %s is neither text nor an address", names[i])
		case !plain:
			addresses[i], again = true, true
		}
		k.parts, k.words = append(k.parts, part), append(k.words, word{names[i], addresses[i]})
		page = rest
	}
}

// write writes the page with its words; it reports whether they could be put there.
func (k *skeleton) write(out *bytes.Buffer, title string, words Words) bool {
	for i, part := range k.parts {
		out.WriteString(part)
		if i == len(k.words) {
			return true
		}
		value, there := title, true
		if name := k.words[i].name; name != titleWord {
			value, there = words[name]
		}
		if !there || k.words[i].address && !plainAddress(value) {
			return false
		}
		template.HTMLEscape(out, []byte(value))
	}
	return true
}

// plainAddress reports whether s is a path at this server, with a query or not, in which
// html/template would find nothing to encode (RFC 3986 section 2).
func plainAddress(s string) bool {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&*+,/:;=?@%"
	return strings.HasPrefix(s, "/") && strings.Trim(s, plain) == "" && validPercent(s)
}

// validPercent reports whether every % begins a byte in hex.
func validPercent(s string) bool {
	const hex = "0123456789abcdefABCDEF"
	for {
		_, rest, found := strings.Cut(s, "%")
		if !found {
			return true
		}
		if len(rest) < 2 || strings.Trim(rest[:2], hex) != "" {
			return false
		}
		s = rest
	}
}

// shelf keeps pages.
type shelf struct {
	mu    sync.Mutex
	pages map[shelfKey]*skeleton
}

// shelfKey is all that makes a page another one, beside its words.
type shelfKey struct{ name, lang, company, logo string }

// maxShelf bounds it; past it all are rendered anew.
const maxShelf = 256

func (s *shelf) get(key shelfKey) *skeleton {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages[key]
}

func (s *shelf) put(key shelfKey, k *skeleton) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages == nil || len(s.pages) >= maxShelf {
		s.pages = map[shelfKey]*skeleton{}
	}
	s.pages[key] = k
}
