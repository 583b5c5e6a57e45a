package assets

import "embed"

// CatalogPages are the pages of auth/server/catalog.
//
//go:embed web/layout.html web/style.css web/page.html web/launch.html web/opening.html web/apps.html web/devices.html
var CatalogPages embed.FS
