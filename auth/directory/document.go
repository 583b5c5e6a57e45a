package directory

import (
	"lanyard/auth"
	"lanyard/auth/connector"
)

// DocumentSchema is the version of the document's schema.
const DocumentSchema = "enterprise/1"

// Document is what a directory says of one enterprise: who it is and how the desktop
// signs in. It travels as a compact JWS (see [Verify]).
type Document struct {
	Schema string `json:"schema"`
	// Origin is the directory's own origin and must equal the one that was asked.
	Origin string `json:"origin"`
	// Version grows with each document: max(old + 1, unix seconds).
	Version    int64           `json:"version"`
	IssuedAt   int64           `json:"iat"` // unix seconds
	ExpiresAt  int64           `json:"exp"` // unix seconds; at most 30 days later
	Enterprise auth.Enterprise `json:"enterprise"`
	// Codes are all codes that lead here, in normal form; the one asked for is among them.
	Codes []string `json:"codes"`
	// Connector is of kind oidc: the provider itself, or our broker in front of it.
	Connector connector.Connector `json:"connector"`
	// Workbench says that the issuer is a Lanyard server which serves /v1/apps and
	// launches; false leaves the desktop with Apps and the connector's app steps.
	Workbench bool `json:"workbench,omitempty"`
	// Via is the host behind a broker, for the small print of the enterprise card.
	Via string `json:"via,omitempty"`
	// Device says that sign-in on another device is allowed.
	Device bool       `json:"device,omitempty"`
	Apps   []auth.App `json:"apps,omitempty"`
}
