// Package directory turns what a person types into a signed enterprise document.
// It parses codes, addresses and whole pasted messages, asks the right directory,
// verifies what comes back (signature under the pinned root, code, origin, version,
// life), keeps the last good answer, and signs documents for the server's side.
//
// It opens no browser and signs nobody in; pins and cached documents are kept through
// a small store that the caller gives.
package directory
