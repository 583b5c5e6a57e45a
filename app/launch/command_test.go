package launch

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string // nil is an error
	}{
		{"", []string{}},
		{"  firefox\t-P  work ", []string{"firefox", "-P", "work"}},
		{`"C:\Program Files\Mozilla Firefox\firefox.exe" -osint`, []string{`C:\Program Files\Mozilla Firefox\firefox.exe`, "-osint"}},
		{`C:\firefox.exe %s`, []string{`C:\firefox.exe`, "%s"}},
		{`a\ b 'c \d' "e \"f\" \\ \n"`, []string{"a b", `c \d`, `e "f" \ \n`}},
		{`x'y z'"w"`, []string{"xy zw"}},
		{`a '' ""`, []string{"a", "", ""}},
		{`$(id) ; a|b > c & ` + "`d`", []string{"$(id)", ";", "a|b", ">", "c", "&", "`d`"}},
		{`open "quote`, nil},
		{`it's`, nil},
		{`浏览器 -新`, []string{"浏览器", "-新"}},
	} {
		got, err := split(test.line)
		if (err != nil) != (test.want == nil) || !slices.Equal(got, test.want) {
			t.Errorf("split(%q) = %q, %v; want %q", test.line, got, err, test.want)
		}
	}
}
