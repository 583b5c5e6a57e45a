package launch

import "time"

// Settle is how long a command is watched outside the tests.
var Settle = settle

// SetSettle sets how long a command is watched, until restore.
func SetSettle(d time.Duration) (restore func()) {
	old := settle
	settle = d
	return func() { settle = old }
}
