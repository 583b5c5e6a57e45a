package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

// errShown is an error that the person has read already.
var errShown = errors.New("shown")

// t returns the text of a key of the block "cli" in the caller's language.
func (c *cli) t(key string, facts ...string) string { return words.T(c.lang, "cli."+key, facts...) }

// tell writes an answer, say everything else.
func (c *cli) tell(line string) { fmt.Fprintln(c.Stdout, line) }
func (c *cli) say(line string)  { fmt.Fprintln(c.Stderr, line) }

// raw writes an answer of the API, if there is one, on a line of its own.
func (c *cli) raw(data []byte) {
	if data = bytes.TrimRight(data, "\n"); len(data) > 0 {
		fmt.Fprintf(c.Stdout, "%s\n", data)
	}
}

// showError writes what went wrong, and what to do, in the caller's language.
func (c *cli) showError(err error) {
	m, reference := c.explain(err)
	for _, line := range []string{m.Title, m.Sentence, m.Hint} {
		if line != "" {
			c.say(plain(line))
		}
	}
	var agents *local.Problem
	if fault, _ := auth.FaultOf(err); fault == auth.Internal && m.Sentence != "" && !errors.As(err, &agents) {
		// This program's own, which no log has: a folder, a policy, a file.
		c.say(c.t("details", "details", err.Error()))
		return
	}
	if reference == "" && m.Sentence != "" { // our own; what the agent says has one
		reference = c.NewReference()
	}
	if reference != "" {
		c.say(words.T(c.lang, "common.reference", "reference", reference))
	}
}

// explain words err. A Problem of a newer agent, whose fault this build does not know,
// speaks for itself.
func (c *cli) explain(err error) (m words.Message, reference string) {
	var p *local.Problem
	if errors.As(err, &p) {
		if !slices.Contains(auth.Faults(), p.Code) {
			return words.Message{Title: p.Title, Sentence: p.Sentence, Hint: p.Hint}, p.Reference
		}
		return c.message(p.Code, p.Args), p.Reference
	}
	if fault, _ := auth.FaultOf(err); fault == auth.Internal && exitCode(err) == exitCanceled {
		if errors.Is(err, context.DeadlineExceeded) {
			return words.Message{Title: c.t("timeout")}, ""
		}
		return words.Message{Title: c.t("canceled")}, ""
	}
	fault, args := auth.FaultOf(err)
	return c.message(fault, args), ""
}

// message words a fault, with the command that helps in place of a field or a button.
func (c *cli) message(fault auth.Fault, args auth.Args) words.Message {
	m := words.ExplainFault(fault, args, c.lang)
	switch {
	case fault == auth.CodeEmpty:
		m.Hint = c.t("code_empty")
	case fault == auth.SignInRequired && args["company"] != "" && !c.other:
		m.Hint = c.t("login_again")
	}
	return m
}

// errArguments says that a command has more or fewer arguments than it takes.
var errArguments = errors.New("wrong arguments")

// showUsageError writes what cobra has against a command line, and where help is, in the
// person's language, which cobra does not speak.
func (c *cli) showUsageError(cmd *cobra.Command, err error) {
	c.say(c.misuse(cmd, strings.Join(strings.Fields(plain(err.Error())), " ")))
	c.say(c.t("usage_hint", "command", cmd.CommandPath()+" --help"))
}

// misuse words what cobra said; what people do not mistype, with how to call the command.
func (c *cli) misuse(cmd *cobra.Command, said string) string {
	var name, value string
	if n, _ := fmt.Sscanf(said, "unknown command %q", &name); n == 1 {
		meant := append(cmd.Root().SuggestionsFor(name), "")[0]
		return c.t("unknown_command", "command", name, "suggestion", meant)
	}
	if n, _ := fmt.Sscanf(said, "invalid argument %q for %q", &value, &name); n == 2 {
		return c.t("option_wrong", "option", name, "value", value)
	}
	if name, is := strings.CutPrefix(said, "unknown flag: "); is {
		return c.t("unknown_option", "option", name)
	}
	if name, is := strings.CutPrefix(said, "flag needs an argument: --"); is {
		return c.t("option_empty", "option", "--"+name)
	}
	if strings.HasPrefix(said, "unknown shorthand flag: ") {
		return c.t("unknown_option", "option", said[strings.LastIndex(said, " ")+1:])
	}
	return words.Follow(c.t("usage"), cmd.UseLine())
}

// company and person are how people know a profile.
func (c *cli) company(e auth.Enterprise) string {
	return plain(cmp.Or(e.Name.In(c.lang), e.Code, e.ID))
}

func person(id auth.Identity) string { return plain(cmp.Or(id.Name, id.Email)) }

// account names a profile in one line: "Acme · 张三".
func (c *cli) account(p *local.Profile) string {
	if name := person(p.Identity); name != "" {
		return c.company(p.Enterprise) + " · " + name
	}
	return c.company(p.Enterprise)
}

// plain takes out what would steer a terminal or turn a line around: names and titles
// come from companies.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, s)
}

// word makes text one argument of a command that a person is to type.
func word(text string) string {
	if text = plain(text); strings.Contains(text, " ") {
		return strconv.Quote(text)
	}
	return text
}

// table writes rows in columns, padded by what they take on a terminal.
func (c *cli) table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
			}
		}
		c.tell(strings.TrimRight(line.String(), " "))
	}
}

// width is how many cells a text takes: two for East Asian scripts and their
// full-width forms (Unicode Standard Annex 11, the blocks that names are written in).
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
			r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
			r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
			n += 2
		default:
			n++
		}
	}
	return n
}
