package desktop

import (
	"context"
	"os/exec"
	"time"
)

// systemLanguage is the first in the person's list of languages, which only a program with
// cgo could ask the system for itself.
func systemLanguage() string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	list, err := exec.CommandContext(ctx, "/usr/bin/defaults", "read", "-g", "AppleLanguages").Output()
	if err != nil {
		return ""
	}
	return firstOf(string(list))
}
