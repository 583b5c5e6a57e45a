package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// TestStopsBesideABrowser: a connection on which somebody has begun to ask and goes on never
// makes no failure of an ordinary stop.
func TestStopsBesideABrowser(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	srv := newHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	srv.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateActive { // it has read the first byte
			close(begun)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, srv, l) }()
	var dialer net.Dialer
	browser, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer browser.Close()
	if _, err := io.WriteString(browser, "GET / HT"); err != nil {
		t.Fatal(err)
	}
	<-begun
	stop()
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
}
