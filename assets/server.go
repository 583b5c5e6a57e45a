package assets

import _ "embed"

// ServerConfig is the commented configuration that lanyard-server writes when there is none.
//
//go:embed server.yaml
var ServerConfig []byte
