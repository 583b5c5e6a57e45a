package broker_test

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A cookie alone never signs a desktop in: whoever made the request, a person sees it.
func TestDesktopIsNeverSilent(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for _, v := range []url.Values{askDesktop(), askDesktop("prompt", "consent"), askDesktop("response_mode", "form_post"), askDesktop("max_age", "99999")} {
		p := b.Get(w.authorizeURL(v))
		if p.Status != http.StatusOK || p.Location() != "" || strings.Contains(p.Body, `name="code"`) || !strings.Contains(p.Body, "张三") {
			t.Errorf("%v: status %d, location %q", v, p.Status, p.Location())
		}
	}
}

func TestDesktopPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, `<b>张三`))
	p := b.Do("GET", w.authorizeURL(askDesktop()), "", http.Header{"Accept-Language": {"zh-CN,zh;q=0.9"}})
	for _, want := range []string{"以 &lt;b&gt;张三 的身份登录这台电脑上的 Lanyard 工牌？", "Acme 科技", `id="confirm"`, `lang="zh"`} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("page lacks %q:\n%s", want, p.Body)
		}
	}
	policy := p.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' http://127.0.0.1:40123"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", p.Header)
	}
	// Another account: a link, so that the form's policy does not stand in its way.
	_, rest, _ := strings.Cut(p.Body, `id="switch" href="`)
	link, _, _ := strings.Cut(rest, `"`)
	if p := b.Get(w.URL + html.UnescapeString(link)); location(p).Host != "idp.example" || !w.gate.Begun[0].Fresh {
		t.Errorf("switch %q: %v", link, location(p))
	}
	b.SignIn(w.person(acme, "李四"))
	if p := b.Get(w.URL + w.gate.Return); !strings.Contains(p.Body, "李四") {
		t.Errorf("after the switch: status %d %s", p.Status, p.Body)
	}
}

func TestDesktopSignsIn(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	a := w.token(redeemDesktop(b.desktopCode(askDesktop())))
	c := a.claims(t)
	if c["sub"] != zhang.ID || c["aud"] != "lanyard" || c["nonce"] != "the nonce" || c["sid"] == b.Session.ID || c["sid"] == "" {
		t.Errorf("claims %v, browser's sid %q", c, b.Session.ID)
	}
	if a.Type != "Bearer" || a.Expires != 600 || a.Refresh == "" {
		t.Errorf("answer: type %q, expires %d, refresh %v", a.Type, a.Expires, a.Refresh != "")
	}
}

func TestConsentAnswers(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	form := hidden(b.Get(w.authorizeURL(askDesktop())))
	form.Set("answer", "no")
	q := location(b.Post(w.authorizeURL(askDesktop()), form)).Query()
	if q.Get("error") != "access_denied" || q.Get("state") != "the state" || q.Get("iss") != w.issuer() {
		t.Errorf("cancel: %v", q)
	}
}

func TestConsentFromAnotherSiteIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	form := hidden(b.Get(w.authorizeURL(askDesktop())))
	form.Set("answer", "yes")
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}, {"Origin": {"null"}},
	} {
		if p := b.postWith(w.authorizeURL(askDesktop()), form, header); p.Location() != "" || !strings.HasPrefix(p.Body, "page: not_permitted") {
			t.Errorf("%v: status %d, %s", header, p.Status, p.Body)
		}
	}
	if p := b.postWith(w.authorizeURL(askDesktop()), form, http.Header{"Sec-Fetch-Site": {"same-origin"}}); location(p).Query().Get("code") == "" {
		t.Errorf("same origin: status %d", p.Status)
	}
}

// The form is worth something in one session, for one request.
func TestForgedFormTokenIsRefused(t *testing.T) {
	w := newWorld(t)
	b, li := w.browser(), w.browser()
	b.SignIn(w.person(acme, "张三"))
	li.SignIn(w.person(acme, "李四"))
	form := func(changes ...string) url.Values {
		return with(hidden(b.Get(w.authorizeURL(askDesktop()))), append([]string{"answer", "yes"}, changes...)...)
	}
	empty := form()
	empty.Set("token", "") // without one it is no form of ours, see TestAuthorizeByPost
	own := w.authorizeURL(askDesktop())
	for what, c := range map[string]struct {
		at   string
		form url.Values
	}{
		"no token":            {own, empty},
		"made-up token":       {own, form("token", strings.Repeat("A", 43))},
		"another request":     {w.authorizeURL(askDesktop("redirect_uri", "http://127.0.0.1:40999/callback")), form()},
		"an app's request":    {w.authorizeURL(ask()), form()},
		"no request":          {w.issuer() + "/authorize", form()},
		"request in the form": {w.issuer() + "/authorize", form("request", askDesktop().Encode())},
		"somebody else's":     {own, hidden(li.Get(own))},
		"an end-session one":  {own, hidden(b.Get(w.issuer() + "/end-session"))},
	} {
		c.form.Set("answer", "yes")
		if p := b.Post(c.at, c.form); p.Location() != "" || !strings.HasPrefix(p.Body, "page: sign_in_stale") {
			t.Errorf("%s: status %d, location %q, %s", what, p.Status, p.Location(), p.Body)
		}
	}
	if p := w.browser().Post(own, form()); !strings.HasPrefix(p.Body, "page: sign_in_stale") {
		t.Errorf("signed out: %s", p.Body)
	}
}

func TestDesktopRedirectIsLoopbackOnly(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.SignIn(w.person(acme, "张三"))
	for _, uri := range []string{
		"https://evil.example/callback", "http://localhost:4012/callback", "http://127.0.0.1:4012/other",
		"http://127.0.0.1:4012/callback?x=y", "lanyard://callback",
	} {
		if p := b.Get(w.authorizeURL(askDesktop("redirect_uri", uri))); !strings.HasPrefix(p.Body, "page: request_invalid") {
			t.Errorf("%s: status %d", uri, p.Status)
		}
	}
}

// What an employee reads out to IT is what the server's log says; nobody but the
// desktop, and nothing but a reference, gets in there.
func TestDesktopsReferenceReachesTheSignIn(t *testing.T) {
	w := newWorld(t)
	for _, v := range []url.Values{
		askDesktop("lanyard_reference", "4829-1375"),
		askDesktop("lanyard_reference", "<b>4829"),
		ask("lanyard_reference", "4829-1375"),
	} {
		w.browser().Get(w.authorizeURL(v))
	}
	var got []string
	for _, o := range w.gate.Begun {
		got = append(got, o.Reference)
	}
	if want := []string{"4829-1375", "", ""}; !slices.Equal(got, want) {
		t.Errorf("references = %q, want %q", got, want)
	}
}
