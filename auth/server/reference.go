package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"lanyard/auth"
)

const referenceKey contextKey = 100

// WithReference returns a context that carries the reference (auth.NewTrace) of what is
// going on, where something was written down under it already.
func WithReference(ctx context.Context, reference string) context.Context {
	return context.WithValue(ctx, referenceKey, reference)
}

// Reference returns the context's reference, or "".
func Reference(ctx context.Context) string {
	reference, _ := ctx.Value(referenceKey).(string)
	return reference
}

// detailFacts are the facts that a [Detail] begins with.
var detailFacts = []string{"stage", "code", "reason", "field", "found", "check", "host"}

// Detail is what an admin reads of a failure: the facts, then the causes, at most 500
// bytes. Neither holds a secret, by the rules of auth.Args and of error texts.
func Detail(err error) string {
	_, args := auth.FaultOf(err)
	var out strings.Builder
	for _, name := range detailFacts {
		if args[name] != "" {
			fmt.Fprintf(&out, "%s %q; ", name, args[name])
		}
	}
	out.WriteString(err.Error())
	const most = 500
	text := out.String()
	return strings.ToValidUTF8(text[:min(most, len(text))], "")
}

// Facts returns the facts that [Detail] wrote at the beginning of a detail, to put them into
// the words of a reader's language.
func Facts(detail string) auth.Args {
	args := auth.Args{}
	for _, name := range detailFacts {
		rest, ok := strings.CutPrefix(detail, name+" \"")
		quoted, err := strconv.QuotedPrefix(`"` + rest)
		if !ok || err != nil {
			continue
		}
		if args[name], err = strconv.Unquote(quoted); err != nil {
			return args
		}
		detail = strings.TrimPrefix(rest[len(quoted)-1:], "; ")
	}
	return args
}
