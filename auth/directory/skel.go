package directory

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

var errNotYet = errors.New("not built")

// Query is what a person typed, taken apart: exactly one of Code and Domain is set.
type Query struct {
	Code      string // in normal form
	Directory string // origin of the directory that was named with the code, or ""
	Domain    string // of an e-mail address, or a bare domain; lower case, punycode
	Typed     string // what was typed, for messages
}

// Parse takes apart what a person typed.
func Parse(typed string) (Query, error) { return Query{}, errNotYet }

// Normal returns the normal form of a code.
func Normal(code string) (string, error) { return "", errNotYet }

// Hash returns the hex SHA-256 of the normal form of code.
func Hash(code string) string { return "" }

// Store keeps pins and documents between runs.
type Store interface {
	// Load returns what Save kept, or an error that wraps auth.ErrNotFound.
	Load(name string) ([]byte, error)
	Save(name string, data []byte) error
}

// Pins maps a directory's origin to the thumbprint of its root key.
type Pins map[string]string

// Resolver turns a Query into a verified document.
type Resolver struct {
	HTTP        *http.Client
	Store       Store
	Pins        Pins
	Directories []string // origins to ask a bare code
	Known       []string // codes known here, for suggestions
	Now         func() time.Time
	Logger      *slog.Logger
}

// Resolved is a verified document and how it was found.
type Resolved struct {
	Document    Document
	Raw         []byte
	Hash        string // hex SHA-256 of Raw
	Origin      string
	Unconfirmed string    // the domain that was asked, where the document does not list it
	Date        time.Time // the server's Date header; zero if cached
	Cached      bool
}

// Resolve finds, verifies and keeps the document of q.
func (r *Resolver) Resolve(ctx context.Context, q Query) (Resolved, error) {
	return Resolved{}, errNotYet
}

// Cached returns the kept document of an enrolled profile, even an expired one.
func (r *Resolver) Cached(origin, code string) (Resolved, error) { return Resolved{}, errNotYet }

// ForgetPin drops the root key that was kept for origin.
func (r *Resolver) ForgetPin(origin string) error { return errNotYet }
