package server_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
)

// TestFacts: the facts of a detail are those that were written into it, as far as it goes.
func TestFacts(t *testing.T) {
	for _, args := range []auth.Args{
		{},
		{"host": "sso.acme.com"},
		{"stage": "token", "code": "10007", "reason": `say "no"; code "1"; 不`, "host": "h"},
	} {
		err := fmt.Errorf("host \"other\"; %w", auth.Fail(auth.ProviderFailed, args, errors.New(`field "x"; y`)))
		if len(args) == 0 {
			err = auth.Fail(auth.ProviderFailed, nil, errors.New("x"))
		}
		if got := server.Facts(server.Detail(err)); !maps.Equal(got, args) && args["host"] != "" {
			t.Errorf("got %v, want %v", got, args)
		}
	}
	long := auth.Args{"stage": "token", "reason": strings.Repeat("长", 400)}
	if got := server.Facts(server.Detail(auth.Fail(auth.ProviderFailed, long, nil))); !maps.Equal(got, auth.Args{"stage": "token"}) {
		t.Errorf("of a detail that was cut: %v", got)
	}
	for _, text := range []string{"", "stage", `stage "`, `stage "a`, `stage "a"b`, "reason `x`"} {
		if got := server.Facts(text); len(got) > 1 {
			t.Errorf("%q: %v", text, got)
		}
	}
}
