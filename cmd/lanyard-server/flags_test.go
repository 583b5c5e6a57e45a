package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A flag without its value is a variable that a script forgot to set: it is not as if the
// flag were not there, which for a company's keys would mean the whole directory's.
func TestEmptyFlag(t *testing.T) {
	config := filepath.Join(t.TempDir(), "server.yaml")
	for _, args := range [][]string{
		{"keys", "rotate", "--openid", "", "--config", config},
		{"keys", "rotate", "--saml=", "--config", config},
		{"publish", t.TempDir(), "--origin", "", "--config", config},
	} {
		var out, errOut strings.Builder
		if code := run(t.Context(), args, &out, &errOut); code != 2 || !strings.Contains(errOut.String(), "is empty") {
			t.Errorf("%q: exit code %d, %s%s", args, code, out.String(), errOut.String())
		}
	}
}
