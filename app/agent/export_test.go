package agent

import (
	"testing"
	"time"
)

// How long the agent waits for others outside the tests.
var link, retry, apps, revoke = linkPatience, retryPatience, appsPatience, revokePatience

// ClickPatience is how long a click waits for a launch link outside the tests.
var ClickPatience = linkPatience

// Wait gives everybody whom the agent waits for as long as a slow computer needs.
func Wait(d time.Duration) { linkPatience, retryPatience, appsPatience, revokePatience = d, d, d, d }

// Hurry has the agents of one test wait as they do outside. It is called before the first
// is made.
func Hurry(t testing.TB) {
	before := linkPatience
	linkPatience, retryPatience, appsPatience, revokePatience = link, retry, apps, revoke
	t.Cleanup(func() { Wait(before) })
}
