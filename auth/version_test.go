package auth

import (
	"runtime/debug"
	"testing"
)

func TestCommit(t *testing.T) {
	of := func(modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Settings: []debug.BuildSetting{
			{Key: "vcs.modified", Value: modified}, {Key: "vcs.revision", Value: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"},
		}}
	}
	for want, build := range map[string]*debug.BuildInfo{"0a1b2c3d4e5f": of("false"), "0a1b2c3d4e5f+": of("true")} {
		if got := commit(build); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := commit(nil) + commit(&debug.BuildInfo{}); got != "" {
		t.Errorf("of a build that does not say: %q", got)
	}
}
