package directory

import (
	"regexp"
	"strings"
	"sync"
)

// patterns are compiled when the first message is pasted, which for most people is
// never. They see folded text: small letters, ASCII punctuation.
type patterns struct {
	link, mail, domain, keyword, server *regexp.Regexp
}

var messagePatterns = sync.OnceValue(func() patterns {
	const (
		name = `(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?`
		host = `(?:localhost|` + name + `|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?`
		code = `[a-z0-9](?:[a-z0-9-]*[a-z0-9])`
		// What may stand between a word such as "code" and what it announces. English
		// needs a sign that something follows ("the code from your IT message").
		sign = `\s*(?:is|:|=|"|“|\n|->|→)[\s:="“'‘<(\[]*`
	)
	return patterns{
		link:    regexp.MustCompile(`(?:(https?)://)?(` + host + `)/(join/)?(` + code + `)/?`),
		mail:    regexp.MustCompile(`[a-z0-9._%+-]+@(` + name + `)`),
		domain:  regexp.MustCompile(`(?:https?://)?(` + name + `)`),
		keyword: regexp.MustCompile(`(?:\bcode` + sign + `|(?:代码|企业码|代號|代碼)[\s:="“「『'‘<(\[是为為]*)(` + code + `)`),
		server:  regexp.MustCompile(`(?:\b(?:server|address)` + sign + `|(?:服务器|地址|伺服器)[\s:="“「『'‘<(\[是为為]*)(?:(https?)://)?(` + host + `)`),
	}
})

// found is a candidate in a message.
type found struct {
	query      Query
	at         int
	join, bare bool // a join link; without a scheme
}

// parseMessage finds what is meant in a pasted message. A join link says it best; then
// what the word "code" announces, with the address that the message gives for it; then
// "host/code", preferably without a scheme because a link with one is often the
// download; then an e-mail address; then a domain.
func parseMessage(text string) (Query, bool) {
	p := messagePatterns()
	links := findLinks(p.link, text)
	for _, l := range links {
		if l.join {
			return l.query, true
		}
	}
	for _, m := range p.keyword.FindAllStringSubmatchIndex(text, -1) {
		if q, ok := announced(p, text, m[2], m[3], links); ok {
			return q, true
		}
	}
	for _, bare := range []bool{true, false} {
		for _, l := range links {
			if l.bare == bare {
				return l.query, true
			}
		}
	}
	for _, re := range []*regexp.Regexp{p.mail, p.domain} {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			if domain, ok := mailDomain(text[m[2]:m[3]]); ok && whole(text, m[0], m[1]) {
				return Query{Domain: domain}, true
			}
		}
	}
	return Query{}, false
}

// announced reads what follows the word "code": a link, or a code, which is joined with
// the link that ends in it or with the server that the message names.
func announced(p patterns, text string, start, end int, links []found) (Query, bool) {
	for _, l := range links {
		if l.at == start {
			return l.query, true
		}
	}
	code, err := Normal(text[start:end])
	if err != nil || !whole(text, start, end) {
		return Query{}, false
	}
	for _, l := range links {
		if l.query.Code == code {
			return l.query, true
		}
	}
	if m := p.server.FindStringSubmatch(text); m != nil {
		if q, ok := parseLink(m[1], m[2], code); ok {
			return q, true
		}
	}
	return Query{Code: code}, true
}

func findLinks(re *regexp.Regexp, text string) []found {
	var links []found
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		if !whole(text, m[0], m[1]) {
			continue
		}
		group := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return text[m[2*n]:m[2*n+1]]
		}
		if q, ok := parseLink(group(1), group(2), group(4)); ok {
			links = append(links, found{query: q, at: m[0], join: group(3) != "", bare: group(1) == ""})
		}
	}
	return links
}

// whole reports whether text[start:end] is not part of something longer: of a path, a
// file name, an address.
func whole(text string, start, end int) bool {
	if start > 0 && strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789-._@/%+", text[start-1]) >= 0 {
		return false
	}
	rest := text[end:]
	if rest == "" {
		return true
	}
	if strings.IndexByte(".:-", rest[0]) >= 0 { // punctuation, unless it goes on
		return len(rest) == 1 || !alnum(rune(rest[1]))
	}
	return strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789_@/%+", rest[0]) < 0
}
