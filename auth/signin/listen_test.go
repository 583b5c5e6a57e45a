package signin_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/signin"
)

func TestListenOnLoopbackOnly(t *testing.T) {
	a := start(t, connector.Redirect{Path: "/auth/back"}, "")
	u, err := url.Parse(a.RedirectURI())
	if err != nil {
		t.Fatal(err)
	}
	if u.Hostname() != "127.0.0.1" || u.Path != "/auth/back" || u.Port() == "0" {
		t.Errorf("RedirectURI is %s", u)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		ip := address.(*net.IPNet).IP
		if ip.IsLoopback() || ip.To4() == nil {
			continue
		}
		if conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), u.Port()), time.Second); err == nil {
			conn.Close()
			t.Errorf("%s can be reached from the network", ip)
		}
	}
	a.stillWaits(t)
}

func TestLocalhostListensOnBothStacks(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback")
	}
	probe.Close()
	for _, ip := range []string{"127.0.0.1", "::1"} {
		a := start(t, connector.Redirect{Host: "localhost"}, "")
		u, err := url.Parse(a.RedirectURI())
		if err != nil || u.Hostname() != "localhost" {
			t.Fatalf("RedirectURI is %s, %v", u, err)
		}
		host := u.Host
		u.Host = net.JoinHostPort(ip, u.Port())
		u.RawQuery = good().Encode()
		wrong := request(t, http.MethodGet, u.String(), "")
		if got := send(t, wrong).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s by its number got %d, want 404", ip, got)
		}
		right := request(t, http.MethodGet, u.String(), "")
		right.Host = host
		if got := send(t, right).StatusCode; got != http.StatusSeeOther {
			t.Errorf("%s as localhost got %d, want 303", ip, got)
		}
		if r := a.outcome(t); r.err != nil {
			t.Errorf("%s: %v", ip, r.err)
		}
	}
}

// freePort returns a port that is free on every loopback address, and that nobody takes by
// chance while the test lets go of it.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		_, number, err := net.SplitHostPort(authtest.ClosedPort(t))
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		l, err := signin.Listen(connector.Redirect{Host: "localhost", Port: port})
		if err == nil {
			l.Close(0)
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

func TestFixedPort(t *testing.T) {
	for _, busy := range []string{"127.0.0.1", "::1"} {
		port := freePort(t)
		other, err := net.Listen("tcp", net.JoinHostPort(busy, strconv.Itoa(port)))
		if err != nil {
			t.Skip("this machine has no IPv6 loopback")
		}
		_, err = signin.Listen(connector.Redirect{Host: "localhost", Port: port})
		if fault, args := auth.FaultOf(err); fault != auth.PortUnavailable || args["port"] == "" {
			t.Errorf("%s is taken: %v with %v, want port_unavailable with its number", busy, err, args)
		}
		other.Close()
		l, err := signin.Listen(connector.Redirect{Host: "localhost", Port: port})
		if err != nil {
			t.Errorf("the port is free again: %v", err)
			continue
		}
		if _, err := signin.Listen(connector.Redirect{Port: port}); !errors.Is(err, auth.PortUnavailable) {
			t.Errorf("a second listener on the port: %v, want port_unavailable", err)
		}
		l.Close(0)
	}
}

func TestListenRefusesWhatIsNotOnThisMachine(t *testing.T) {
	for _, r := range []connector.Redirect{
		{Host: "0.0.0.0"},
		{Host: "sso.acme.example"},
		{Host: "localhost.evil.example"},
		{Host: "127.0.0.1.evil.example"},
		{Port: -1},
		{Port: 70000},
		{Path: "callback"},
		{Path: "//evil.example/"},
		{Path: "/a b"},
		{Path: "/a?b"},
		{Path: "/signed-in/x"},
	} {
		if l, err := signin.Listen(r); !errors.Is(err, auth.EnterpriseMisconfig) {
			t.Errorf("%+v: %v, want enterprise_misconfig", r, err)
			if l != nil {
				l.Close(0)
			}
		}
	}
}

func TestCloseFreesThePort(t *testing.T) {
	l, err := signin.Listen(connector.Redirect{Port: freePort(t)})
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { l.Close(time.Hour); close(closed) }() // nobody came back, so there is no page to wait for
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Fatal("Close waits for nobody")
	}
	u, err := url.Parse(l.RedirectURI())
	if err != nil {
		t.Fatal(err)
	}
	again, err := net.Listen("tcp", u.Host)
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	again.Close()
}

func TestNoEmptyState(t *testing.T) {
	l, err := signin.Listen(connector.Redirect{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(0) })
	if _, err := l.Wait(t.Context(), openid.Request{}, ""); !errors.Is(err, auth.SignInStale) {
		t.Errorf("waiting without a state: %v, want a refusal", err)
	}
	if !strings.HasPrefix(l.RedirectURI(), "http://127.0.0.1:") {
		t.Errorf("RedirectURI is %s", l.RedirectURI())
	}
}
