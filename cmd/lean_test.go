//go:build linux

package cmd_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// initLine is what the Go runtime prints of every package that did something before main
// (GODEBUG=inittrace=1).
var initLine = regexp.MustCompile(`(?m)^init (lanyard/\S+) .* (\d+) bytes, \d+ allocs$`)

// TestNothingBeforeMain bounds what our packages allocate at every start of lanyard, needed
// or not: an expression compiled there is up to 40 KB, some of it kept.
func TestNothingBeforeMain(t *testing.T) {
	cmd := exec.Command(program(t, "lanyard"), "version")
	cmd.Env = []string{"LANYARD_HOME=" + t.TempDir(), "GODEBUG=inittrace=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	packages := initLine.FindAllStringSubmatch(string(out), -1)
	if packages == nil {
		t.Fatalf("no package told what it did:\n%s", out)
	}
	const most = 8 << 10
	for _, m := range packages {
		if bytes, _ := strconv.Atoi(m[2]); bytes > most {
			t.Errorf("%s makes %d bytes before main, more than %d", m[1], bytes, most)
		}
	}
}
