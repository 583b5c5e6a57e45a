package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"lanyard/auth"
)

// maxFact bounds a fact in a sentence: some come from a provider's answer.
const maxFact = 200

// fill writes the facts into a row: "{name}" is the fact, set off where Chinese and
// Latin letters meet, "[a|b]" the first alternative whose facts are all there.
func fill(row string, args auth.Args) string {
	if !strings.ContainsAny(row, "[{") {
		return row
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(row, "[")
		text, _ := facts(before, args)
		add(&out, text)
		if !found {
			return strings.TrimSpace(out.String())
		}
		choice, after, _ := strings.Cut(rest, "]")
		for alternative := range strings.SplitSeq(choice, "|") {
			if text, all := facts(alternative, args); all {
				add(&out, text)
				break
			}
		}
		row = after
	}
}

// facts replaces every {name} in text and reports whether all of them are there.
func facts(text string, args auth.Args) (filled string, all bool) {
	var out strings.Builder
	all = true
	for {
		before, rest, found := strings.Cut(text, "{")
		add(&out, before)
		if !found {
			return out.String(), all
		}
		name, after, _ := strings.Cut(rest, "}")
		fact := Line(args[name], maxFact)
		all = all && fact != ""
		add(&out, fact)
		text = after
	}
}

// add writes text behind what is there, with a space between a Chinese character and a
// Latin letter, a digit or their bracket that meet: "打开 Wiki", but "打开笔记".
func add(out *strings.Builder, text string) {
	last, _ := utf8.DecodeLastRuneInString(out.String())
	first, _ := utf8.DecodeRuneInString(text)
	if unicode.Is(unicode.Han, last) && (latin(first) || first == '(') || (latin(last) || last == ')') && unicode.Is(unicode.Han, first) {
		out.WriteByte(' ')
	}
	out.WriteString(text)
}

func latin(r rune) bool { return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) }

// Line makes text that came from somebody's server fit to be shown: one line, no
// control or direction marks (it could turn the words around it), at most limit runes.
func Line(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == unicode.ReplacementChar:
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
