package agent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/workbench"
)

const (
	// proofLife is how long a launch link lives at the server, and so its proof here.
	proofLife = 60 * time.Second
	// challengeLength is that of a SHA-256 in base64url.
	challengeLength = 43
)

// proofs answers the browser on its way through a launch link: it shows that the link
// was made by the agent of the person who sits at this computer. It listens on
// loopback only while a launch is pending. The zero value is ready for use.
type proofs struct {
	log *slog.Logger

	mu      sync.Mutex
	server  *http.Server
	port    int
	pending map[string]*proof // by nonce
	serving sync.WaitGroup
}

// proof is one launch that waits for its browser. The link is zero until it is armed.
type proof struct {
	link  workbench.Link
	timer *time.Timer
}

// expect gets ready for the launch of nonce and returns the port to name to the server.
func (p *proofs) expect(nonce string) (port int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		var l net.Listener
		l, err = new(net.ListenConfig).Listen(context.Background(), "tcp4", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("listen for launch: %w", err)
		}
		p.port = int(netip.MustParseAddrPort(l.Addr().String()).Port())
		p.pending = map[string]*proof{}
		p.server = &http.Server{
			Handler: p.handler(p.port), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		}
		server := p.server
		p.serving.Go(func() { _ = server.Serve(l) })
	}
	p.pending[nonce] = &proof{timer: time.AfterFunc(proofLife, func() { p.forget(nonce) })}
	return p.port, nil
}

// arm gives a pending launch the link that the server made.
func (p *proofs) arm(nonce string, link workbench.Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waiting := p.pending[nonce]; waiting != nil {
		waiting.link = link
	}
}

// forget ends a pending launch; the last one closes the listener.
func (p *proofs) forget(nonce string) {
	p.take(nonce)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) > 0 || p.server == nil {
		return
	}
	server := p.server
	p.server = nil
	p.serving.Go(func() {
		// Gracefully: the answer to the browser may still be on its way.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
		_ = server.Close()
	})
}

// take removes and returns the launch of nonce: there is one answer to each.
func (p *proofs) take(nonce string) (workbench.Link, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.pending[nonce]
	if waiting == nil {
		return workbench.Link{}, false
	}
	waiting.timer.Stop()
	delete(p.pending, nonce)
	return waiting.link, !waiting.link.URL.IsZero()
}

// close ends every pending launch.
func (p *proofs) close() {
	p.mu.Lock()
	for _, waiting := range p.pending {
		waiting.timer.Stop()
	}
	p.pending = nil
	server := p.server
	p.server = nil
	p.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
	p.serving.Wait()
}

// handler answers GET /launch/{nonce}?challenge=… by sending the browser back to the
// link's /proof with HMAC-SHA256(key, launch id + "." + challenge). Whatever is not
// exactly that gets 404: a name that was pointed at this computer (Host), another
// user's process (peer), a second try.
func (p *proofs) handler(port int) http.Handler {
	host := fmt.Sprintf("127.0.0.1:%d", port)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		nonce, found := strings.CutPrefix(r.URL.Path, "/launch/")
		challenge := r.URL.Query().Get("challenge")
		if !found || r.Method != http.MethodGet || r.Host != host || len(challenge) != challengeLength {
			http.NotFound(w, r)
			return
		}
		if err := samePerson(r.RemoteAddr, port); err != nil {
			p.log.Warn("launch proof refused", "err", err)
			http.NotFound(w, r)
			return
		}
		link, ok := p.take(nonce)
		if !ok {
			http.NotFound(w, r)
			return
		}
		defer p.forget(nonce)
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, proofAddress(link, challenge), http.StatusSeeOther) //nolint:gosec // our own server's link
	})
}

// proofAddress is where the server takes the proof.
func proofAddress(link workbench.Link, challenge string) string {
	mac := hmac.New(sha256.New, []byte(link.Key.Reveal()))
	mac.Write([]byte(link.ID + "." + challenge))
	proof := auth.NewSecret(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
	return link.URL.Reveal() + "/proof?" + url.Values{"proof": {proof.Reveal()}}.Encode()
}
