package authtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// parts are the real programs that tests run against, with the names under which
// each may be found.
var parts = map[string][]string{
	"apache":        {"apache2", "/usr/sbin/apache2"},
	"chromium":      {"chromium", "chromium-browser", "google-chrome"},
	"dbus":          {"dbus-daemon"},
	"gnome-keyring": {"gnome-keyring-daemon"},
	"mellon":        {"/usr/lib/apache2/modules/mod_auth_mellon.so"},
	"mingw":         {"x86_64-w64-mingw32-gcc"},
	"node":          {"node"},
	"postgres":      {"/usr/lib/postgresql/*/bin/initdb", "initdb"},
	"python3":       {"python3"},
	"xdotool":       {"xdotool"},
	"xfce4-panel":   {"xfce4-panel"},
	"xfconfd":       {"/usr/lib/*/xfce4/xfconf/xfconfd", "/usr/lib/xfce4/xfconf/xfconfd"},
	"xmlsec1":       {"xmlsec1"},
	"xvfb":          {"Xvfb"},
	"zbarimg":       {"zbarimg"},
}

// Need returns the path of a real part, by its name in the table above, or ends the
// test: skipped under -short and, at a desk, where the part is missing; failed where it
// is missing and CI=true.
func Need(t testing.TB, part string) string {
	t.Helper()
	names, known := parts[part]
	if !known {
		t.Fatalf("need %q: no such part", part)
	}
	if testing.Short() {
		t.Skipf("needs %s: skipped under -short", part)
	}
	if path := find(names); path != "" {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("needs %s, which is not installed; CI=true does not skip", part)
	}
	t.Skipf("needs %s, which is not installed", part)
	return ""
}

// find returns the first program of names: a name on the PATH, or a pattern of
// absolute paths, of which the last in order is the newest.
func find(names []string) string {
	for _, name := range names {
		if !filepath.IsAbs(name) {
			if path, err := exec.LookPath(name); err == nil {
				return path
			}
			continue
		}
		if found, err := filepath.Glob(name); err == nil && len(found) > 0 {
			return slices.Max(found)
		}
	}
	return ""
}
