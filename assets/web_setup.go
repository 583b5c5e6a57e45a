package assets

import "embed"

// SetupPages are the pages of auth/server/setup.
//
//go:embed web/layout.html web/style.css web/join.html
var SetupPages embed.FS
