package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"lanyard/auth"
)

const (
	maxBody      = 1 << 20 // of an answer, after decompression
	maxRedirects = 3
	totalTimeout = 10 * time.Second
)

// ErrTooLarge is what reading an answer of more than 1 MiB ends with.
var ErrTooLarge = errors.New("answer is larger than 1 MiB")

// Policy says which addresses beyond public https ones may be called.
type Policy struct {
	// Allow lists host:port targets that may be private; the host is a name as it
	// stands in an address, or an IP address.
	Allow []string
	// AllowHTTP lists hosts that may be called by plain http.
	AllowHTTP []string
	// Loopback permits plain http to this machine where the address itself says so
	// ("localhost", 127.0.0.1, [::1]): a demo. A public name that resolves to this
	// machine stays refused.
	Loopback bool
}

// CheckURL reports why an address may not be called at all: its scheme, user
// information in it, or plain http to a host that is not allowed it. What the host's
// name resolves to is checked when it is dialled.
func (p Policy) CheckURL(u *url.URL) error {
	host := u.Hostname()
	switch {
	case host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"):
		return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": "not a plain https address"}, nil)
	case u.Scheme == "http" && !p.allowsHTTP(host):
		return auth.Fail(auth.InsecureAddress, auth.Args{"host": host}, nil)
	}
	return nil
}

func (p Policy) allowsHTTP(host string) bool {
	return p.Loopback && saysLoopback(host) || slices.ContainsFunc(p.AllowHTTP, func(h string) bool {
		return strings.EqualFold(h, host)
	})
}

func (p Policy) allows(hostport string) bool {
	return slices.ContainsFunc(p.Allow, func(a string) bool { return strings.EqualFold(a, hostport) })
}

// saysLoopback reports whether a host names this machine in so many words.
func saysLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// NewHTTPClient returns the client for every address that comes as data: step calls,
// discovery, keys, logos, app lists, logout calls. It checks the resolved address at
// each dial, so that neither a name that points inside nor one that changes between two
// look-ups leads into the network around the server; it asks no proxy of the
// environment, follows at most three redirects and none to another origin, reads at
// most 1 MiB of an answer and takes at most 10 seconds. Its errors carry a fault:
// EnterpriseMisconfig or InsecureAddress for an address that is refused,
// AnswerNotData with [ErrTooLarge] for an answer that is too long.
func NewHTTPClient(p Policy) *http.Client {
	p.Allow, p.AllowHTTP = slices.Clone(p.Allow), slices.Clone(p.AllowHTTP)
	return p.ClientOver(&http.Transport{
		DialContext:            p.dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64, // a company comes to work at the same time
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	})
}

// ClientOver returns the client of [NewHTTPClient] with another way to reach a host: a
// simulated vendor's. Addresses are checked and answers bounded as there; where a host
// leads is next's to know.
func (p Policy) ClientOver(next http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     &guard{policy: p, next: next},
		CheckRedirect: checkRedirect,
	}
}

// dial connects to addr ("host:port" as in the address), unless what the host
// resolves to is refused. The check sits in Control, after resolving and before
// connecting, so that there is no second look-up to disagree with it.
func (p Policy) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	d := net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(_, resolved string, _ syscall.RawConn) error { return p.checkDial(host, addr, resolved) },
	}
	return d.DialContext(ctx, network, addr)
}

// checkDial reports why addr, whose host is given, may not be dialled where it resolves so.
func (p Policy) checkDial(host, addr, resolved string) error {
	if p.allows(addr) || p.allows(resolved) {
		return nil
	}
	ap, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	ip := ap.Addr().Unmap()
	if public(ip) || p.Loopback && saysLoopback(host) && ip.IsLoopback() {
		return nil
	}
	return auth.Fail(auth.EnterpriseMisconfig,
		auth.Args{"host": addr, "reason": fmt.Sprintf("%s is not a public address, and this server's configuration does not allow it", addr)},
		fmt.Errorf("dial %s: %s is not public", addr, ip))
}

// Reaches reports why a client of the policy would not call an address, without calling it:
// its faults are those of [NewHTTPClient], or ProviderUnreachable where the host's name is
// not known at present. One public address of several is enough, as for the client.
func (p Policy) Reaches(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": "not a plain https address"}, nil)
	}
	if err := p.CheckURL(u); err != nil {
		return err
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	addr := net.JoinHostPort(host, port)
	if p.allows(addr) {
		return nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return auth.Fail(auth.ProviderUnreachable, auth.Args{"host": host}, err)
	}
	for _, ip := range ips {
		if err = p.checkDial(host, addr, net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			return nil
		}
	}
	return err
}

// checkRedirect follows a redirect only within one origin and only where the method
// stays: a POST that came back as a GET would have lost what it said.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	reason := ""
	switch {
	case req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host:
		reason = fmt.Sprintf("%s redirects to %s://%s", first.URL.Host, req.URL.Scheme, req.URL.Host)
	case req.Method != first.Method:
		reason = fmt.Sprintf("%s redirects a %s", first.URL.Host, first.Method)
	case len(via) > maxRedirects:
		reason = fmt.Sprintf("%s redirects more than %d times", first.URL.Host, maxRedirects)
	default:
		return nil
	}
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": reason}, nil)
}

// guard checks each request's address and bounds each answer, in time as well:
// http.Client's own Timeout starts two goroutines a request over any transport but its own.
type guard struct {
	policy Policy
	next   http.RoundTripper
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.policy.CheckURL(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithDeadline(req.Context(), deadline(req))
	resp, err := g.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: maxBody, cancel: cancel}
	return resp, nil
}

// deadline is when a request and those that it is redirected to are given up together.
func deadline(req *http.Request) time.Time {
	if before := req.Response; before != nil && before.Request != nil { // which sent it on
		if at, ok := before.Request.Context().Deadline(); ok {
			return at
		}
	}
	return time.Now().Add(totalTimeout)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (g *guard) CloseIdleConnections() {
	if c, ok := g.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// bounded reads at most left bytes and then fails, where io.LimitReader would pretend
// that the answer had ended.
type bounded struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		err = auth.Fail(auth.AnswerNotData, auth.Args{"found": "more than 1 MiB"}, ErrTooLarge)
	}
	b.left -= int64(n)
	return n, err
}

func (b *bounded) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}
