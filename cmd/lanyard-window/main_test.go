package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"lanyard/auth"
)

// TestMetadata keeps the constants and FyneApp.toml the same: Fyne reads the file only
// when it packages.
func TestMetadata(t *testing.T) {
	data, err := os.ReadFile("../../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`ID = "` + id + `"`, `Version = "` + auth.Version + `"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("FyneApp.toml has no %s", want)
		}
	}
}

// TestCalls ends wrong calls, and those without an agent, before any window.
func TestCalls(t *testing.T) {
	for _, row := range []struct {
		args []string
		code int
		said string
	}{
		{nil, 2, "-state"},
		{[]string{"--state", t.TempDir(), "--name", "elsewhere"}, 2, "-name"},
		{[]string{"--state", t.TempDir(), "more"}, 2, "-name"},
		{[]string{"--what"}, 2, "not defined"},
		{[]string{"--state", t.TempDir()}, 1, "Lanyard is not running"},
	} {
		t.Setenv("LANG", "en_US.UTF-8")
		var stderr bytes.Buffer
		if code := run(t.Context(), row.args, &stderr); code != row.code || !strings.Contains(stderr.String(), row.said) {
			t.Errorf("%q ended with %d and said %q, want %d and %q", row.args, code, stderr.String(), row.code, row.said)
		}
	}
}
