package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lanyard/auth/connector"
)

// Kind is a kind of document; each has its JSON Schema in assets/schemas.
type Kind string

// The kinds of document.
const (
	KindConnector  Kind = "connector"
	KindEnterprise Kind = "enterprise"
	KindServer     Kind = "server"
	KindApp        Kind = "app"
)

// Problem is one fault of a document and its place.
type Problem struct {
	File         string // the name given to Decode; may be empty
	Line, Column int    // from 1
	Path         string // "steps.1.method"; empty for the document itself
	Message      string // "must be GET or POST"
}

// String returns "acme.yaml: line 12, column 5: steps.1.method: must be GET or POST",
// without the file and the path where they are empty.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ": ")
	}
	fmt.Fprintf(&b, "line %d, column %d: ", p.Line, p.Column)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are all faults of a document, in the order of their lines.
type Problems []Problem

// Error prints one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Decode reads a YAML document of a kind strictly into the value that into points at,
// by its json tags. Unknown and repeated keys, missing fields, wrong types and whatever
// else the kind's schema says come back together, as [Problems]; name is the file's and
// stands before each. Scalars under a key "vars" are text however they are written,
// because an identifier such as 0123 or 20200101123456789 is no number.
func Decode(kind Kind, name string, yaml []byte, into any) error {
	return DecodeChecked(kind, name, yaml, into, func() error { return nil })
}

// DecodeChecked is [Decode] and then check, which finds in what into points at what no
// schema can, as joined [connector.FieldError]s: both sorts come together.
func DecodeChecked(kind Kind, name string, yaml []byte, into any, check func() error) error {
	doc, problems, err := read(kind, yaml)
	if err != nil {
		return err
	}
	if doc.value == nil {
		return sorted(name, problems)
	}
	// What the schema refuses may still be clear enough to be checked further: a value
	// of the wrong type is left out and the rest read.
	var wrongType *json.UnmarshalTypeError
	if err := doc.decode(into, len(problems) == 0); err != nil && (len(problems) == 0 || !errors.As(err, &wrongType)) {
		if len(problems) == 0 {
			problems = Problems{doc.problem("", err.Error())}
		}
		return sorted(name, problems)
	}
	known := slices.Clone(problems)
	err = check()
	faults := fieldErrors(err)
	if err != nil && len(faults) == 0 && len(problems) == 0 {
		return err
	}
	for _, f := range faults {
		if !slices.ContainsFunc(known, func(p Problem) bool { return related(p.Path, f.Path) }) {
			problems = append(problems, doc.problem(f.Path, f.Message))
		}
	}
	if len(problems) > 0 {
		return sorted(name, problems)
	}
	return nil
}

// ParseConnector reads a connector or preset and checks that it can work (see
// [connector.Check]); every fault has its line.
func ParseConnector(name string, yaml []byte) (connector.Connector, error) {
	var c connector.Connector
	if err := DecodeChecked(KindConnector, name, yaml, &c, func() error { return connector.Check(c) }); err != nil {
		return connector.Connector{}, err
	}
	return c, nil
}

// related reports whether one path is the other or holds it: a fault there may be the
// other's consequence.
func related(a, b string) bool {
	return strings.HasPrefix(a+".", b+".") || strings.HasPrefix(b+".", a+".")
}

// read parses a document and holds it against its kind's schema.
func read(kind Kind, yaml []byte) (*document, Problems, error) {
	doc, problems := parse(yaml)
	if doc.value == nil {
		if len(problems) == 0 { // null
			problems = Problems{doc.problem("", "the document is empty")}
		}
		return doc, problems, nil
	}
	more, err := validate(kind, doc)
	yamls := len(problems)
	for _, p := range more {
		// What could not be read at all is reported once.
		if !slices.ContainsFunc(problems[:yamls], func(q Problem) bool { return q.Path == p.Path }) {
			problems = append(problems, p)
		}
	}
	return doc, problems, err
}

// decode gives the document to encoding/json.
func (d *document) decode(into any, strict bool) error {
	data, err := json.Marshal(d.value)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if strict {
		dec.DisallowUnknownFields()
	}
	return dec.Decode(into)
}

// At gives the [connector.FieldError]s joined in err their lines in the document that
// they are about; prefix is where in it the connector stands ("" for a connector's own
// file, "connector" for an enterprise's). Any other error comes back as it is.
func At(name string, yaml []byte, prefix string, err error) error {
	faults := fieldErrors(err)
	if len(faults) == 0 {
		return err
	}
	doc, problems := parse(yaml)
	for _, f := range faults {
		path := f.Path
		if prefix != "" {
			path = prefix + "." + path
		}
		problems = append(problems, doc.problem(path, f.Message))
	}
	return sorted(name, problems)
}

// fieldErrors returns the field errors that err is or joins.
func fieldErrors(err error) []*connector.FieldError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the join itself is taken apart
		var out []*connector.FieldError
		for _, e := range joined.Unwrap() {
			out = append(out, fieldErrors(e)...)
		}
		return out
	}
	var f *connector.FieldError
	if errors.As(err, &f) {
		return []*connector.FieldError{f}
	}
	return nil
}

func sorted(name string, problems Problems) Problems {
	for i := range problems {
		problems[i].File = name
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(problems)
}
