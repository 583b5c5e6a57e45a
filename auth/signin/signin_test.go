package signin_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/signin"
)

const state = "5f0c1e6b7a5f0c1e6b7a5f0c1e6b7a5f0c1e6b7a5f0c1e6b7a5f0c1e6b7a0001"

// result is what Wait returned.
type result struct {
	code auth.Secret
	err  error
}

// attempt is a listener that waits for a callback with our state.
type attempt struct {
	*signin.Listener
	done   chan result
	cancel context.CancelFunc
	// expire ends the time that there was.
	expire func()
}

func start(t *testing.T, r connector.Redirect, issuer string) *attempt {
	t.Helper()
	l, err := signin.Listen(r)
	if err != nil {
		t.Fatal(err)
	}
	limit, expire := authtest.Timed(t.Context())
	ctx, cancel := context.WithCancel(limit)
	a := &attempt{Listener: l, done: make(chan result, 1), cancel: cancel, expire: expire}
	go func() {
		code, err := l.Wait(ctx, openid.Request{State: auth.NewSecret(state)}, issuer)
		a.done <- result{code, err}
	}()
	t.Cleanup(func() {
		cancel()
		l.Close(0)
	})
	return a
}

// outcome returns what Wait returned.
func (a *attempt) outcome(t *testing.T) result {
	t.Helper()
	select {
	case r := <-a.done:
		return r
	case <-time.After(time.Minute):
		t.Fatal("the wait did not end")
		return result{}
	}
}

// stillWaits completes the sign-in and fails the test if something had ended it before.
func (a *attempt) stillWaits(t *testing.T) {
	t.Helper()
	select {
	case r := <-a.done:
		t.Fatalf("the wait has ended: %v", r.err)
	default:
	}
	if got := get(t, a.RedirectURI()+"?"+good().Encode()).StatusCode; got != http.StatusSeeOther {
		t.Fatalf("the real callback got %d, want 303", got)
	}
	if r := a.outcome(t); r.err != nil || r.code.Reveal() != "the-code" {
		t.Fatalf("Wait returned %q, %v; want the code", r.code.Reveal(), r.err)
	}
}

// good are the parameters of the callback that is waited for.
func good() url.Values { return url.Values{"state": {state}, "code": {"the-code"}} }

