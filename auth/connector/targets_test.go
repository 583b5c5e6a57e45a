package connector_test

import (
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/connector"
)

var targets = &connector.Connector{Targets: []string{
	"https://kdocs.cn", "https://wiki.acme.com/team/", "https://git.acme.com:8443/x", "http://127.0.0.1:8080/",
}}

func TestTarget(t *testing.T) {
	for cb, want := range map[string]string{
		"https://kdocs.cn":                     "https://kdocs.cn/",
		"https://kdocs.cn/l/1?a=b&c=%2F%2Fx":   "https://kdocs.cn/l/1?a=b&c=%2F%2Fx",
		"https://KDOCS.cn:443/":                "https://kdocs.cn/",
		"https://kdocs.cn/?q=https://evil.com": "https://kdocs.cn/?q=https://evil.com",
		"https://wiki.acme.com/team/":          "https://wiki.acme.com/team/",
		"https://wiki.acme.com/team/a/b":       "https://wiki.acme.com/team/a/b",
		"https://wiki.acme.com/team/%E6%96%87": "https://wiki.acme.com/team/%E6%96%87",
		"https://git.acme.com:8443/x":          "https://git.acme.com:8443/x",
		"http://127.0.0.1:8080/any":            "http://127.0.0.1:8080/any",
	} {
		if got, ok := targets.Target(cb); !ok || got != want {
			t.Errorf("%s: %q, %v; want %q", cb, got, ok, want)
		}
	}
	for _, cb := range []string{
		"", "/", "//kdocs.cn", "kdocs.cn", "https:kdocs.cn", "https:/kdocs.cn", "https:///kdocs.cn",
		"http://kdocs.cn/", "ftp://kdocs.cn/", "javascript:alert(1)//kdocs.cn", "data:text/html,x", "HTTPS//kdocs.cn",
		"https://evil.example/", "https://kdocs.cn.evil.example/", "https://evilkdocs.cn/", "https://kdocs.cn@evil.example/",
		"https://user@kdocs.cn/", "https://user:pw@kdocs.cn/", `https://kdocs.cn\@evil.example/`, `https:\\kdocs.cn`,
		"https://evil.example#https://kdocs.cn/", "https://kdocs.cn/#x", "https://evil.example?https://kdocs.cn/",
		"https://kdocs.cn:444/", "https://kdocs.cn:/", "https://kdocs.cn:99999/", "https://kdocs.cn%2eevil.example/", "https://ｋdocs.cn/",
		"https://kdocs.cn/\r\nLocation: https://evil.example", "https://kdocs.cn/\t", " https://kdocs.cn/", "https://kdocs.cn/a b",
		"https://wiki.acme.com/", "https://wiki.acme.com/teams", "https://wiki.acme.com/team/../secret", "https://wiki.acme.com/team/%2e%2e/secret",
		"https://wiki.acme.com/team/%2E%2E/secret", "https://wiki.acme.com/team/.%2e/x", "https://wiki.acme.com/team/./x",
		"https://wiki.acme.com/team%2F..%2Fx", "https://wiki.acme.com/team/%2f%2e%2e", "https://wiki.acme.com/team/%5c..%5cx",
		"https://wiki.acme.com/team/%252e%252e/x", "https://wiki.acme.com//team/", "https://wiki.acme.com/team//evil.example",
		"https://git.acme.com/x", "https://git.acme.com:8443/xy", "http://127.0.0.1/", "http://127.0.0.1:8081/", "http://localhost:8080/",
		"https://kdocs.cn/" + strings.Repeat("x", 3000), "https://[::1]/", "https://kdocs.cn/%zz", "https://kdocs.cn/<script>",
	} {
		if got, ok := targets.Target(cb); ok {
			t.Errorf("%q leads to %q", cb, got)
		}
	}
	if _, ok := (&connector.Connector{}).Target("https://kdocs.cn/"); ok {
		t.Error("without targets something leads on")
	}
}

// FuzzTarget: whatever is let through is read by another parser as one of the targets.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"https://kdocs.cn/x?y#z", "https://wiki.acme.com/team/%2e%2e/", `https://kdocs.cn\@evil/`, "https://kdocs.cn:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cb string) {
		got, ok := targets.Target(cb)
		if !ok {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || strings.ContainsAny(got, "\\\r\n\t ") {
			t.Fatalf("%q leads to %q", cb, got)
		}
		clean := u.JoinPath().EscapedPath() // as a browser resolves it
		switch u.Scheme + "://" + u.Host {
		case "https://kdocs.cn", "http://127.0.0.1:8080":
		case "https://wiki.acme.com":
			if clean != "/team" && !strings.HasPrefix(clean, "/team/") {
				t.Fatalf("%q leads to %q", cb, got)
			}
		case "https://git.acme.com:8443":
			if clean != "/x" && !strings.HasPrefix(clean, "/x/") {
				t.Fatalf("%q leads to %q", cb, got)
			}
		default:
			t.Fatalf("%q leads to %q", cb, got)
		}
		if again, ok := targets.Target(got); !ok || again != got {
			t.Fatalf("%q: %q is not let through again (%q)", cb, got, again)
		}
	})
}
