package local

import "time"

// SetHelloTimeout sets how long a first answer may take, until restore.
func SetHelloTimeout(d time.Duration) (restore func()) {
	old := helloTimeout
	helloTimeout = d
	return func() { helloTimeout = old }
}

// SetEndGrace sets how long requests under way may take at the end, until restore.
func SetEndGrace(d time.Duration) (restore func()) {
	old := endGrace
	endGrace = d
	return func() { endGrace = old }
}
