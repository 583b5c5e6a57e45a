package desktop

import (
	"regexp"
	"strings"
	"sync"
)

// WithLanguage returns lookup with the language that the person wants messages in as LANG:
// what LC_ALL or LC_MESSAGES say goes before it (POSIX, setlocale), and where none is set it
// is the system's; on Windows no variable names it, on macOS only terminals set one.
func WithLanguage(lookup func(string) (string, bool)) func(string) (string, bool) {
	return withLanguage(lookup, systemLanguage)
}

func withLanguage(lookup func(string) (string, bool), system func() string) func(string) (string, bool) {
	locale := sync.OnceValue(func() string { return localeOf(system()) })
	return func(name string) (string, bool) {
		if name != "LANG" {
			return lookup(name)
		}
		for _, first := range []string{"LC_ALL", "LC_MESSAGES"} {
			if value, _ := lookup(first); value != "" {
				return value, true
			}
		}
		value, set := lookup(name)
		if value != "" || locale() == "" {
			return value, set
		}
		return locale(), true
	}
}

// tagForm is a language tag (RFC 5646) as systems write theirs: language, perhaps a script,
// perhaps a region.
var tagForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z]{2,3})(?:[-_][A-Z][a-z]{3})?(?:[-_]([A-Z]{2}))?$`)
})

// localeOf writes a language tag as a locale is named: "zh-Hans-CN" is zh_CN.UTF-8. It is
// empty for anything else.
func localeOf(tag string) string {
	parts := tagForm().FindStringSubmatch(tag)
	switch {
	case parts == nil:
		return ""
	case parts[2] == "":
		return parts[1] + ".UTF-8"
	}
	return parts[1] + "_" + parts[2] + ".UTF-8"
}

// firstOf returns the first of the languages in a property list as defaults(1) prints it.
func firstOf(list string) string {
	for line := range strings.Lines(list) {
		if tag := strings.Trim(line, "() \t\n\","); tag != "" {
			return tag
		}
	}
	return ""
}
