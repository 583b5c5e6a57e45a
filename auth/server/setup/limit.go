package setup

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"lanyard/auth/server"
)

const (
	// maxCallers bounds the memory of a limiter; whoever was not heard of longest is
	// forgotten.
	maxCallers = 10_000
	// hitShare is how much less a code that exists counts: a company behind one address
	// signs in on Monday morning, a guesser mostly asks for what does not exist.
	hitShare = 20
)

// limiter bounds how fast one address can try codes. There is none for each code: it
// would let anybody lock a company out by asking for its code.
type limiter struct {
	perMinute int // 0: no limit
	now       func() time.Time
	callers   *recent[netip.Prefix, caller]
}

type caller struct{ all, unknown *rate.Limiter }

func newLimiter(perMinute int, now func() time.Time) *limiter {
	return &limiter{perMinute: perMinute, now: now, callers: newRecent[netip.Prefix](maxCallers, func(caller) int { return 1 })}
}

// allow counts a look-up and reports whether it may be answered.
func (l *limiter) allow(r *http.Request) bool {
	if l.perMinute == 0 {
		return true
	}
	now, c := l.now(), l.caller(r)
	return c.unknown.TokensAt(now) >= 1 && c.all.AllowN(now, 1)
}

// missed counts a look-up of a code that nobody has.
func (l *limiter) missed(r *http.Request) {
	if l.perMinute > 0 {
		l.caller(r).unknown.AllowN(l.now(), 1)
	}
}

// caller returns the limits of who asks. Two first requests at once may each make them:
// one more guess is no loss.
func (l *limiter) caller(r *http.Request) caller {
	address := callerAddress(r)
	c, ok := l.callers.get(address)
	if !ok {
		limit := func(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(float64(n)/60), n) }
		c = caller{all: limit(l.perMinute * hitShare), unknown: limit(l.perMinute)}
		l.callers.put(address, c)
	}
	return c
}

// callerAddress is the caller's address, of IPv6 the network: a single household has
// more addresses than there are codes. Callers without an address share the zero one.
func callerAddress(r *http.Request) netip.Prefix {
	address := server.ClientIP(r.Context())
	if address == "" {
		address, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	network, _ := ip.Prefix(bits) // drops a zone; no address is shorter
	return network
}
