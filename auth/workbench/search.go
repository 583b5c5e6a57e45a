package workbench

import "lanyard/auth"

// Search returns the apps that match.
func Search(apps []auth.App, query, lang string) []auth.App { return apps }

// Find returns the one app that is meant.
func Find(apps []auth.App, idOrTitle string) (auth.App, error) {
	return auth.App{}, auth.Fail(auth.AppUnknown, auth.Args{"app": idOrTitle}, nil)
}
