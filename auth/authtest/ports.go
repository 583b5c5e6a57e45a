package authtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
)

// handedOut are the ports that [closed] has tried.
var handedOut sync.Map

// quietPorts are the ports that the system does not give to whoever asks for any: those
// below its range or above, whichever are more. Where it gives all, it hardly gives the
// same one just then.
var quietPorts = sync.OnceValues(func() (first, count int) {
	low, high := 32_768, 60_999 // where nobody set another range
	if data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(data), &low, &high)
	}
	const least, last = 10_000, 65_535
	switch below, above := low-least, last-high; {
	case max(below, above) < 1000:
		return least, last - least
	case below < above:
		return high + 1, above
	default:
		return least, below
	}
})

// ClosedPort returns an address of this computer at which nobody listens. Its port is
// one of the quiet ones, so it stays free until the caller binds it.
func ClosedPort(t testing.TB) string { return ClosedPorts(t, 1) }

// ClosedPorts is [ClosedPort] for n ports in a row: it returns the first one's address.
func ClosedPorts(t testing.TB, n int) string {
	t.Helper()
	first, count := quietPorts()
	for range 1000 {
		port := first + rand.IntN(count-n+1) //nolint:gosec // not a secret
		free := 0
		for free < n && closed(port+free) {
			free++
		}
		if free == n {
			return address(port)
		}
	}
	t.Fatal("no free ports")
	return ""
}

// closed reports whether nobody listens at a port, and gives it away: to nobody else.
func closed(port int) bool {
	if _, given := handedOut.LoadOrStore(port, true); given {
		return false
	}
	l, err := net.Listen("tcp", address(port))
	if err == nil {
		l.Close()
	}
	return err == nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
