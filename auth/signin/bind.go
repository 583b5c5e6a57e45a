package signin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// bind listens on 127.0.0.1, and with both on [::1] at the same port if this machine
// has IPv6. Port 0 is any that is free on each.
func bind(both bool, port int) ([]net.Listener, int, error) {
	both = both && hasIPv6()
	const tries = 10
	var err error
	for range tries {
		var sockets []net.Listener
		if sockets, err = bindOnce(both, port); err == nil {
			return sockets, sockets[0].Addr().(*net.TCPAddr).Port, nil
		}
		if port != 0 || !errors.Is(err, errHalf) {
			break
		}
	}
	return nil, 0, err
}

// errHalf says that a port was free on 127.0.0.1 only: whoever has it on [::1] would
// get the callback of a browser that tries IPv6 first.
var errHalf = errors.New("the port is taken on [::1]")

func bindOnce(both bool, port int) ([]net.Listener, error) {
	four, err := listenOn("tcp4", "127.0.0.1", port)
	if err != nil || !both {
		return []net.Listener{four}, err
	}
	six, err := listenOn("tcp6", "::1", four.Addr().(*net.TCPAddr).Port)
	if err != nil {
		_ = four.Close()
		return nil, fmt.Errorf("%w: %w", errHalf, err)
	}
	return []net.Listener{four, six}, nil
}

func listenOn(network, host string, port int) (net.Listener, error) {
	config := net.ListenConfig{Control: exclusive}
	return config.Listen(context.Background(), network, net.JoinHostPort(host, strconv.Itoa(port)))
}

// hasIPv6 reports whether [::1] can be bound at all.
func hasIPv6() bool {
	probe, err := listenOn("tcp6", "::1", 0)
	if err != nil {
		return false
	}
	_ = probe.Close()
	return true
}
