// Package auth is the vocabulary of Lanyard: who somebody is and how that is
// proved. It holds the values that every other package speaks in ([Enterprise],
// [Identity], [App], [TokenSet], [Secret]), the [Fault]s that can befall a
// sign-in, the product's version, and nothing that does anything.
//
// It imports nothing of the project and nothing beyond the standard library, so
// that the desktop and the server can share it. It knows no protocol (see
// auth/openid), no storage (auth/vault, auth/server/store) and no wording: what a
// person reads about a Fault is chosen in auth/words.
package auth
