package local

import "time"

// SetHelloTimeout sets how long a first answer may take, until restore.
func SetHelloTimeout(d time.Duration) (restore func()) {
	old := helloTimeout
	helloTimeout = d
	return func() { helloTimeout = old }
}
