// Package window is what the screens of the window program have in common: the [Frame]
// that holds one window, follows the agent's events and shows the screen that was asked
// for, and the [Host] that a screen asks the agent through. It knows the local API and no
// screen by name; the screens (signin, apps, settings) know the Host and not each other,
// and cmd/lanyard-window puts them together.
//
// Everything that touches a widget runs on Fyne's one goroutine. Whatever waits for the
// agent runs on another and comes back by fyne.Do. A screen is a function of State: what
// it says is worked out by a pure function in its package and drawn by another. No token
// ever reaches this process.
package window
