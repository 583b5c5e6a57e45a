package desktop_test

import (
	"runtime"
	"testing"

	"lanyard/app/desktop"
)

func TestBrowserElsewhere(t *testing.T) {
	for name, row := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"by ssh":              {map[string]string{"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "DISPLAY": "localhost:10.0"}, true},
		"a browser was named": {map[string]string{"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "BROWSER": "w3m"}, false},
		"no display":          {nil, runtime.GOOS == "linux"},
	} {
		if got := desktop.BrowserElsewhere(func(name string) string { return row.env[name] }); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}
