package broker_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"lanyard/auth/server"
)

// farewells is an app's address for messages that a session has ended.
type farewells struct {
	*httptest.Server
	w      *world
	tokens chan string
	status chan int // the next answers; 200 where there is none
}

// newFarewells makes notes want to be told, and has the messages sent.
func newFarewells(t *testing.T, w *world) *farewells {
	t.Helper()
	f := &farewells{w: w, tokens: make(chan string, 100), status: make(chan int, 100)}
	f.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("farewell by %s, %s", r.Method, r.Header.Get("Content-Type"))
		}
		select {
		case status := <-f.status:
			rw.WriteHeader(status)
		default:
		}
		f.tokens <- r.PostFormValue("logout_token")
	}))
	t.Cleanup(f.Close)
	c, err := w.Store.Client(context.Background(), acme, "notes")
	must(t, err)
	c.Farewell = f.URL + "/farewell?x=y"
	must(t, w.Store.SaveClient(context.Background(), c))
	w.Store.OnFarewell = w.broker.WakeFarewells
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.broker.SendFarewells(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return f
}

// next waits for a message and verifies it as an independent library does.
func (f *farewells) next(t *testing.T) *oidc.LogoutToken {
	t.Helper()
	select {
	case raw := <-f.tokens:
		ctx := context.Background()
		provider, err := oidc.NewProvider(ctx, f.w.issuer())
		must(t, err)
		token, err := provider.VerifierContext(ctx, &oidc.Config{
			ClientID: "notes", SupportedSigningAlgs: []string{"ES256"}, Now: f.w.Now,
		}).VerifyLogout(ctx, raw)
		must(t, err)
		if head := strings.SplitN(raw, ".", 2)[0]; !strings.Contains(decode(t, head), `"typ":"logout+jwt"`) {
			t.Errorf("header %s", decode(t, head))
		}
		return token
	case <-time.After(time.Minute):
		t.Fatal("no farewell came")
		return nil
	}
}

func (f *farewells) none(t *testing.T) {
	t.Helper()
	left, err := f.w.Store.NextFarewell(context.Background())
	must(t, err)
	if len(f.tokens) > 0 || !left.IsZero() {
		t.Errorf("%d more messages came, the next is due at %v", len(f.tokens), left)
	}
}

// settled waits until the last message has been settled.
func (f *farewells) settled(t *testing.T) time.Time {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		next, err := f.w.Store.NextFarewell(context.Background())
		must(t, err)
		// While it is claimed it is put off by a minute exactly.
		if next.IsZero() || !next.Equal(f.w.Now().Add(time.Minute)) {
			return next
		}
		if time.Now().After(deadline) {
			t.Fatal("the message was never settled")
		}
		time.Sleep(time.Millisecond) // another goroutine's database write has no event
	}
}

// Whatever ends a session tells the app that got tokens under it.
func TestFarewells(t *testing.T) {
	w := newWorld(t)
	f := newFarewells(t, w)
	ctx := context.Background()
	for _, c := range []struct {
		what string
		end  func(b *browser, p server.Person, app, desktop answer)
	}{
		{"sign-out in the app", func(b *browser, _ server.Person, app, _ answer) {
			b.Get(w.issuer() + "/end-session?id_token_hint=" + app.ID)
		}},
		{"sign-out on our page", func(b *browser, _ server.Person, _, _ answer) {
			b.Post(w.issuer()+"/end-session", hidden(b.Get(w.issuer()+"/end-session")))
		}},
		{"sign-out by the desktop", func(b *browser, _ server.Person, _, desktop answer) {
			b.Get(w.issuer() + "/end-session?id_token_hint=" + desktop.ID)
		}},
		{"access ended by an admin", func(_ *browser, p server.Person, _, _ answer) {
			must(t, w.Store.EndPerson(ctx, acme, p.ID, w.Now()))
		}},
		{"left the company", func(_ *browser, p server.Person, _, _ answer) {
			must(t, w.Store.LeavePerson(ctx, acme, p.ID, w.Now()))
		}},
		{"signed out everywhere", func(_ *browser, p server.Person, _, _ answer) {
			must(t, w.Store.EndSessionsOf(ctx, acme, p.ID, w.Now()))
		}},
	} {
		zhang := w.person(acme, "张三"+c.what)
		b := w.browser()
		b.SignIn(zhang)
		desktop := w.token(redeemDesktop(b.desktopCode(askDesktop())))
		app := w.token(redeem(b.code(ask())))
		b.code(ask("client_id", "handbook", "redirect_uri", "https://handbook.example/cb")) // never redeemed, never told
		c.end(b, zhang, app, desktop)
		token := f.next(t)
		if token.Subject != zhang.ID || token.SessionID != b.Session.ID || token.SessionID != app.claims(t)["sid"] || token.TokenID == "" {
			t.Errorf("%s: token %+v, want session %s", c.what, token, b.Session.ID)
		}
		f.settled(t)
		f.none(t)
	}
}

