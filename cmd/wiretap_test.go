//go:build linux

package cmd_test

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wiretap notes every secret that passes through the services it is laid on.
type wiretap struct {
	mu      sync.Mutex
	secrets map[string]string // value → kind
	trades  []url.Values      // the forms that traded a code for tokens
}

func newWiretap() *wiretap { return &wiretap{secrets: map[string]string{}} }

// secretNames are the parameters, hidden fields and JSON members that are secret.
var secretNames = []string{
	"code", "code_verifier", "access_token", "refresh_token", "id_token", "id_token_hint",
	"client_secret", "password", "proof", "token", "key",
}

const launchLink = "launch link"

// opening is a cookie that is no secret: it names what My apps asks about, which it does
// for the person whose session comes with it, and nothing more.
const opening = "lanyard-opened"

// note keeps a value; what is shorter than eight letters would be found anywhere.
func (t *wiretap) note(kind, value string) {
	if len(value) < 8 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.secrets[value] = kind
}

func (t *wiretap) noteValues(values url.Values) {
	for _, name := range secretNames {
		for _, value := range values[name] {
			t.note(name, value)
		}
	}
}

var launchPath = regexp.MustCompile(`/e/[0-9a-f]+/launch/([A-Za-z0-9_-]{20,})`)

func (t *wiretap) noteAddress(address string) {
	for _, m := range launchPath.FindAllStringSubmatch(address, -1) {
		t.note(launchLink, m[1])
	}
	if u, err := url.Parse(address); err == nil {
		t.noteValues(u.Query())
	}
}

// tap lays the wire on a service.
func (t *wiretap) tap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := &copied{ResponseWriter: w}
		t.request(r, string(body))
		next.ServeHTTP(answer, r)
		t.answer(answer.Header(), answer.body.Bytes())
	})
}

func (t *wiretap) request(r *http.Request, body string) {
	t.noteAddress(r.URL.String())
	t.noteCookies(r.Cookies())
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		t.note("access_token", token)
	}
	if _, secret, ok := r.BasicAuth(); ok {
		t.note("client_secret", secret)
	}
	if form, err := url.ParseQuery(body); err == nil {
		t.noteValues(form)
		if form.Has("code_verifier") {
			t.mu.Lock()
			t.trades = append(t.trades, form)
			t.mu.Unlock()
		}
	}
}

func (t *wiretap) noteCookies(cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.Name != opening {
			t.note("cookie "+c.Name, c.Value)
		}
	}
}

func (t *wiretap) answer(h http.Header, body []byte) {
	t.noteAddress(h.Get("Location"))
	t.noteCookies((&http.Response{Header: h}).Cookies())
	switch {
	case strings.HasPrefix(h.Get("Content-Type"), "application/json"):
		var members map[string]any
		if json.Unmarshal(body, &members) != nil {
			return
		}
		for name, value := range members {
			text, _ := value.(string)
			if slices.Contains(secretNames, name) {
				t.note(name, text)
			}
			t.noteAddress(text)
		}
	case strings.HasPrefix(h.Get("Content-Type"), "text/html"):
		for _, in := range formInput.FindAllStringSubmatch(string(body), -1) {
			if name := html.UnescapeString(in[1]); slices.Contains(secretNames, name) {
				t.note(name, html.UnescapeString(in[2]))
			}
		}
	}
}

// copied keeps what is answered.
type copied struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (c *copied) Write(data []byte) (int, error) {
	c.body.Write(data)
	return c.ResponseWriter.Write(data)
}

// kinds returns how many secrets of each kind passed.
func (t *wiretap) kinds() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	kinds := map[string]int{}
	for _, kind := range t.secrets {
		kinds[kind]++
	}
	return kinds
}

// search reports every secret in text, but for kinds that may be there. Half a secret
// is one too: of a long one the second half of its last part is looked for, since
// signed tokens begin alike.
func (t *wiretap) search(tb testing.TB, place, text string, allowed ...string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for secret, kind := range t.secrets {
		if slices.Contains(allowed, kind) {
			continue
		}
		part := secret[strings.LastIndexByte(secret, '.')+1:]
		if len(part) >= 32 {
			part = part[len(part)/2:]
		}
		if i := strings.Index(text, part); i >= 0 {
			tb.Errorf("%s: holds a secret of kind %q:\n%s", place, kind, text[max(0, i-200):min(len(text), i+len(part)+50)])
		}
	}
}

// argumentLists collects the argument lists of all processes until the test stops it, as
// anybody on the computer can by ps.
func argumentLists(t testing.TB) (stop func() string) {
	t.Helper()
	seen := map[string]bool{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(4 * time.Millisecond); ; {
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, file := range files {
				if data, err := os.ReadFile(file); err == nil {
					seen[string(bytes.ReplaceAll(data, []byte{0}, []byte{' '}))] = true
				}
			}
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
	return func() string {
		close(done)
		<-ended
		var all strings.Builder
		for line := range seen {
			all.WriteString(line + "\n")
		}
		return all.String()
	}
}
