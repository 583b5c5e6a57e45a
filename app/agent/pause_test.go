package agent

import (
	"testing"
	"time"
)

// TestPause sleeps until something is due, but looks now and then where nobody would tell
// of a sleep in between.
func TestPause(t *testing.T) {
	for _, row := range []struct {
		due   time.Duration
		blind bool
		want  time.Duration
	}{
		{8 * time.Hour, false, 8 * time.Hour},
		{8 * time.Hour, true, lookAgain},
		{time.Minute, true, time.Minute},
		{-time.Hour, false, time.Second},
		{-time.Hour, true, time.Second},
	} {
		if got := pause(row.due, row.blind); got != row.want {
			t.Errorf("pause(%v, %v) = %v, want %v", row.due, row.blind, got, row.want)
		}
	}
}
