package openid

import "time"

// SetSlowDown changes by how much a pause grows when the provider wants it, and returns
// what undoes that.
func SetSlowDown(d time.Duration) (undo func()) {
	before := slowDown
	slowDown = d
	return func() { slowDown = before }
}
