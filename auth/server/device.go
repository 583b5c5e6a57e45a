package server

import (
	"slices"
	"strings"

	"lanyard/auth/words"
)

// What user agents say, each with what people call it. The order matters: Edge says Chrome
// too, and Chrome says Safari.
var (
	browsers = []string{"Edg/", "Edge", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari"}
	systems  = []string{
		"Android", "Android", "iPhone", "iPhone", "iPad", "iPad",
		"Windows", "Windows", "windows", "Windows", "Mac OS", "macOS", "darwin", "macOS", "Linux", "Linux", "linux", "Linux",
	}
)

// SomeBrowser is the program of a session in a browser that does not say which.
const SomeBrowser = "Browser"

// DeviceName names a device as a person would, from what its program says of itself:
// "Firefox on Windows". program is used where userAgent names no browser.
func DeviceName(program, userAgent string) string {
	find := func(otherwise string, pairs []string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(userAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return otherwise
	}
	name, system := find(program, browsers), find("", systems)
	if system == "" {
		return name
	}
	return name + " on " + system
}

// ShownDevice is a device in the language of a page, where [DeviceName] has named it; the
// name that a computer has from its owner stays.
func ShownDevice(lang, name string) string {
	program, system, both := strings.Cut(name, " on ")
	known := program == SomeBrowser || program == "Lanyard" || slices.Contains(browsers, program)
	if !known || both && !slices.Contains(systems, system) {
		return name
	}
	switch {
	case both && program == SomeBrowser:
		return words.T(lang, "device_name.browser_on", "system", system)
	case both:
		return words.T(lang, "device_name.on", "program", program, "system", system)
	case program == SomeBrowser:
		return words.T(lang, "device_name.browser")
	}
	return program
}
