package assets

import "embed"

// BrokerPages are the pages of auth/server/broker.
//
//go:embed web/layout.html web/style.css web/consent.html web/device.html web/logout.html web/post.html
var BrokerPages embed.FS
