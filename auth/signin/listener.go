package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
)

// Listener is the loopback callback of one sign-in: one port, one request, one answer.
type Listener struct {
	host string // as the Host header of a browser that was sent here has it
	path string // of the callback
	page string // path of the page afterwards; only the browser that came back knows it
	uri  string

	server *http.Server
	serves sync.WaitGroup // the sockets
	conns  sync.WaitGroup // the connections

	armed    chan struct{} // closed when Wait knows what to wait for
	won      chan answer   // holds the one answer
	finished chan struct{} // closed by Finish
	shown    chan struct{} // closed when the final page was sent
	switched chan struct{} // closed when the tab went on to another account

	mu      sync.Mutex
	state   auth.Secret // of the request that is waited for
	issuer  string
	phase   phase
	refused bool // our state came back with another issuer
	outcome Outcome
	left    bool // the browser was sent on to outcome.Next
}

// phase is where a Listener stands.
type phase int

const (
	idle     phase = iota // Wait was not called yet
	waiting               // for the callback
	answered              // the callback came
	ended                 // it did not come before Wait's context ended
)

// Outcome is how a sign-in ended, for the page in the browser.
type Outcome struct {
	Err        error // nil: signed in
	Identity   auth.Identity
	Enterprise auth.Enterprise
	// Apps are offered by their access links; six of them at most.
	Apps []auth.App
	// Kept says that the sign-in outlives a restart of this computer.
	Kept bool
	// Shared says that it ends with the person's own sign-out, because others use this
	// computer too.
	Shared    bool
	Reference string
	Lang      string // "" follows the browser's
	// Trouble is why the app that the sign-in was for does not open, although that itself
	// went well; nil for none.
	Trouble error
	// Switch is what the page of a failure offers: to sign in again with another account. It
	// begins that when it is called first, and returns where the same tab goes on to; where
	// that is not known when ctx ends it is called again. Nil offers nothing.
	Switch func(ctx context.Context) (string, error)
	// Next is where the same tab goes on to after a sign-in that was asked for by a
	// click on an app: a launch link. Empty shows the page.
	Next string
}

// Listen binds the callback's port on loopback, and [::1] too where the connector
// wants localhost, for either may be what the browser tries first. The port stays
// bound until Close, so that nobody else can take it while the browser is away.
//
// It returns the faults PortUnavailable, PortReserved (Windows keeps ranges of ports
// for itself) and EnterpriseMisconfig for a redirect that is not on this machine.
func Listen(r connector.Redirect) (*Listener, error) {
	if r.Host == "" {
		r.Host = "127.0.0.1"
	}
	if r.Path == "" {
		r.Path = "/callback"
	}
	if err := checkRedirect(r); err != nil {
		return nil, err
	}
	sockets, port, err := bind(r.Host == "localhost", r.Port)
	if err != nil {
		fault := auth.PortUnavailable
		if reserved(err) {
			fault = auth.PortReserved
		}
		args := auth.Args{}
		if r.Port != 0 {
			args["port"] = strconv.Itoa(r.Port)
		}
		return nil, auth.Fail(fault, args, fmt.Errorf("listen for the callback: %w", err))
	}
	hostport := net.JoinHostPort(r.Host, strconv.Itoa(port))
	l := &Listener{
		host: hostport, path: r.Path, uri: "http://" + hostport + r.Path,
		page:  "/signed-in/" + auth.RandomToken(),
		armed: make(chan struct{}), won: make(chan answer, 1),
		finished: make(chan struct{}), shown: make(chan struct{}), switched: make(chan struct{}),
	}
	if port == 80 {
		l.host = r.Host // a browser leaves the default port out
	}
	l.server = &http.Server{
		Handler:           l,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		MaxHeaderBytes:    32 << 10, // codes of several kilobytes exist
		ConnContext:       rememberConn,
		ConnState:         l.count,
		ErrorLog:          log.New(io.Discard, "", 0), // junk is not worth a line
	}
	l.server.SetKeepAlivesEnabled(false)
	crowd := &crowd{most: maxConns}
	for _, socket := range sockets {
		l.serves.Go(func() { _ = l.server.Serve(&limited{Listener: socket, crowd: crowd}) })
	}
	return l, nil
}

