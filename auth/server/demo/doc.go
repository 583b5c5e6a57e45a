// Package demo is a pretend company's own services: the sign-in it had before Lanyard and
// six apps that show who is signed in, one for each way of opening signed in.
//
// [NewSSO] speaks the three interfaces that a WPS-style enterprise configures (authorize
// page, access token, user info); on its home page are switches that make it fail as real
// ones do (faults.go), and what a developer needs. [NewNotes] is an OpenID relying party
// built with a library, [NewHandbook] one without, short enough to copy from, and
// [NewIntranet] one without a secret whose link is its authentication address. [NewDocs]
// is shaped like WPS, [NewCloud] like Alibaba Cloud's role SSO by SAML, [NewOps] like its
// token service and console.
//
// None of them knows anything of Lanyard's server: they speak to it only through the
// protocols that a company's own programs would use, check what it says with others'
// libraries, and share no memory with it, but for the stopwatch that tells a page how long
// ago somebody clicked. They keep accounts, codes and sessions in memory and are for
// trying things out, never for a real company. cmd/lanyard-server wires them to the broker.
package demo
