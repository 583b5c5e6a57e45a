// Package signin is the browser's half of one sign-in on this computer: the
// listener on loopback that the provider sends the browser back to (RFC 8252
// section 7.3), and the page that tells the person how it ended.
//
// A [Listener] is bound before the browser opens. [Listener.Wait] returns the code
// of the one callback that carries the exact state of the request; everything else
// that reaches the port, forged errors included, gets 404 and the wait goes on. The
// browser is sent on to a clean address at once, so that no code stays in its
// history, and is told there what [Listener.Finish] says about the final outcome,
// not merely that it came back. Where another account may do what this one could not,
// the page leads on to that, and stays for it as long as [Listener.Linger].
//
// The package neither opens the browser nor redeems the code (auth/openid), and
// keeps no token. Its pages use no script, no template engine and nothing from
// elsewhere.
package signin
