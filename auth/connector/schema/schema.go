package schema

import (
	"fmt"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// Kind is a kind of document; each has its JSON Schema.
type Kind string

// The kinds.
const (
	KindConnector  Kind = "connector"
	KindEnterprise Kind = "enterprise"
	KindServer     Kind = "server"
)

// Problem is one fault of a document and its place.
type Problem struct {
	File         string // as given to Decode; may be empty
	Line, Column int    // from 1
	Path         string // "steps.1.method"
	Message      string
}

// Problems are all faults of a document.
type Problems []Problem

// Error prints one problem a line.
func (p Problems) Error() string {
	var b strings.Builder
	for i, problem := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(problem.String())
	}
	return b.String()
}

// String prints "line 12, column 5: steps.1.method: must be GET or POST".
func (p Problem) String() string {
	return fmt.Sprintf("line %d, column %d: %s: %s", p.Line, p.Column, p.Path, p.Message)
}

// Preset is a shipped connector with blanks.
type Preset struct {
	ID        string
	Title     auth.Text
	Connector connector.Connector
	YAML      []byte // as shipped, with its comments
}

// Decode reads a document strictly into the value that into points at.
func Decode(kind Kind, name string, yaml []byte, into any) error {
	return auth.Fail(auth.NotHere, nil, nil)
}

// ParseConnector reads a connector and checks that it can work.
func ParseConnector(name string, yaml []byte) (connector.Connector, error) {
	return connector.Connector{}, auth.Fail(auth.NotHere, nil, nil)
}

// At gives the field errors in err (see connector.Check) their lines in the document.
func At(name string, yaml []byte, prefix string, err error) error { return err }

// Presets returns the shipped presets, sorted by id.
func Presets() []Preset { return nil }

// FindPreset returns one preset.
func FindPreset(id string) (Preset, error) {
	return Preset{}, fmt.Errorf("find preset %q: %w", id, auth.ErrNotFound)
}
