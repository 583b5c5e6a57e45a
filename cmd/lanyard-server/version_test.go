package main

import (
	"bytes"
	"testing"

	"lanyard/auth"
)

func TestVersion(t *testing.T) {
	want := "lanyard-server " + auth.Version
	if id := auth.Commit(); id != "" {
		want += " (" + id + ")"
	}
	for _, way := range []string{"version", "--version"} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), []string{way}, &out, &errOut); code != 0 || out.String() != want+"\n" || errOut.Len() > 0 {
			t.Errorf("%s: %d %s%s", way, code, &out, &errOut)
		}
	}
}
