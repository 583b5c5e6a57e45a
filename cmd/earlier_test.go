//go:build linux

package cmd_test

import (
	"strings"
	"testing"

	"lanyard/auth/authtest"
)

// TestSignOutEndsEarlierSignIns signs out at the end of a day with two sign-ins: the browser
// that the first one opened an app in is signed out as well.
func TestSignOutEndsEarlierSignIns(t *testing.T) {
	t.Parallel()
	authtest.Need(t, "chromium")
	directory := demo(t)
	d, b := newDesk(t), newBrowser(t)
	d.signInQuietly(t, directory, "zhangsan")
	d.must(t, "open", "notes")
	link := d.nextURL(t, 0)
	app := strings.Split(link, "/launch/")[0] + "/a/notes"
	b.open(link)
	b.shows("Signed in as 张三")

	d.signInQuietly(t, directory, "zhangsan")
	b.open(app)
	b.shows("Signed in as 张三") // signing in again ends nothing
	d.must(t, "logout")
	b.open(app)
	b.shows("User name")
}
