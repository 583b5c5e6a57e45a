package sso_test

import (
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/server/sso"
)

// FuzzLocalPath: whatever is accepted leads to this server, read as a browser reads
// it: control characters dropped and backslashes turned before the query.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/", "/e/1/authorize?a=b", "//evil", `/\evil`, "/\t/evil", "http://evil", "/%2f/evil", "/?x=\\"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://login.acme.com/e/1")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ret string) {
		if !sso.LocalPath(ret) {
			return
		}
		path, query, _ := strings.Cut(ret, "?")
		read := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(path)) + "?" + query
		u, err := base.Parse(read)
		if err != nil || u.Scheme != "https" || u.Host != "login.acme.com" || u.User != nil {
			t.Errorf("accepted %q, which leads to %v", ret, u)
		}
	})
}

// Two people never share a key because their parts run together.
func TestPersonKey(t *testing.T) {
	keys := map[string]string{}
	for _, parts := range [][]string{
		{"e", "c", "t", "s"},
		{"ec", "", "t", "s"},
		{"e", "c", "ts", ""},
		{"e", "c", "", "ts"},
		{"e", "ct", "", "s"},
		{"e", "c", "t1:s", ""},
		{"e", "c", "t", "1:s"},
		{"e", "c", "t", "s", ""},
		{"e2", "c", "t", "s"},
	} {
		key := sso.PersonKey(parts...)
		if before, there := keys[key]; there {
			t.Errorf("%q and %s have the same key", parts, before)
		}
		keys[key] = strings.Join(parts, ",")
	}
}
