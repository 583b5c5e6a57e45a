package setup

import (
	"strings"

	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// checkSteps reports what would keep the steps of an app from running.
func checkSteps(at string, l server.LaunchSpec, bad *faults) {
	_, err := connector.LoadOpening(l.Opening(""))
	var list faultList
	list.collect(err)
	for _, f := range list {
		if f.Path == "open.url" && !webAddress(l.URL) {
			continue // said by whoever checks the address that every kind has
		}
		bad.add(at+"."+strings.TrimPrefix(f.Path, "open."), "%s", f.Message)
	}
}
