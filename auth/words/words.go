package words

import "lanyard/auth"

// The product's name, as people see it.
const (
	Product   = "Lanyard"
	ProductZH = "Lanyard 工牌"
)

// Message is what a person reads about a failure.
type Message struct{ Title, Sentence, Hint string }

// Explain returns the message of err's fault.
func Explain(err error, lang string) Message {
	f, args := auth.FaultOf(err)
	return ExplainFault(f, args, lang)
}

// ExplainFault returns the message of f.
func ExplainFault(f auth.Fault, args auth.Args, lang string) Message { return Message{} }

// T returns the text of key.
func T(lang, key string, args ...string) string { return key }

// Match returns the language.
func Match(accept string) string { return "en" }