// checkRedirect refuses a redirect that cannot be served on this machine.
func checkRedirect(r connector.Redirect) error {
	reason := ""
	switch {
	case r.Host != "127.0.0.1" && r.Host != "localhost":
		reason = "redirect.host"
	case r.Port < 0 || r.Port > 65535:
		reason = "redirect.port"
	case !plainPath(r.Path):
		reason = "redirect.path"
	default:
		return nil
	}
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": reason},
		errors.New("listen for the callback: the redirect is not on this machine's loopback"))
}

// RedirectURI is the address that the provider sends the browser back to.
func (l *Listener) RedirectURI() string { return l.uri }

// Wait waits for the one callback that answers req and returns its code. issuer is
// what its iss must be (RFC 9207), "" where the provider does not send any. Nothing
// but a callback with req's state ends the wait; one with that state but without the
// right iss may be another provider's answer (a mix-up), is refused and is not waited
// for less: the provider's own may still come.
//
// It returns the faults SignInDenied or ProviderFailed where the provider answers an
// error, SignInCanceled and SignInTimeout where ctx ends first (TokenInvalid if all
// that came was refused for its iss), and SignInStale where it was called before.
func (l *Listener) Wait(ctx context.Context, req openid.Request, issuer string) (auth.Secret, error) {
	l.mu.Lock()
	if l.phase != idle || req.State.IsZero() {
		l.mu.Unlock()
		return auth.Secret{}, auth.Fail(auth.SignInStale, nil, errors.New("wait for the callback: nothing to wait for"))
	}
	l.phase, l.state, l.issuer = waiting, req.State, issuer
	close(l.armed)
	l.mu.Unlock()

	select {
	case a := <-l.won:
		return a.code, a.err
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == answered { // it came in the very moment
		a := <-l.won
		return a.code, a.err
	}
	l.phase = ended
	err := fmt.Errorf("wait for the callback: %w", ctx.Err())
	switch {
	case !errors.Is(err, context.DeadlineExceeded):
		return auth.Secret{}, auth.Fail(auth.SignInCanceled, nil, err)
	case l.refused:
		return auth.Secret{}, auth.Fail(auth.TokenInvalid, auth.Args{"check": "iss"}, err)
	default:
		return auth.Secret{}, auth.Fail(auth.SignInTimeout, nil, err)
	}
}

// Finish tells the page how the sign-in ended. Only the first call counts.
func (l *Listener) Finish(o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.finished:
	default:
		l.outcome = o
		close(l.finished)
	}
}

// Linger keeps the page there while it offers another account: until somebody has taken
// that and for grace more, since who clicks twice asks twice, or until ctx ends. It returns
// at once where no page offers it.
func (l *Listener) Linger(ctx context.Context, grace time.Duration) {
	l.mu.Lock()
	offered := l.phase == answered && l.outcome.Switch != nil
	l.mu.Unlock()
	if !offered {
		return
	}
	select {
	case <-l.switched:
	case <-ctx.Done():
		return
	}
	select {
	case <-time.After(grace):
	case <-ctx.Done():
	}
}

// Seen waits until the browser that came back has got the final page, or ctx ends. It
// returns at once where none came.
func (l *Listener) Seen(ctx context.Context) {
	l.mu.Lock()
	came := l.phase == answered
	l.mu.Unlock()
	if !came {
		return
	}
	select {
	case <-l.shown:
	case <-ctx.Done():
	}
}

// Close ends the listener and returns when all of it has ended. Where a browser came
// back, it first waits until the final page was read, at the latest for grace.
func (l *Listener) Close(grace time.Duration) {
	l.mu.Lock()
	came := l.phase == answered
	l.mu.Unlock()
	if came {
		select {
		case <-l.shown:
		case <-time.After(grace):
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if l.server.Shutdown(ctx) != nil { // junk that lingers
		_ = l.server.Close()
	}
	l.serves.Wait()
	l.conns.Wait() // what they were asked for ends with them, soon after
}

// count keeps the number of connections that are served; net/http calls it, for a new one
// before the socket's Serve can return.
func (l *Listener) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.conns.Add(1)
	case http.StateClosed:
		l.conns.Done()
	}
}
