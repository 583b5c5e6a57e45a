package words

import (
	"strings"
	"unicode/utf8"

	"lanyard/auth"
)

// The product's name, as people see it.
const (
	Product   = "Lanyard"
	ProductZH = "Lanyard 工牌"
)

// The languages that there are tables for.
const (
	English = "en"
	Chinese = "zh"
)

// Message is what a person reads about a failure: what it is called, what happened,
// and what to do next.
type Message struct{ Title, Sentence, Hint string }

// Explain returns the message of err's fault (see [auth.FaultOf]); a nil error has none.
func Explain(err error, lang string) Message {
	if err == nil {
		return Message{}
	}
	fault, args := auth.FaultOf(err)
	return ExplainFault(fault, args, lang)
}

// ExplainFault returns the message of a fault with its facts filled in. A fault that
// nobody defined reads as [auth.Internal].
func ExplainFault(fault auth.Fault, args auth.Args, lang string) Message {
	if _, ok := lookup(English, "faults."+string(fault)+".title"); !ok {
		fault = auth.Internal
	}
	text := func(part string) string {
		row, _ := lookup(lang, "faults."+string(fault)+"."+part)
		return fill(row, args)
	}
	return Message{Title: text("title"), Sentence: text("sentence"), Hint: text("hint")}
}

// T returns the text of key in lang, with args as name, value pairs filled in. A row
// that lang lacks is read in English, an unknown key reads as itself.
func T(lang, key string, args ...string) string {
	row, ok := lookup(lang, key)
	if !ok {
		return key
	}
	facts := make(auth.Args, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		facts[args[i]] = args[i+1]
	}
	return fill(row, facts)
}

// AskIT returns the line that ends every message about something a person cannot
// mend: whom to ask, as far as the enterprise says.
func AskIT(help auth.Help, lang string) string {
	contact := Contact(help)
	if contact == "" {
		return T(lang, "help.nobody")
	}
	return T(lang, "help.ask", "help", contact)
}

// Follow puts a sentence behind another, with a space between them unless the first ends
// with a Chinese mark, which brings its own.
func Follow(first, second string) string {
	last, _ := utf8.DecodeLastRuneInString(first)
	if first == "" || second == "" || strings.ContainsRune("。？！：；，", last) {
		return first + second
	}
	return first + " " + second
}

// Contact returns a help contact in one line, "" where there is none.
func Contact(help auth.Help) string {
	var parts []string
	for _, part := range []string{help.Name, help.Phone, help.Chat, help.Link} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}
