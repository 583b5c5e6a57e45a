package connector

import "net/http"

// Policy says which addresses beyond public https ones may be called.
type Policy struct {
	Allow     []string // host:port of private targets
	AllowHTTP []string // hosts that may be called by plain http
	Loopback  bool     // the desktop with a demo on this machine: http to loopback
}

// NewHTTPClient returns the client for every address that data brings.
func NewHTTPClient(p Policy) *http.Client { return http.DefaultClient }
