// Package signin is the sign-in screen: the company code, the enterprise card with the
// host that will open, waiting for the browser, and how it ended. It knows the local API
// and texts; it knows nothing of protocols, holds no token and opens no page itself.
//
// look (model.go) works out what the screen says from the agent's State and the little
// that only the window knows (memory); build (build.go) draws that; Screen (screen.go)
// asks the agent for what people press. An attempt that the tray or the command line
// began is shown like one of the window's own.
package signin
