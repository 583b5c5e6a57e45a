// Package tray is the badge in the panel: one icon, and the menu under it. [Menu] is a
// pure function from local.State to icon, tooltip and items, and knows every text and
// which wish each item carries; [Run] shows it, redraws when it changes, and hands
// clicks to local.Service. It decides nothing about signing in and holds no token: what
// a click leads to is the agent's business, in whatever state it finds itself.
//
// One file alone knows fyne.io/systray. It speaks StatusNotifierItem and dbusmenu on
// Linux, the notification area on Windows and the menu bar on macOS, where it needs cgo;
// without, a stub stands in its place.
package tray
