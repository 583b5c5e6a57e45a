package assets

import "embed"

// ConsolePages are the pages, the style and the one script of auth/server/console.
//
//go:embed web/console/*.html web/console/style.css web/console/script.js
var ConsolePages embed.FS
