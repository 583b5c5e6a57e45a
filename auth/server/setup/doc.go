// Package setup is how an enterprise comes to be on this server and how the world finds
// it: enterprise.yaml applied and exported, connectors tested in their three stages,
// and the directory, which answers an enterprise code with a signed document.
//
// [Parse] reads a file and finds every fault in it at once; [Setup.Apply] makes the
// store agree with it and says what that changed, so that the same file again changes
// nothing; [Setup.Export] gives the file back, without secrets. Whatever changes what a
// document says drops the signed one, and the next look-up signs anew ([Setup.Mount]
// serves it; document.go says what is in it). The directory's keys are made when first
// needed and lie sealed in the store (keys.go).
//
// The package signs nobody in and opens no app: sso runs the connectors that it keeps,
// catalog opens the apps, broker serves the clients.
package setup
