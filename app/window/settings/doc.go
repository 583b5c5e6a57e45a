// Package settings is the screen with the accounts of this computer and the few choices
// that there are. It knows the local API and texts; what a choice does is the agent's,
// and what the company has fixed is shown, with who did it, and not offered.
package settings
