// Package server is the vocabulary of the company's side: its records, the small
// interfaces by which its pages reach storage and each other, and the sealing of
// what the database must not show.
//
// It serves nothing itself. The children do: sso signs a browser in by a connector,
// broker is the OpenID provider, catalog the apps and their links, setup the
// connectors and the signed directory, demo a pretend company; store implements the
// storage interfaces. Children never import each other: they take the records and
// interfaces of this package, and cmd/lanyard-server wires them.
package server
