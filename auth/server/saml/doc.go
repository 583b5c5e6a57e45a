// Package saml is the SAML 2.0 identity provider of every enterprise: it posts signed
// assertions to service providers, either because somebody clicks an app (IdP-initiated,
// [Provider.Open]) or because the service provider asks (SP-initiated, {issuer}/saml/sso).
//
// Requests and certificates are read by code that trusts nothing: one hardened parser
// (xml.go) stands before every other look at foreign XML, signatures count only for the
// bytes they cover (signature.go), and what goes into an assertion comes from the person's
// record alone (fill.go). The library crewjam/saml gives the types of the messages and how
// they are written; its own identity provider is not used, because it signs with SHA-1,
// names the person's address, and does not look at the requests' signatures.
//
// A request by POST comes from another site, without our cookies: its essentials are
// sealed into an address of ours, to which the browser is sent by 303 ([Provider.serve]).
// Each request is answered once.
//
// References are to the OASIS documents of SAML 2.0: core, bindings, profiles, metadata.
package saml
