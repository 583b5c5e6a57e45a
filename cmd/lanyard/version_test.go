package main

import (
	"testing"

	"lanyard/auth"
)

func TestVersion(t *testing.T) {
	want := "Lanyard " + auth.Version
	if id := auth.Commit(); id != "" {
		want += " (" + id + ")"
	}
	for _, way := range []string{"version", "--version"} {
		if code, out, errs := lanyard(way); code != 0 || out != want+"\n" || errs != "" {
			t.Errorf("%s: %d %s%s", way, code, out, errs)
		}
	}
}
