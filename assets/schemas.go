package assets

import "embed"

// Schemas are the JSON Schemas of the documents that people write: connectors,
// enterprises and the server's configuration, for auth/connector/schema.
//
//go:embed schemas/*.json
var Schemas embed.FS
