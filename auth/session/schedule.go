package session

import (
	"math/rand/v2"
	"time"

	"lanyard/auth"
)

const (
	// leeway is what an access token must have left to be handed out: the way to the
	// server, and clocks that differ a little.
	leeway = 10 * time.Second
	// A refresh is due at a share of the token's life between earliest and latest,
	// drawn anew each time so that a company's desktops do not come all at once.
	earliest, latest = 0.70, 0.85
	// soonest keeps very short lives from becoming a loop.
	soonest = 15 * time.Second
	// assumed is the life of a token whose provider did not say.
	assumed = time.Hour

	firstRetry = 15 * time.Second
	lastRetry  = 15 * time.Minute
)

// schedule says when tokens that are seen now should be refreshed. Without a refresh
// token that is when they end, which is when the person is needed.
func schedule(now time.Time, t auth.TokenSet) time.Time {
	if t.Refresh.IsZero() {
		return t.Expiry
	}
	life := assumed
	if !t.Expiry.IsZero() {
		life = t.Expiry.Sub(now)
	}
	return now.Add(max(soonest, time.Duration(float64(life)*between(earliest, latest))))
}

// backOff is the wait after so many failures in a row: doubled each time up to
// lastRetry, with a quarter of jitter to either side.
func backOff(failures int) time.Duration {
	wait := lastRetry
	if failures < 8 {
		wait = min(lastRetry, firstRetry<<(failures-1))
	}
	return time.Duration(float64(wait) * between(0.75, 1.25))
}

func between(low, high float64) float64 {
	return low + (high-low)*rand.Float64() //nolint:gosec // spreads load and protects nothing
}
