// Package workbench is the desktop's client of a company's app catalogue: the list of
// apps, their icons, and one-time launch links. Every answer is bounded and checked
// before it is believed: an icon by its hash, a launch link by its origin.
//
// It stores nothing and opens nothing; auth/session gives it tokens and app/agent keeps
// what it fetched. [Search] and [Find] are how a person's words become an app, the same
// for tray, windows and command line.
package workbench