// with returns the good parameters, changed.
func with(pairs ...string) url.Values {
	q := good()
	for i := 0; i < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// answered is an HTTP answer with its body read.
type answered struct {
	*http.Response
	body string
}

func send(t *testing.T, req *http.Request) answered {
	t.Helper()
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{res, string(body)}
}

func request(t *testing.T, method, address, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func get(t *testing.T, address string) answered {
	t.Helper()
	return send(t, request(t, http.MethodGet, address, ""))
}

func TestSignInAtAProvider(t *testing.T) {
	for _, formPost := range []bool{false, true} {
		name := map[bool]string{false: "query", true: "form_post"}[formPost]
		t.Run(name, func(t *testing.T) {
			idp := authtest.NewProvider(t, authtest.Faults{})
			client := openid.Client{HTTP: http.DefaultClient}
			t.Cleanup(http.DefaultClient.CloseIdleConnections)
			provider, err := client.Discover(t.Context(), &connector.Connector{
				Kind: connector.KindOIDC, OIDC: &connector.OIDC{Issuer: idp.Issuer, ClientID: authtest.ClientID},
			})
			if err != nil {
				t.Fatal(err)
			}
			l, err := signin.Listen(connector.Redirect{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close(0) })
			req := provider.AuthorizeRequest(l.RedirectURI(), openid.Options{FormPost: formPost})

			browser, pages := authtest.NewVisitor(t), make(chan authtest.Page, 1)
			go func() { pages <- browser.Visit(t, req.URL) }()
			code, err := l.Wait(t.Context(), req, provider.Issuer)
			if err != nil {
				t.Fatal(err)
			}
			tokens, who, err := provider.Exchange(t.Context(), req, code)
			if err != nil {
				t.Fatal(err)
			}
			if who.Name != "张三" || who.Issuer != idp.Issuer || tokens.Refresh.IsZero() {
				t.Errorf("signed in as %+v with %v", who, tokens.LogValue())
			}
			l.Finish(signin.Outcome{Identity: who, Kept: true, Lang: "zh"})
			page := <-pages
			for strings.Contains(page.Body, `http-equiv="refresh"`) { // it came before the outcome, and asks again
				page = browser.Visit(t, page.URL.String())
			}
			if !strings.Contains(page.Body, "张三，你已登录。") {
				t.Errorf("the page says %s", page.Body)
			}
			if page.URL.RawQuery != "" || strings.Contains(page.URL.String(), code.Reveal()) {
				t.Errorf("the address bar still holds %s", page.URL)
			}
		})
	}
}

func TestWhatTheProviderAnswers(t *testing.T) {
	tests := map[string]struct {
		params url.Values
		fault  auth.Fault
		reason string
	}{
		"denied":             {with("code", "", "error", "access_denied", "error_description", "not in group Staff"), auth.SignInDenied, "not in group Staff"},
		"wrong company":      {with("code", "", "error", "access_denied", "error_description", "sign_in_wrong_company"), auth.SignInWrongCompany, ""},
		"denied, no words":   {with("code", "", "error", "access_denied"), auth.SignInDenied, ""},
		"another no":         {with("code", "", "error", "consent_required"), auth.SignInDenied, "consent_required"},
		"error beats code":   {with("error", "access_denied"), auth.SignInDenied, ""},
		"provider at fault":  {with("code", "", "error", "server_error"), auth.ProviderFailed, ""},
		"request not valid":  {with("code", "", "error", "invalid_scope", "error_description", "no such scope"), auth.ProviderFailed, "no such scope"},
		"the code, as usual": {good(), "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := start(t, connector.Redirect{}, "")
			if got := get(t, a.RedirectURI()+"?"+test.params.Encode()).StatusCode; got != http.StatusSeeOther {
				t.Errorf("answered %d, want 303", got)
			}
			r := a.outcome(t)
			if test.fault == "" {
				if r.err != nil || r.code.Reveal() != "the-code" {
					t.Errorf("got %q, %v; want the code", r.code.Reveal(), r.err)
				}
				return
			}
			fault, args := auth.FaultOf(r.err)
			if fault != test.fault || args["reason"] != test.reason || !r.code.IsZero() {
				t.Errorf("got %s with reason %q and code %q, want %s with %q", fault, args["reason"], r.code.Reveal(), test.fault, test.reason)
			}
			if test.reason != "" && fault == auth.SignInDenied && strings.Contains(r.err.Error(), test.reason) {
				t.Errorf("the error %q quotes the provider", r.err)
			}
		})
	}
}

func TestWhatIsNotAnAnswerIsNotFoundAndTheWaitGoesOn(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	tests := map[string]func(req *http.Request){
		"no state":              query(with("state", "")),
		"wrong state":           query(with("state", strings.Repeat("0", 64))),
		"state cut short":       query(with("state", state[:63])),
		"state and more":        query(with("state", state+"0")),
		"state in capitals":     query(with("state", strings.ToUpper(state))),
		"forged error":          query(with("code", "", "state", "", "error", "access_denied")),
		"forged error, state":   query(with("code", "", "state", "guess", "error", "access_denied")),
		"neither code nor no":   query(with("code", "")),
		"state twice":           query(url.Values{"state": {state, state}, "code": {"x"}}),
		"state, then a wrong":   query(url.Values{"state": {state, "x"}, "code": {"x"}}),
		"code twice":            query(url.Values{"state": {state}, "code": {"x", "y"}}),
		"broken escape":         func(req *http.Request) { req.URL.RawQuery = good().Encode() + "&x=%zz" },
		"semicolons":            func(req *http.Request) { req.URL.RawQuery = "state=" + state + ";code=x" },
		"another path":          func(req *http.Request) { req.URL.Path = "/callback/x" },
		"path and slash":        func(req *http.Request) { req.URL.Path = "/callback/" },
		"root":                  func(req *http.Request) { req.URL.Path = "/" },
		"favicon":               func(req *http.Request) { req.URL.Path = "/favicon.ico" },
		"path in capitals":      func(req *http.Request) { req.URL.Path = "/CALLBACK" },
		"path, escaped":         func(req *http.Request) { req.URL.Opaque = "/call%62ack" },
		"path with dots":        func(req *http.Request) { req.URL.Opaque = "/x/../callback" },
		"page of another run":   func(req *http.Request) { req.URL.Path = "/signed-in/" + auth.RandomToken() },
		"another host":          func(req *http.Request) { req.Host = "evil.example" },
		"rebound host":          func(req *http.Request) { req.Host = "evil.example:" + req.URL.Port() },
		"localhost instead":     func(req *http.Request) { req.Host = "localhost:" + req.URL.Port() },
		"host without port":     func(req *http.Request) { req.Host = "127.0.0.1" },
		"HEAD":                  func(req *http.Request) { req.Method = http.MethodHead },
		"PUT":                   func(req *http.Request) { req.Method = http.MethodPut },
		"OPTIONS":               func(req *http.Request) { req.Method = http.MethodOptions },
		"POST with the query":   func(req *http.Request) { req.Method = http.MethodPost },
		"POST of another state": post("application/x-www-form-urlencoded", with("state", "x").Encode()),
		"POST of JSON":          post("application/json", `{"state":"`+state+`","code":"x"}`),
		"POST of text":          post("text/plain", good().Encode()),
		"POST without type":     post("", good().Encode()),
		"POST too long":         post("application/x-www-form-urlencoded", with("pad", long).Encode()),
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			a := start(t, connector.Redirect{}, "")
			req := request(t, http.MethodGet, a.RedirectURI()+"?"+good().Encode(), "")
			change(req)
			if got := send(t, req); got.StatusCode != http.StatusNotFound || got.body != "" {
				t.Errorf("answered %d %q, want an empty 404", got.StatusCode, got.body)
			}
			a.stillWaits(t)
		})
	}
}

