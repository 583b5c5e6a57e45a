package setup

import (
	"strings"

	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// checkSteps reports what would keep the steps of an app from running.
func checkSteps(at string, l server.LaunchSpec, bad *faults) {
	_, err := connector.LoadOpening(l.Opening(""))
	if err == nil {
		return
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for _, err := range list {
		field, ok := err.(*connector.FieldError) //nolint:errorlint // LoadOpening joins nothing else
		switch {
		case !ok:
			bad.add(at, "%v", err)
		case field.Path == "open.url" && !webAddress(l.URL):
			// said by whoever checks the address that every kind has
		default:
			bad.add(at+"."+strings.TrimPrefix(field.Path, "open."), "%s", field.Message)
		}
	}
}
