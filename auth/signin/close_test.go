package signin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// slowBrowser takes its time to read what is sent.
type slowBrowser struct {
	*httptest.ResponseRecorder
	during func()
}

func (b slowBrowser) Flush() {
	b.during()
	b.ResponseRecorder.Flush()
}

// TestShownOnceItIsSent does not let Close go on before the last page has left, nor Linger
// before the browser was sent on.
func TestShownOnceItIsSent(t *testing.T) {
	l, err := Listen(connector.Redirect{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(0) })
	l.Finish(Outcome{
		Err:    auth.SignInTimeout,
		Switch: func(context.Context) (string, error) { return "https://sso.acme.example/", nil },
	})
	for path, event := range map[string]chan struct{}{l.page: l.shown, l.page + "?" + switchQuery: l.switched} {
		browser := slowBrowser{httptest.NewRecorder(), func() {
			select {
			case <-event:
				t.Errorf("%s is said to be sent before it was", path)
			default:
			}
		}}
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = l.host
		l.ServeHTTP(browser, r)
		if !browser.Flushed {
			t.Errorf("%s was not sent", path)
		}
		select {
		case <-event:
		default:
			t.Errorf("nobody is told that %s was sent", path)
		}
		if got := browser.Header().Get("Content-Length"); event == l.shown && got != strconv.Itoa(browser.Body.Len()) {
			t.Errorf("a page of %d bytes says that it has %s", browser.Body.Len(), got)
		}
	}
}

// TestCloseEndsWhatIsAsked returns when nothing runs any more, also where the offer of another
// account is just being taken.
func TestCloseEndsWhatIsAsked(t *testing.T) {
	l, err := Listen(connector.Redirect{})
	if err != nil {
		t.Fatal(err)
	}
	asked, cut, goOn := make(chan struct{}), make(chan struct{}), make(chan struct{})
	l.Finish(Outcome{Err: auth.SignInTimeout, Switch: func(ctx context.Context) (string, error) {
		close(asked)
		<-ctx.Done()
		close(cut)
		<-goOn
		return "", ctx.Err()
	}})
	browser := make(chan struct{})
	go func() {
		defer close(browser)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if res, err := client.Get("http://" + l.host + l.page + "?" + switchQuery); err == nil {
			res.Body.Close()
		}
	}()
	<-asked
	closed := make(chan struct{})
	go func() { l.Close(0); close(closed) }()
	<-cut
	select {
	case <-closed:
		t.Error("Close returned while a request was served")
	case <-time.After(250 * time.Millisecond): // in which one that waits for nothing returns
	}
	close(goOn)
	<-closed
	<-browser
}

// TestSeen returns at once where no browser came back, and else when it got the page or
// there is no time left for that.
func TestSeen(t *testing.T) {
	l, err := Listen(connector.Redirect{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(0) })
	l.Seen(t.Context())
	l.mu.Lock()
	l.phase = answered
	l.mu.Unlock()
	over, end := context.WithCancel(t.Context())
	end()
	l.Seen(over)
	l.Finish(Outcome{})
	seen := make(chan struct{})
	go func() { l.Seen(t.Context()); close(seen) }()
	select {
	case <-seen:
		t.Error("the page was seen before anybody got it")
	case <-time.After(250 * time.Millisecond): // in which one that waits for nothing returns
	}
	r := httptest.NewRequest(http.MethodGet, l.page, nil)
	r.Host = l.host
	l.ServeHTTP(httptest.NewRecorder(), r)
	<-seen
}