func query(q url.Values) func(*http.Request) {
	return func(req *http.Request) { req.URL.RawQuery = q.Encode() }
}

func post(kind, body string) func(*http.Request) {
	return func(req *http.Request) {
		req.Method, req.URL.RawQuery = http.MethodPost, ""
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		req.Header.Set("Content-Type", kind)
	}
}

func TestJunkDoesNotStarveTheCallback(t *testing.T) {
	a := start(t, connector.Redirect{}, "")
	u, err := url.Parse(a.RedirectURI())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 { // connections that only hold on: half of them begin a request
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			_, _ = io.WriteString(conn, "GET /callback HTTP/1.1\r\n")
		}
	}
	for i := range 150 {
		junk := []string{"?code=x&state=guess", "?error=access_denied", "", "?state=" + state[:i%64]}[i%4]
		if got := get(t, a.RedirectURI()+junk).StatusCode; got != http.StatusNotFound {
			t.Fatalf("junk %d got %d, want 404", i, got)
		}
	}
	a.stillWaits(t)
}

func TestOneWinner(t *testing.T) {
	a := start(t, connector.Redirect{}, "")
	first := get(t, a.RedirectURI()+"?"+good().Encode())
	second := get(t, a.RedirectURI()+"?"+with("code", "another").Encode())
	if first.StatusCode != http.StatusSeeOther || second.StatusCode != http.StatusGone {
		t.Errorf("answered %d and %d, want 303 and 410", first.StatusCode, second.StatusCode)
	}
	if !strings.Contains(second.body, "This sign-in has ended.") || !strings.Contains(second.body, "Start again from the icon.") {
		t.Errorf("the late page says %s", second.body)
	}
	if r := a.outcome(t); r.err != nil || r.code.Reveal() != "the-code" {
		t.Errorf("Wait returned %q, %v; want the first code", r.code.Reveal(), r.err)
	}
	if _, err := a.Wait(t.Context(), openid.Request{State: auth.NewSecret(state)}, ""); !errors.Is(err, auth.SignInStale) {
		t.Errorf("a second Wait returned %v, want sign_in_stale", err)
	}
}

func TestIssuerOfTheAnswer(t *testing.T) {
	const issuer = "https://sso.acme.example"
	for _, wrong := range []url.Values{
		good(), with("iss", "https://evil.example"), with("iss", issuer+"/"),
		with("code", "", "error", "access_denied", "iss", "https://evil.example"),
	} {
		a := start(t, connector.Redirect{}, issuer)
		refused := get(t, a.RedirectURI()+"?"+wrong.Encode())
		if refused.StatusCode != http.StatusBadRequest || !strings.Contains(refused.body, "failed a safety check") {
			t.Errorf("iss %q got %d %s", wrong["iss"], refused.StatusCode, refused.body)
		}
		if got := get(t, a.RedirectURI()+"?"+with("iss", issuer).Encode()).StatusCode; got != http.StatusSeeOther {
			t.Errorf("the right iss got %d, want 303", got)
		}
		if r := a.outcome(t); r.err != nil || r.code.Reveal() != "the-code" {
			t.Errorf("Wait returned %q, %v; want the code", r.code.Reveal(), r.err)
		}
	}

	a := start(t, connector.Redirect{}, issuer)
	get(t, a.RedirectURI()+"?"+good().Encode())
	a.expire()
	if fault, args := auth.FaultOf(a.outcome(t).err); fault != auth.TokenInvalid || args["check"] != "iss" {
		t.Errorf("only a wrong iss came: %s %v, want token_invalid by iss", fault, args)
	}
}

func TestWaitEnds(t *testing.T) {
	late := start(t, connector.Redirect{}, "")
	late.expire()
	if err := late.outcome(t).err; !errors.Is(err, auth.SignInTimeout) || !errors.Is(err, auth.ErrCanceled) {
		t.Errorf("after its time: %v, want sign_in_timeout", err)
	}
	if got := get(t, late.RedirectURI()+"?"+good().Encode()); got.StatusCode != http.StatusGone {
		t.Errorf("a callback after its time got %d, want 410", got.StatusCode)
	}
	canceled := start(t, connector.Redirect{}, "")
	canceled.cancel()
	if err := canceled.outcome(t).err; !errors.Is(err, auth.SignInCanceled) {
		t.Errorf("after cancel: %v, want sign_in_canceled", err)
	}
}

func TestCallbackBeforeWait(t *testing.T) {
	l, err := signin.Listen(connector.Redirect{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(0) })
	status := make(chan int, 1)
	go func() { status <- get(t, l.RedirectURI()+"?"+good().Encode()).StatusCode }()
	time.Sleep(50 * time.Millisecond) // the browser is quicker than we are
	code, err := l.Wait(t.Context(), openid.Request{State: auth.NewSecret(state)}, "")
	if err != nil || code.Reveal() != "the-code" {
		t.Errorf("Wait returned %q, %v; want the code", code.Reveal(), err)
	}
	if got := <-status; got != http.StatusSeeOther {
		t.Errorf("the early callback got %d, want 303", got)
	}
}
