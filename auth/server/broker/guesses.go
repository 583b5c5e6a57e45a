package broker

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"lanyard/auth/server"
)

// limit bounds how often one address may do something in a minute, on this instance.
// There is none for all addresses together: it would let anybody lock everybody out.
type limit struct {
	perMinute int

	mu     sync.Mutex
	minute time.Time
	counts map[string]int
}

// allow counts and reports whether it was not too often.
func (l *limit) allow(r *http.Request, now time.Time) bool { return l.count(network(r), now) }

// count is allow for anything that has a name.
func (l *limit) count(who string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	l.counts[who]++
	return l.counts[who] <= l.perMinute
}

// reached reports whether one more would be too often.
func (l *limit) reached(r *http.Request, now time.Time) bool { return l.full(network(r), now) }

// full is reached for anything that has a name.
func (l *limit) full(who string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	return l.counts[who] >= l.perMinute
}

// turn forgets what was counted in another minute.
func (l *limit) turn(now time.Time) {
	if minute := now.Truncate(time.Minute); l.counts == nil || !minute.Equal(l.minute) {
		l.minute, l.counts = minute, map[string]int{}
	}
}

// callerAddress is where a request comes from.
func callerAddress(r *http.Request) string {
	if ip := server.ClientIP(r.Context()); ip != "" {
		return ip
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// network is the caller's address, of IPv6 its network: one household has more addresses
// than there are codes.
func network(r *http.Request) string {
	address := callerAddress(r)
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
