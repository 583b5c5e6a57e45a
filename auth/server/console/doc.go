// Package console is the admin's pages: connecting a company's sign-in, its apps, its
// people, what failed and why, who changed what.
//
// It decides who may see and do what, and nothing else: connectors are filled, tested
// and switched by auth/server/setup, which it knows as [Workshop]; a person of a company
// signs in through server.Gate. A page takes its enterprise from the session, never from
// the request, and every look-up names it.
//
// A request meets the cross-origin check, then [Console.page], which finds the session
// (session.go) and the role that the page asks for, and hands a visit to the page's own
// function: one page a file. Pages are HTML that works without script; the one script
// copies, picks a value by a click and shows times in the reader's own zone (render.go).
package console
