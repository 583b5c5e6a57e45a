package console

import (
	"strings"
	"testing"

	"lanyard/auth/server"
)

// Whatever is pasted as a line is read as it is shown again, or refused.
func FuzzReadMember(f *testing.F) {
	for _, line := range []string{
		"zhangsan", "wang@acme.com\tadmin", "lisi\trole=reader\tzone=cn", "\t", "a\t\tb", "=\t=", "张三\t管理员", "x\trole=a=b", "x\t\t", "a\trole=",
	} {
		f.Add(line, false)
		f.Add(line, true)
	}
	names := []string{"role", "zone"}
	f.Fuzz(func(t *testing.T, line string, group bool) {
		if line = strings.TrimSpace(line); line == "" || strings.ContainsAny(line, "\r\n") {
			return
		}
		m, ok := readMember(line, names, group)
		if !ok {
			return
		}
		if (m.Group != "") != group || m.Account+m.Group == "" {
			t.Fatalf("%q is read as %+v", line, m)
		}
		shown := strings.TrimSuffix(writeMembers([]server.Member{m}, names, group), "\n")
		again, ok := readMember(strings.TrimSpace(shown), names, group)
		if !ok || again.Key() != m.Key() || len(again.Values) != len(m.Values) {
			t.Fatalf("%q is read as %+v, shown as %q and read as %+v, %v", line, m, shown, again, ok)
		}
		for name, value := range m.Values {
			if again.Values[name] != value {
				t.Fatalf("%q: %s is %q, then %q", line, name, value, again.Values[name])
			}
		}
	})
}
