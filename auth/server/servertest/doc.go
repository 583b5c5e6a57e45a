// Package servertest is for tests only. It holds what the tests of the server's parts
// (sign-in, the providers, the catalogue, the console) stand on: a [Site] — a store on
// SQLite, a listener whose address is the public URL, two companies, a log to read — with
// a [Clock] that a test moves, a [Browser] that follows nothing by itself, and a [Gate]
// for the parts that rely on somebody else for signing in.
//
// It knows the records and the store and no part of the server: what a part is given,
// and what its pages say, stays in that part's own tests.
package servertest
