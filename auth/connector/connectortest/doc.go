// Package connectortest is for tests only. It holds simulated vendors, one for each
// shape that a shipped preset speaks to, and one suite of conformance ([Run]) that every
// preset passes at its vendor.
//
// A [Vendor] is stricter than the real one is likely to be: it minds the method, the
// host and path, every parameter's name and place, and the credentials' header; what is
// missing, doubled or too much fails the test whatever the vendor then answers. Codes
// and rotated refresh tokens count once, and errors come in the vendor's own form. It is
// made from the vendors' public texts and was never compared with a live system. It
// stands behind the real HTTP client in place of the network, so that a preset is used
// with its addresses letter by letter.
//
// The suite knows no engine: it drives a [Road], which is the step engine ([Steps]) or
// whatever a test has for connectors of kind oidc.
package connectortest
