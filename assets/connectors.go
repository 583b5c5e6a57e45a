package assets

import "embed"

// Connectors are the shipped presets: connectors with blanks, for auth/connector/schema.
//
//go:embed connectors/*.yaml
var Connectors embed.FS
