package server

import "strings"

// DeviceName names a device as a person would, from what its program says of itself:
// "Firefox on Windows". program is used where userAgent names no browser.
func DeviceName(program, userAgent string) string {
	find := func(otherwise string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(userAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return otherwise
	}
	// The order matters: Edge says Chrome too, and Chrome says Safari.
	name := find(program, "Edg/", "Edge", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := find("", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad",
		"Windows", "Windows", "windows", "Windows", "Mac OS", "macOS", "darwin", "macOS", "Linux", "Linux", "linux", "Linux")
	if system == "" {
		return name
	}
	return name + " on " + system
}
