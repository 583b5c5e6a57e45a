package server

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"lanyard/auth"
)

// Words are what a page prints, by name. A page whose [View.Body] they are is rendered once
// for each company and language and kept, cut where the words stand; a visit then costs no
// more than putting its own there. Its template may print them, and nothing else: it must
// not ask what they are, and always gets the same names.
//
// How a word is to be escaped is not for this file to judge. The template is given marks
// for words, and what html/template makes of a mark tells where it stands: in text, which
// takes every word, or in place of an address, which takes plain ones. With a word anywhere
// else the page fails.
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

// A mark is markName, the name of its word, markEnd and the probe, which comes out in one
// of two ways. Its name is random: nobody can call a company so.
var markName = "word" + auth.RandomID()

const (
	markEnd        = "."
	probe          = `< "'&>`
	probeAsText    = "&lt; &#34;&#39;&amp;&gt;"
	probeAsAddress = "%3c%20%22%27&amp;%3e"
)

// marked returns a view with marks for its words.
func marked(v View, words Words) View {
	mark := func(name string) string { return markName + name + markEnd + probe }
	marks := Words{}
	for name := range words {
		marks[name] = mark(name)
	}
	v.Title, v.Body = mark(titleWord), marks
	return v
}

// cutAtMarks takes a page with marks apart.
func cutAtMarks(page string) (*skeleton, error) {
	k := &skeleton{}
	for {
		part, rest, found := strings.Cut(page, markName)
		k.parts = append(k.parts, part)
		if !found {
			return k, nil
		}
		name, rest, _ := strings.Cut(rest, markEnd)
		after, text := strings.CutPrefix(rest, probeAsText)
		if !text {
			if after, found = strings.CutPrefix(rest, probeAsAddress); !found {
				return nil, fmt.Errorf("keep page: word %q is neither text nor an address", name)
			}
		}
		k.words = append(k.words, word{name, !text})
		page = after
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
