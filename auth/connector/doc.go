// Package connector makes an enterprise's way of signing in data. A [Connector] is a
// document: either an OpenID provider (issuer, client ID) or an authorize request
// followed by an ordered list of HTTP calls, each with its success test and the places
// where its values are found. The step engine runs it; no vendor has code of its own.
//
// A document comes to life in [Load]: vars are filled, placeholders and addresses
// checked by [Check], every fault reported at once. [Engine] makes the authorize address,
// [Connector.ReadCallback] reads what came back, [Engine.Exchange] runs the steps and
// says who it is, failing closed; [Engine.Run] runs the steps of a refresh or a recheck.
//
// The package needs the standard library alone, so that the desktop can run the app
// list of a document without linking a YAML or schema library; reading YAML and
// pointing at faulty lines is auth/connector/schema's work. It holds the one HTTP
// client that may call an address which came as data (see [NewHTTPClient]), and it
// stores nothing.
package connector
