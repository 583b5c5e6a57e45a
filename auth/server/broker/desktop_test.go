package broker_test

import (
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
	b.signIn(w.person(acme, "张三"))
	for _, v := range []url.Values{askDesktop(), askDesktop("prompt", "consent"), askDesktop("response_mode", "form_post"), askDesktop("max_age", "99999")} {
		p := b.get(w.authorizeURL(v))
		if p.status != http.StatusOK || p.header.Get("Location") != "" || strings.Contains(p.body, `name="code"`) || !strings.Contains(p.body, "张三") {
			t.Errorf("%v: status %d, location %q", v, p.status, p.header.Get("Location"))
		}
	}
}

func TestDesktopPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, `<b>张三`))
	p := b.do("GET", w.authorizeURL(askDesktop()), nil, http.Header{"Accept-Language": {"zh-CN,zh;q=0.9"}})
	for _, want := range []string{"以 &lt;b&gt;张三 的身份登录这台电脑上的 Lanyard 工牌？", "Acme 科技", `id="confirm"`, `lang="zh"`} {
		if !strings.Contains(p.body, want) {
			t.Errorf("page lacks %q:\n%s", want, p.body)
		}
	}
	policy := p.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' http://127.0.0.1:40123"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", p.header)
	}
	// Another account: a link, so that the form's policy does not stand in its way.
	_, rest, _ := strings.Cut(p.body, `id="switch" href="`)
	link, _, _ := strings.Cut(rest, `"`)
	if p := b.get(w.url + unescape(link)); p.location().Host != "idp.example" || !w.gate.begun[0].Fresh {
		t.Errorf("switch %q: %v", link, p.location())
	}
	b.signIn(w.person(acme, "李四"))
	if p := b.get(w.url + w.gate.ret); !strings.Contains(p.body, "李四") {
		t.Errorf("after the switch: status %d %s", p.status, p.body)
	}
}

func TestDesktopSignsIn(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.signIn(zhang)
	a := w.token(redeemDesktop(b.desktopCode(askDesktop())))
	c := a.claims(t)
	if c["sub"] != zhang.ID || c["aud"] != "lanyard" || c["nonce"] != "the nonce" || c["sid"] == b.session.ID || c["sid"] == "" {
		t.Errorf("claims %v, browser's sid %q", c, b.session.ID)
	}
	if a.Type != "Bearer" || a.Expires != 600 || a.Refresh == "" {
		t.Errorf("answer: type %q, expires %d, refresh %v", a.Type, a.Expires, a.Refresh != "")
	}
}

func TestConsentAnswers(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	form := hidden(b.get(w.authorizeURL(askDesktop())))
	form.Set("answer", "no")
	q := b.post(w.issuer()+"/authorize", form).location().Query()
	if q.Get("error") != "access_denied" || q.Get("state") != "the state" || q.Get("iss") != w.issuer() {
		t.Errorf("cancel: %v", q)
	}
}

func TestConsentFromAnotherSiteIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	form := hidden(b.get(w.authorizeURL(askDesktop())))
	form.Set("answer", "yes")
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}, {"Origin": {"null"}},
	} {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		if p := b.do("POST", w.issuer()+"/authorize", form, header); p.header.Get("Location") != "" || !strings.HasPrefix(p.body, "page: not_permitted") {
			t.Errorf("%v: status %d, %s", header, p.status, p.body)
		}
	}
	if p := b.do("POST", w.issuer()+"/authorize", form, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"same-origin"}}); p.location().Query().Get("code") == "" {
		t.Errorf("same origin: status %d", p.status)
	}
}

// The form is worth something in one session, for one request.
func TestForgedFormTokenIsRefused(t *testing.T) {
	w := newWorld(t)
	b, li := w.browser(), w.browser()
	b.signIn(w.person(acme, "张三"))
	li.signIn(w.person(acme, "李四"))
	form := func(changes ...string) url.Values {
		return with(hidden(b.get(w.authorizeURL(askDesktop()))), append([]string{"answer", "yes"}, changes...)...)
	}
	for what, v := range map[string]url.Values{
		"no token":           form("token", ""),
		"made-up token":      form("token", strings.Repeat("A", 43)),
		"another request":    form("request", askDesktop("redirect_uri", "http://127.0.0.1:40999/callback").Encode()),
		"an app's request":   form("request", ask().Encode()),
		"no request":         form("request", ""),
		"somebody else's":    hidden(li.get(w.authorizeURL(askDesktop()))),
		"an end-session one": hidden(b.get(w.issuer() + "/end-session")),
	} {
		v.Set("answer", "yes")
		if p := b.post(w.issuer()+"/authorize", v); p.header.Get("Location") != "" || !strings.HasPrefix(p.body, "page: sign_in_stale") {
			t.Errorf("%s: status %d, location %q, %s", what, p.status, p.header.Get("Location"), p.body)
		}
	}
	if p := w.browser().post(w.issuer()+"/authorize", form()); !strings.HasPrefix(p.body, "page: sign_in_stale") {
		t.Errorf("signed out: %s", p.body)
	}
}

func TestDesktopRedirectIsLoopbackOnly(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn(w.person(acme, "张三"))
	for _, uri := range []string{
		"https://evil.example/callback", "http://localhost:4012/callback", "http://127.0.0.1:4012/other",
		"http://127.0.0.1:4012/callback?x=y", "lanyard://callback",
	} {
		if p := b.get(w.authorizeURL(askDesktop("redirect_uri", uri))); !strings.HasPrefix(p.body, "page: request_invalid") {
			t.Errorf("%s: status %d", uri, p.status)
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
		w.browser().get(w.authorizeURL(v))
	}
	var got []string
	for _, o := range w.gate.begun {
		got = append(got, o.Reference)
	}
	if want := []string{"4829-1375", "", ""}; !slices.Equal(got, want) {
		t.Errorf("references = %q, want %q", got, want)
	}
}
