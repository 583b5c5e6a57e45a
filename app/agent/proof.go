package agent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
// loopback only while a launch is pending.
type proofs struct {
	log     *slog.Logger
	server  *http.Server
	serving sync.WaitGroup

	mu       sync.Mutex
	listener *net.TCPListener  // nil while nothing is pending
	pending  map[string]*proof // by nonce
}

// proof is one launch that waits for its browser. The link is zero until it is armed.
type proof struct {
	link  workbench.Link
	timer *time.Timer
}

func newProofs(log *slog.Logger) *proofs {
	p := &proofs{log: log, pending: map[string]*proof{}}
	p.server = &http.Server{
		Handler: p, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	p.server.SetKeepAlivesEnabled(false)
	return p
}

// expect gets ready for the launch of nonce and returns the port to name to the server.
func (p *proofs) expect(nonce string) (port int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return 0, fmt.Errorf("listen for launch: %w", err)
		}
		p.listener = l
		p.serving.Go(func() { _ = p.server.Serve(l) })
	}
	p.pending[nonce] = &proof{timer: time.AfterFunc(proofLife, func() { p.forget(nonce) })}
	return p.listener.Addr().(*net.TCPAddr).Port, nil
}

// arm gives a pending launch the link that the server made.
func (p *proofs) arm(nonce string, link workbench.Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waiting := p.pending[nonce]; waiting != nil {
		waiting.link = link
	}
}

// forget ends a pending launch; with the last one the port is given back. An answer
// that is on its way still arrives: closing a listener leaves its connections alone.
func (p *proofs) forget(nonce string) {
	p.take(nonce)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 && p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
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

// close ends every pending launch, for good.
func (p *proofs) close() {
	p.mu.Lock()
	for _, waiting := range p.pending {
		waiting.timer.Stop()
	}
	p.pending = map[string]*proof{}
	p.mu.Unlock()
	_ = p.server.Close()
	p.serving.Wait()
}

// ServeHTTP answers GET /launch/{nonce}?challenge=… by sending the browser back to the
// link's /proof with HMAC-SHA256(key, launch id + "." + challenge). Whatever is not
// exactly that gets 404: a name that was pointed at this computer (Host), another
// user's process (samePerson), a second try.
func (p *proofs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	here, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	nonce, found := strings.CutPrefix(r.URL.Path, "/launch/")
	challenge := r.URL.Query().Get("challenge")
	if here == nil || r.Host != here.String() || r.Method != http.MethodGet || !found || len(challenge) != challengeLength {
		http.NotFound(w, r)
		return
	}
	if err := samePerson(r.RemoteAddr, here.Port); err != nil {
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
	http.Redirect(w, r, proofAddress(link, challenge), http.StatusSeeOther)
}

// proofAddress is where the server takes the proof.
func proofAddress(link workbench.Link, challenge string) string {
	mac := hmac.New(sha256.New, []byte(link.Key.Reveal()))
	mac.Write([]byte(link.ID + "." + challenge))
	proof := auth.NewSecret(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
	return link.URL.Reveal() + "/proof?" + url.Values{"proof": {proof.Reveal()}}.Encode()
}
