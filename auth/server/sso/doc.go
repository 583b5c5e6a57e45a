// Package sso knows who sits at the browser. It signs a person in by the enterprise's
// connector (its own steps or an OpenID provider), keeps the SSO session behind a
// host-only cookie of that enterprise, and sends the browser back to where it was. To
// every other page of the server it is server.Gate.
//
// It issues no token and knows no app: what a session opens is the broker's and the
// catalogue's concern, how a vendor is spoken to is auth/connector's and auth/openid's.
//
// A trip upstream is a flow: [SSO.Begin] stores it under the hash of its state, ties it
// to the browser by a cookie and sends the browser away (begin.go); the callback takes
// it, exactly once, and only from the browser and for the connector that began it
// (callback.go); then the person is found or made and gets a new session
// (session.go), which keeps what asking the provider about them again takes (prove.go:
// to those who keep people signed in, SSO is server.Prover). Whatever goes wrong ends on
// one page with a reference (page.go), and every outcome is a line of the sign-in log.
package sso
