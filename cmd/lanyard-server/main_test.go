package main

import (
	"os"
	"testing"
	"time"
)

// TestMain keeps the tests from what is set on the machine, and gives a busy one its time.
func TestMain(m *testing.M) {
	for _, name := range []string{"LANYARD_KEY", "LANYARD_LOG"} {
		_ = os.Unsetenv(name)
	}
	healthPatience = time.Minute
	os.Exit(m.Run())
}
