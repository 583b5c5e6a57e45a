package sso_test

import (
	"testing"

	"lanyard/auth/server/sso"
)

func TestWayTo(t *testing.T) {
	for ret, want := range map[string]string{
		"/e/abc/a/notes":                    "notes",
		"/e/abc/authorize?client_id=notes":  "notes",
		"/e/abc/authorize":                  "",
		"/e/abc/":                           "",
		"/admin/company?client_id=notes":    "",
		"/e/abc/a/notes/more":               "",
		"":                                  "",
		"/e/abc/authorize?client_id=%zz&x=": "",
	} {
		if got := sso.WayTo(ret); got != want {
			t.Errorf("%q leads to %q, want %q", ret, got, want)
		}
	}
}
