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

// TestFlagNumbers: a number that means nothing is not taken for one that means something.
func TestFlagNumbers(t *testing.T) {
	config := filepath.Join(t.TempDir(), "server.yaml")
	for _, row := range []struct{ args, says string }{
		{"keys rotate --saml acme --after -5h", "0 or longer"},
		{"keys rotate --saml acme --after 8761h", "a year (8760h) at most"},
		{"keys rotate --saml acme --after 5", "invalid value"},
		{"aply", `no command is called "aply"`},
		{"demo --listen 127.0.0.1:65536", "no port from 0 to 65535"},
		{"demo --listen 127.0.0.1:-1", "no port from 0 to 65535"},
	} {
		var out, errOut strings.Builder
		args := append(strings.Fields(row.args), "--config", config)
		if args[0] == "demo" {
			args = append(strings.Fields(row.args), "--data", t.TempDir())
		}
		if code := run(t.Context(), args, &out, &errOut); code != 2 || !strings.Contains(errOut.String(), row.says) {
			t.Errorf("%s: exit code %d, %s%s", row.args, code, out.String(), errOut.String())
		}
	}
}
