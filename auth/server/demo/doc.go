// Package demo is a pretend company's own services: the sign-in it had before Lanyard
// and two apps that show who is signed in. [NewSSO] speaks the three interfaces that a
// WPS-style enterprise configures (authorize page, access token, user info), [NewNotes]
// is an OpenID relying party built with a library, [NewHandbook] is an app without one,
// short enough to copy from.
//
// None of them knows anything of Lanyard's server: they speak to it only through the
// protocols that a company's own programs would use, and share no memory with it. They
// keep accounts, codes and sessions in memory and are for trying things out, never for
// a real company. cmd/lanyard-server wires them to the broker.
package demo
