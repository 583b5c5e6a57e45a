// Package words is what people read: one table from a fault or a key to its text, in
// every language that Lanyard speaks. Each fault of package auth has a title, a
// sentence that says what happened and a hint that says what to do next; other texts
// are plain rows. A table is parsed when its language is first asked for.
//
// Every program has the faults and what the employee's programs say. What only others
// say lies in tables of their own, which they add (see [Add]).
//
// A text names facts in braces and says in brackets what depends on them:
// "[{company}|Your company] did not let you in[: {reason}]." takes the first
// alternative whose facts are all there, or nothing, so that a missing fact leaves
// neither braces nor broken grammar.
//
// The package decides nothing: which fault it is, is known to whoever made the error.
// The rows lie in assets/words, each table a flat JSON object a language.
package words
