package console

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"lanyard/auth/server"
)

const (
	triesAtOnce = 8
	tryEvery    = 10 * time.Second
	maxCallers  = 10_000
)

// limiter bounds how fast one address can try passwords, links and company codes.
type limiter struct {
	now     func() time.Time
	mu      sync.Mutex
	callers map[string]*rate.Limiter
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, callers: map[string]*rate.Limiter{}}
}

// allow counts a try and reports whether it may be made.
func (l *limiter) allow(r *http.Request) bool {
	address := callerAddress(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.callers) >= maxCallers {
		for key, c := range l.callers {
			if c.TokensAt(now) >= triesAtOnce {
				delete(l.callers, key)
			}
		}
	}
	c := l.callers[address]
	if c == nil {
		if len(l.callers) >= maxCallers {
			return false // ten thousand addresses guess at this moment
		}
		c = rate.NewLimiter(rate.Every(tryEvery), triesAtOnce)
		l.callers[address] = c
	}
	return c.AllowN(now, 1)
}

// callerAddress is the caller's address, of IPv6 the network that a household has.
func callerAddress(r *http.Request) string {
	address := server.ClientIP(r.Context())
	if address == "" {
		address, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
