package assets

import "embed"

// SSOPages are the pages of auth/server/sso.
//
//go:embed web/layout.html web/style.css web/page.html
var SSOPages embed.FS
