// Package apps is the screen with all of a person's apps: a field that filters while one
// types, and a grid in which a click, or Enter for the first one, opens an app already
// signed in. It knows the local API and texts; how an app is opened is the agent's.
//
// The list is asked of the agent when the screen comes to the front and when the State
// says that it has changed, and filtered here, so that typing never waits.
package apps
