package assets

import "embed"

// SAMLPages are the pages of auth/server/saml.
//
//go:embed web/layout.html web/style.css web/post.html
var SAMLPages embed.FS
