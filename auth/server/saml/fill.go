package saml

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"lanyard/auth"
	"lanyard/auth/server"
)

// assigned is the prefix of the names of what a person's assignment carries.
const assigned = "assigned."

// facts are what is known of a person, by the names that templates use. A name that is
// not there has no value for the person.
type facts map[string][]string

// factsOf gathers what an assertion may say of a person: our own id, the name, the
// verified e-mail address, the claims that the connector marks as authoritative (groups one
// a line), and what the assignment carries. An assignment's value may be several,
// one a line or separated by semicolons.
func factsOf(p server.Person, values map[string]string) facts {
	f := facts{}
	for name, value := range p.Authoritative {
		f.set(name, value)
	}
	for _, own := range []string{"sub", "name", "email"} {
		delete(f, own) // ours, whatever a connector calls its claims
	}
	f.set("sub", p.ID)
	f.set("name", p.Name)
	if p.EmailVerified {
		f.set("email", p.Email)
	}
	f.set("groups", strings.Split(p.Authoritative["groups"], "\n")...) // not those that anybody may name
	for name, value := range values {
		f.set(assigned+name, strings.FieldsFunc(value, func(c rune) bool { return c == ';' || c == '\n' || c == '\r' })...)
	}
	return f
}

// set keeps the values that are not empty.
func (f facts) set(name string, values ...string) {
	var kept []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			kept = append(kept, v)
		}
	}
	if kept != nil {
		f[name] = kept
	}
}

// missing is what a template asks for and nobody knows, or what no assertion can say.
func missing(field string, cause string) error {
	return auth.Fail(auth.AppValueMissing, auth.Args{"field": field}, fmt.Errorf("fill %q: %s", field, cause))
}

// fill returns what a template becomes: one string, or as many as there are values of
// the one name in it that has several. {name} without a value is a failure that names
// it, {name?} gives nothing at all.
func (f facts) fill(template string) ([]string, error) {
	out := []string{""}
	rest, several := template, false
	for {
		before, after, found := strings.Cut(rest, "{")
		for i := range out {
			out[i] += before
		}
		if !found {
			return out, check(template, out)
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("fill %q: a brace is not closed", template)
		}
		name, optional := strings.CutSuffix(name, "?")
		values := f[name]
		switch {
		case values == nil && optional:
			return nil, nil
		case values == nil:
			return nil, missing(name, "no value for this person")
		case len(values) > 1 && several:
			return nil, fmt.Errorf("fill %q: two names with several values each", template)
		}
		several = several || len(values) > 1
		var next []string
		for _, value := range values {
			for _, sofar := range out {
				next = append(next, sofar+value)
			}
		}
		out, rest = next, tail
	}
}

// check refuses what XML cannot carry as it is: an assertion that says something else
// than the record is worse than none.
func check(template string, values []string) error {
	const most = 4 << 10
	for _, v := range values {
		if len(v) > most {
			return missing(strings.Trim(template, "{}?"), "too long")
		}
		if !utf8.ValidString(v) || strings.ContainsFunc(v, func(c rune) bool {
			return c < 0x20 || c == 0x7f || c == utf8.RuneError || c >= 0xfffe && c <= 0xffff
		}) {
			return missing(strings.Trim(template, "{}?"), "not printable text")
		}
	}
	return nil
}