// A desktop that gives its tokens back ends what was launched from it.
func TestFarewellOfWhatWasLaunched(t *testing.T) {
	w := newWorld(t)
	f := newFarewells(t, w)
	zhang := w.person(acme, "张三")
	desktop := w.desktop(zhang)
	b := w.browser()
	b.SignIn(zhang)
	b.Session.Parent, _ = desktop.claims(t)["sid"].(string)
	must(t, w.Store.SaveSession(context.Background(), b.Session))
	w.token(redeem(b.code(ask())))
	if p := w.browser().Post(w.issuer()+"/revoke", url.Values{"token": {desktop.Refresh}, "client_id": {"lanyard"}}); p.Status != http.StatusOK {
		t.Fatalf("revoke: %d", p.Status)
	}
	if token := f.next(t); token.SessionID != b.Session.ID {
		t.Errorf("token %+v", token)
	}
}

// An app that does not answer is asked again, with a token of its own each time, until a
// day has passed.
func TestFarewellIsSentAgain(t *testing.T) {
	w := newWorld(t)
	f := newFarewells(t, w)
	signOut := func() {
		b := w.browser()
		b.SignIn(w.person(acme, "张三"))
		app := w.token(redeem(b.code(ask())))
		b.Get(w.issuer() + "/end-session?id_token_hint=" + app.ID)
	}
	for _, status := range []int{500, 400, 302} {
		f.status <- status
	}
	signOut()
	seen := map[string]bool{}
	for range 4 {
		token := f.next(t)
		if seen[token.TokenID] || token.IssuedAt.Before(w.Now()) {
			t.Errorf("sent again: %+v at %v", token, w.Now())
		}
		seen[token.TokenID] = true
		if next := f.settled(t); !next.IsZero() {
			w.Advance(next.Sub(w.Now()))
			w.broker.WakeFarewells()
		}
	}
	f.none(t)

	tries := 0
	for range 100 {
		f.status <- 503
	}
	signOut()
	start := w.Now()
	for {
		f.next(t)
		tries++
		next := f.settled(t)
		if next.IsZero() {
			break
		}
		w.Advance(next.Sub(w.Now()))
		w.broker.WakeFarewells()
	}
	if age := w.Now().Sub(start); age > 24*time.Hour || age < 12*time.Hour || tries < 8 {
		t.Errorf("given up after %v and %d tries", age, tries)
	}
}

// An app that is no more, or wants to be told no more, is not.
func TestFarewellToNobody(t *testing.T) {
	w := newWorld(t)
	f := newFarewells(t, w)
	f.status <- 500
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	app := w.token(redeem(b.code(ask())))
	b.Get(w.issuer() + "/end-session?id_token_hint=" + app.ID)
	f.next(t)
	next := f.settled(t)
	must(t, w.Store.DeleteClient(context.Background(), acme, "notes"))
	w.Advance(next.Sub(w.Now()))
	w.broker.WakeFarewells()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if left, err := w.Store.NextFarewell(context.Background()); err != nil || left.IsZero() || time.Now().After(deadline) {
			break
		}
	}
	f.none(t)
}

// What was written while nobody sent, or by an instance that is no more, is sent at the
// start; and while nothing is due, the database is left alone.
func TestFarewellsAtStart(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c, err := w.Store.Client(ctx, acme, "notes")
	must(t, err)
	c.Farewell = "https://notes.example/farewell"
	must(t, w.Store.SaveClient(ctx, c))
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.token(redeem(b.code(ask())))
	must(t, w.Store.EndSession(ctx, acme, b.Session.ID, w.Now()))
	f := newFarewells(t, w)
	if token := f.next(t); token.SessionID != b.Session.ID {
		t.Errorf("token %+v", token)
	}
}

// A logout token is signed by the key of id_tokens, and is none.
func TestLogoutTokenIsNoHint(t *testing.T) {
	w := newWorld(t)
	f := newFarewells(t, w)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	w.token(redeem(b.code(ask())))
	must(t, w.Store.EndSession(context.Background(), acme, b.Session.ID, w.Now()))
	raw := <-f.tokens
	if strings.Contains(decode(t, strings.Split(raw, ".")[1]), "nonce") {
		t.Error("a logout token has a nonce")
	}
	if p := b.Get(w.issuer() + "/end-session?id_token_hint=" + raw); !strings.HasPrefix(p.Body, "page: request_invalid") {
		t.Errorf("as a hint at end-session: %d %s", p.Status, p.Body)
	}
	if q := location(b.Get(w.authorizeURL(ask("id_token_hint", raw)))).Query(); q.Get("error") != "invalid_request" {
		t.Errorf("as a hint at authorize: %v", q)
	}
	if strings.Contains(w.Log.String(), raw) {
		t.Error("the log holds the token")
	}
}

// decode reads one part of a token.
func decode(t *testing.T, part string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	must(t, err)
	return string(text)
}
