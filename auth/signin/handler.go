package signin

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"lanyard/auth"
	"lanyard/auth/words"
)

const (
	// patience is how long the page waits for the outcome before it shows itself.
	patience = 2 * time.Second
	// early is how long a callback waits that comes before Wait was called.
	early = 5 * time.Second
	// switchQuery is what the page's address is asked with for another account.
	switchQuery = "switch"
)

// ServeHTTP answers the callback and the page afterwards; all else is 404. The Host
// header must be the one we gave out: a page from elsewhere whose name was made to
// point here (DNS rebinding) has another.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", contentPolicy())
	switch path := r.URL.EscapedPath(); {
	case r.Host != l.host:
		w.WriteHeader(http.StatusNotFound)
	case path == l.path:
		l.serveCallback(w, r)
	case path == l.page && r.Method == http.MethodGet && r.URL.RawQuery == switchQuery:
		l.serveSwitch(w, r)
	case path == l.page && r.Method == http.MethodGet:
		l.servePage(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (l *Listener) serveCallback(w http.ResponseWriter, r *http.Request) {
	q, ok := parameters(w, r)
	if !ok || q.Get("state") == "" || !l.await(r, l.armed, early) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	l.mu.Lock()
	verdict, a := judge(q, l.state, l.issuer)
	inTime := l.phase == waiting
	switch {
	case verdict == ours && inTime:
		l.phase = answered
		l.won <- a // has room for one, and there is only one
	case verdict == wrongIssuer:
		l.refused = true
	}
	l.mu.Unlock()

	lang := words.Match(r.Header.Get("Accept-Language"))
	switch {
	case verdict == junk:
		w.WriteHeader(http.StatusNotFound)
	case !inTime:
		write(w, http.StatusGone, failurePage(auth.SignInStale, Outcome{}, lang))
	case verdict == wrongIssuer:
		write(w, http.StatusBadRequest,
			failurePage(auth.Fail(auth.TokenInvalid, auth.Args{"check": "iss"}, nil), Outcome{}, lang))
	default:
		spare(r.Context())
		// The code must not stay in the history, nor in the address bar.
		http.Redirect(w, r, l.page, http.StatusSeeOther)
	}
}

// servePage shows how the sign-in ended. Until that is known it shows a page that
// asks again by itself.
func (l *Listener) servePage(w http.ResponseWriter, r *http.Request) {
	spare(r.Context())
	lang := words.Match(r.Header.Get("Accept-Language"))
	if !l.await(r, l.finished, patience) {
		write(w, http.StatusOK, waitingPage(lang))
		return
	}
	l.mu.Lock()
	o := l.outcome
	leave := o.Err == nil && isWeb(o.Next) && !l.left // a launch link is good for once
	l.left = l.left || leave
	l.mu.Unlock()
	if o.Lang != "" {
		lang = words.Match(o.Lang)
	}
	switch {
	case leave:
		// Not by a redirect: where the answer came as a form, Chromium holds every
		// redirect after it against the form-action of the page that sent it.
		w.Header().Set("Refresh", "0; url="+o.Next)
		write(w, http.StatusOK, successPage(o, lang))
	case o.Err != nil:
		write(w, http.StatusOK, failurePage(o.Err, o, lang))
	default:
		write(w, http.StatusOK, successPage(o, lang))
	}
	l.sent(w, l.shown)
}

// serveSwitch sends the tab on to sign in with another account, as the page offered. It
// follows a link and not a form, whose way would end at the page's form-action.
func (l *Listener) serveSwitch(w http.ResponseWriter, r *http.Request) {
	spare(r.Context())
	lang := words.Match(r.Header.Get("Accept-Language"))
	l.mu.Lock()
	o := l.outcome
	l.mu.Unlock()
	if o.Switch == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if o.Lang != "" {
		lang = words.Match(o.Lang)
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	address, err := o.Switch(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		write(w, http.StatusOK, waitingPage(lang)) // asks again by itself
		return
	case err != nil:
		write(w, http.StatusOK, failurePage(err, Outcome{Enterprise: o.Enterprise}, lang))
	default:
		http.Redirect(w, r, address, http.StatusSeeOther)
	}
	l.sent(w, l.switched)
}

// sent closes a channel of l's, which several requests may do, once the answer has left: Close
// goes on by it and leaves the connections a second.
func (l *Listener) sent(w http.ResponseWriter, event chan struct{}) {
	_ = http.NewResponseController(w).Flush() // fails for a browser that has gone
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-event:
	default:
		close(event)
	}
}

// await waits for an event, at most for limit or as long as the browser waits.
func (l *Listener) await(r *http.Request, event <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-event:
		return true
	case <-timer.C:
	case <-r.Context().Done():
	}
	return false
}

func write(w http.ResponseWriter, status int, page string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page))) // whole, once it is flushed
	w.WriteHeader(status)
	_, _ = io.WriteString(w, page) //nolint:gosec // G705: page.text escapes whatever came from outside
}
