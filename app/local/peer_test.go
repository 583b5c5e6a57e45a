//go:build !windows

package local

import (
	"errors"
	"testing"

	"lanyard/auth"
)

func TestAllowUID(t *testing.T) {
	for _, test := range []struct {
		peer, self int
		ok         bool
	}{{1000, 1000, true}, {0, 0, true}, {1001, 1000, false}, {0, 1000, false}, {1000, 0, false}} {
		err := allowUID(test.peer, test.self)
		if (err == nil) != test.ok || err != nil && !errors.Is(err, auth.NotPermitted) {
			t.Errorf("peer %d, self %d: %v", test.peer, test.self, err)
		}
	}
}
