// Package schema reads the YAML that people write: connectors, enterprises and the
// server's configuration. It finds every fault of a document at once and says where
// each is, by line and column, in a sentence; what it lets through has only known
// keys, each once, each of its type.
//
// A document is parsed to a tree that remembers positions, the tree is checked against
// the kind's JSON Schema (assets/schemas) and then decoded by encoding/json, so that
// the Go types need no YAML tags and the wire format stays JSON. What no schema can
// say (that a placeholder is known, that a connector can work at all) is
// connector.Check's; [At] gives its errors their lines. The package knows nothing of
// files, of the database or of running a connector.
package schema
