package window

import (
	"cmp"
	"errors"
	"slices"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

// maxText bounds a name or a title that a company chose.
const maxText = 120

// Plain makes a text of somebody else's fit for a label.
func Plain(s string) string { return words.Line(s, maxText) }

// Company is how people call an enterprise.
func Company(e auth.Enterprise, lang string) string {
	return Plain(cmp.Or(e.Name.In(lang), e.Code, e.ID))
}

// Person is how people are called.
func Person(id auth.Identity) string { return Plain(cmp.Or(id.Name, id.Email)) }

// Title is what an app is called.
func Title(app auth.App, lang string) string { return Plain(cmp.Or(app.Title.In(lang), app.ID)) }

// Whole is what a Problem says and what to do about it, in one text.
func Whole(p *local.Problem) string { return words.Follow(p.Sentence, p.Hint) }

// Explain words err as a Problem in lang. One that came from the agent is worded anew, as
// the window may speak another language; where it is of a newer agent, and this build has
// no words for it, it speaks for itself.
func Explain(err error, lang string) *local.Problem {
	if err == nil {
		return nil
	}
	var p *local.Problem
	if errors.As(err, &p) {
		shown := *p
		if slices.Contains(auth.Faults(), p.Code) {
			m := words.ExplainFault(p.Code, p.Args, lang)
			shown.Title, shown.Sentence, shown.Hint = m.Title, m.Sentence, m.Hint
		}
		return &shown
	}
	fault, args := auth.FaultOf(err)
	m := words.ExplainFault(fault, args, lang)
	return &local.Problem{Code: fault, Args: args, Title: m.Title, Sentence: m.Sentence, Hint: m.Hint}
}
