package assets

import "embed"

// Apps are the shipped app presets, and the places where an access link goes, for
// auth/server/setup.
//
//go:embed apps/*.yaml
var Apps embed.FS
