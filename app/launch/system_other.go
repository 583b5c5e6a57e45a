//go:build !linux

package launch

import (
	"io"
	"sync"

	"github.com/pkg/browser"
)

// quiet keeps what the system's opener says away from our standard output.
var quiet = sync.OnceFunc(func() { browser.Stdout, browser.Stderr = io.Discard, io.Discard })

// systemOpener asks the system (ShellExecute, open), which knows the person's browser
// and session; no environment is passed.
func systemOpener(address string, _ environment) (func() error, error) {
	quiet()
	return func() error { return browser.OpenURL(address) }, nil
}
