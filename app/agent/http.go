package agent

import (
	"errors"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

const (
	maxAnswer   = 1 << 20
	callTimeout = 10 * time.Second
	// idleTimeout closes connections early: an agent that sleeps holds none.
	idleTimeout = 15 * time.Second
)

// NewHTTPClient returns the client for everything that the agent asks: directories,
// providers, servers, app lists. The addresses come from what the person typed and
// from signed documents, and a company's servers may well be on its own network, so
// unlike a server's client it reaches private addresses and honours the proxy
// variables. It keeps the rest of the rules: https but for loopback, no redirect to
// another origin, 1 MiB, 10 seconds.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Timeout: callTimeout,
		Transport: bounded{&http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSHandshakeTimeout:    5 * time.Second,
			IdleConnTimeout:        idleTimeout,
			MaxIdleConnsPerHost:    2,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			first := via[0]
			if req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme ||
				req.Method != first.Method || len(via) > 3 {
				return auth.Fail(auth.EnterpriseMisconfig, nil, errors.New("follow redirect: leads elsewhere"))
			}
			return nil
		},
	}
}

// bounded refuses unsafe addresses and answers that are too long.
type bounded struct{ next *http.Transport }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := (connector.Policy{Loopback: true}).CheckURL(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := b.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (b bounded) CloseIdleConnections() { b.next.CloseIdleConnections() }
