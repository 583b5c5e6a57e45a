package broker_test

import (
	"net/url"
	"regexp"
	"testing"

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
