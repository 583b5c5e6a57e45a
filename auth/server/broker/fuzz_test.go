package broker_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"lanyard/auth/server/broker"
)

// FuzzRedirect: whatever is accepted is registered, or differs from a registered
// loopback address in its port alone, and a browser would go to that very host.
func FuzzRedirect(f *testing.F) {
	registered := []string{"https://notes.example/cb", "http://127.0.0.1/native", "http://[::1]/native?x=1"}
	for _, seed := range append(registered,
		"http://127.0.0.1:8080/native", "http://[::1]:8080/native?x=1", "http://127.0.0.1:1@evil.example/native",
		"http://127.0.0.1:1/../native", "https://notes.example/cb#", `http://127.0.0.1\@evil.example/native`) {
		f.Add(seed)
	}
	loopback := regexp.MustCompile(`^(http://127\.0\.0\.1(:[1-9][0-9]{0,4})?/native|http://\[::1\](:[1-9][0-9]{0,4})?/native\?x=1)$`)
	f.Fuzz(func(t *testing.T, uri string) {
		if !broker.RedirectAllowed(registered, uri) || uri == registered[0] {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || !loopback.MatchString(uri) || (u.Hostname() != "127.0.0.1" && u.Hostname() != "::1") || u.User != nil {
			t.Errorf("accepted %q", uri)
		}
	})
}

// FuzzUserCode: whatever a person typed is no code, or one that reads the same as it is
// shown; a device's name is short, visible text.
func FuzzUserCode(f *testing.F) {
	for _, seed := range []string{"BCDF-GHJK", "bcdfghjk", "ＢＣＤＦ－ＧＨＪＫ", "BCDF GHJKL", "AEIO-UYYY", "ſſſſſſſſ", "build-7\u202e", "\xff\x00"} {
		f.Add(seed)
	}
	code := regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{8}$`)
	f.Fuzz(func(t *testing.T, typed string) {
		if got := broker.ReadUserCode(typed); got != "" && (!code.MatchString(got) || broker.ReadUserCode(broker.ShownUserCode(got)) != got) {
			t.Errorf("%q is read as %q", typed, got)
		}
		name := broker.DeviceName(typed, "")
		if name == "" || utf8.RuneCountInString(name) > 60 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is shown as %q", typed, name)
		}
	})
}
