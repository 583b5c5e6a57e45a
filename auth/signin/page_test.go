package signin_test

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/signin"
)

var acme = auth.Enterprise{
	Name: auth.Text{"en": "Acme", "zh": "Acme 科技"},
	Logo: "data:image/png;base64,iVBORw0KGgo=",
	Help: auth.Help{Name: "IT desk", Phone: "1234"},
}

// comeBack brings the callback and returns the address of the page afterwards.
func comeBack(t *testing.T, a *attempt) string {
	t.Helper()
	res := get(t, a.RedirectURI()+"?"+good().Encode())
	back, err := res.Location()
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the callback got %d: %v", res.StatusCode, err)
	}
	if r := a.outcome(t); r.err != nil {
		t.Fatal(r.err)
	}
	return back.String()
}

func apps(n int) (out []auth.App) {
	for i := range n {
		name := string(rune('A' + i))
		out = append(out, auth.App{ID: name, Title: auth.Text{"en": "App " + name, "zh": "应用 " + name}, URL: "https://acme.example/a/" + name})
	}
	return out
}

func TestPageTellsTheFinalOutcome(t *testing.T) {
	zhang := auth.Identity{Issuer: "i", Subject: "s", Name: "张三"}
	tests := map[string]struct {
		outcome signin.Outcome
		want    []string
		absent  []string
	}{
		"signed in, en": {
			signin.Outcome{Identity: zhang, Enterprise: acme, Kept: true, Lang: "en", Apps: apps(8), Reference: "4829-1375"},
			[]string{"You&#39;re signed in, 张三.", "Acme", acme.Logo, `href="https://acme.example/a/F"`, "App F", "You can close this page.", "Reference 4829-1375", `lang="en"`},
			[]string{"App G", "restart", `http-equiv`},
		},
		"signed in, zh": {
			signin.Outcome{Identity: zhang, Enterprise: acme, Kept: true, Lang: "zh_CN.UTF-8", Apps: apps(1), Reference: "4829-1375"},
			[]string{"张三，你已登录。", "Acme 科技", "应用 A", "可以关闭本页，以后点任务栏的工牌图标。", "编号 4829-1375", `lang="zh"`},
			nil,
		},
		"not kept": {
			signin.Outcome{Identity: zhang, Lang: "en"},
			[]string{"Signed in until you restart: this computer can&#39;t store it safely."},
			[]string{"<header>", "<ul>"},
		},
		"without a name": {signin.Outcome{Lang: "en", Kept: true}, []string{"You&#39;re signed in."}, nil},
		"wrong company": {
			signin.Outcome{
				Err: auth.Fail(auth.SignInWrongCompany, auth.Args{"name": "李四"}, nil), Enterprise: acme, Lang: "en",
			},
			[]string{"You signed in as 李四; this code is for Acme."},
			[]string{"<a "}, // nobody would answer it
		},
		"wrong company, another offered": {
			signin.Outcome{
				Err: auth.Fail(auth.SignInWrongCompany, nil, nil), Enterprise: acme, Lang: "zh",
				Switch: func(context.Context) (string, error) { return "", nil },
			},
			[]string{`href="?switch">切换账号</a>`},
			nil,
		},
		"without the app": {
			signin.Outcome{
				Identity: zhang, Enterprise: acme, Kept: true, Lang: "en", Apps: apps(1),
				Trouble: auth.Fail(auth.AppUnknown, auth.Args{"app": "<nots>"}, nil),
			},
			[]string{"You&#39;re signed in, 张三.", "No app is called “&lt;nots&gt;”.", "App A"},
			nil,
		},
		"denied, zh": {
			signin.Outcome{
				Err: auth.Fail(auth.SignInDenied, auth.Args{"reason": "不在“员工”组"}, nil), Enterprise: acme, Lang: "zh", Reference: "4829-1375",
			},
			[]string{"Acme 科技 未允许登录：不在“员工”组。", "IT desk · 1234", "编号 4829-1375"},
			[]string{"Switch", "切换账号"},
		},
		"anything else": {
			signin.Outcome{Err: errors.New("secret detail"), Enterprise: acme, Lang: "en"},
			[]string{"Acme"},
			[]string{"secret detail"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := start(t, connector.Redirect{}, "")
			page := comeBack(t, a)
			a.Finish(test.outcome)
			got := get(t, page)
			if got.StatusCode != http.StatusOK {
				t.Fatalf("the page got %d", got.StatusCode)
			}
			for _, want := range test.want {
				if !strings.Contains(got.body, want) {
					t.Errorf("the page lacks %q:\n%s", want, got.body)
				}
			}
			for _, absent := range test.absent {
				if strings.Contains(got.body, absent) {
					t.Errorf("the page has %q:\n%s", absent, got.body)
				}
			}
			if again := get(t, page); again.body != got.body {
				t.Errorf("the page changes when it is loaded again")
			}
			a.Close(time.Minute) // returns at once: the page was read
		})
	}
}

func TestPageHeaders(t *testing.T) {
	a := start(t, connector.Redirect{}, "")
	callback := get(t, a.RedirectURI()+"?"+good().Encode())
	a.Finish(signin.Outcome{Kept: true})
	back, err := callback.Location()
	if err != nil {
		t.Fatal(err)
	}
	for name, res := range map[string]answered{"callback": callback, "page": get(t, back.String()), "junk": get(t, a.RedirectURI())} {
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		if got := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; ") || strings.Contains(got, "unsafe") {
			t.Errorf("%s: Content-Security-Policy is %q", name, got)
		}
	}
	if strings.Contains(callback.body, "the-code") || strings.Contains(back.String(), "the-code") {
		t.Errorf("the code goes on: %s %s", back, callback.body)
	}
}

func TestPageWaitsForTheOutcome(t *testing.T) {
	a := start(t, connector.Redirect{}, "")
	page := comeBack(t, a)
	began := time.Now()
	early := get(t, page)
	if took := time.Since(began); took < time.Second {
		t.Errorf("the page waited %s for the outcome, want about 2 s", took)
	}
	if !strings.Contains(early.body, `<meta http-equiv="refresh" content="1">`) || !strings.Contains(early.body, "One moment…") {
		t.Errorf("before the outcome the page says %s", early.body)
	}
	a.Finish(signin.Outcome{Kept: true})
	a.Finish(signin.Outcome{Err: auth.SignInTimeout})
	if got := get(t, page); !strings.Contains(got.body, "You&#39;re signed in.") {
		t.Errorf("after the outcome the page says %s", got.body)
	}
}

func TestPageFollowsTheBrowsersLanguage(t *testing.T) {
	a := start(t, connector.Redirect{}, "")
	req := request(t, http.MethodGet, comeBack(t, a), "")
	a.Finish(signin.Outcome{Kept: true})
	req.Header.Set("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")
	if got := send(t, req); !strings.Contains(got.body, "你已登录。") {
		t.Errorf("a Chinese browser reads %s", got.body)
	}
}

func TestPageGoesOnToTheAppOnce(t *testing.T) {
	a := start(t, connector.Redirect{}, "")
	page := comeBack(t, a)
	const next = "https://acme.example/launch/once"
	a.Finish(signin.Outcome{Kept: true, Next: next})
	if got := get(t, page); got.StatusCode != http.StatusOK || got.Header.Get("Refresh") != "0; url="+next {
		t.Errorf("the page got %d and goes on to %q, want the app", got.StatusCode, got.Header.Get("Refresh"))
	}
	if got := get(t, page); got.StatusCode != http.StatusOK || got.Header.Get("Refresh") != "" || strings.Contains(got.body, next) {
		t.Errorf("loaded again, the page got %d %s", got.StatusCode, got.body)
	}
}

// The page's offer of another account stands after the page was read, until it is taken.
func TestPageSwitchesAccount(t *testing.T) {
	wrong := auth.Fail(auth.SignInWrongCompany, nil, nil)
	a := start(t, connector.Redirect{}, "")
	page := comeBack(t, a)
	calls := 0
	a.Finish(signin.Outcome{Err: wrong, Enterprise: acme, Lang: "en", Switch: func(ctx context.Context) (string, error) {
		if calls++; calls == 1 {
			<-ctx.Done() // not known yet
			return "", ctx.Err()
		}
		return "https://sso.acme.example/authorize?prompt=login", nil
	}})
	lingered := make(chan struct{})
	go func() { a.Linger(t.Context(), 0); close(lingered) }()
	for range 2 {
		if got := get(t, page); !strings.Contains(got.body, "Switch account") {
			t.Errorf("the page does not offer it:\n%s", got.body)
		}
	}
	for _, other := range []string{strings.Replace(page, "/signed-in/", "/signed-in/x", 1), page + "/"} {
		if got := get(t, other+"?switch"); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s got %d", other, got.StatusCode)
		}
	}
	if got := send(t, request(t, http.MethodPost, page+"?switch", "")); got.StatusCode != http.StatusNotFound {
		t.Errorf("a form got %d", got.StatusCode)
	}
	if got := get(t, page+"?switch"); !strings.Contains(got.body, `http-equiv="refresh"`) {
		t.Errorf("while the address is not known: %s", got.body)
	}
	select {
	case <-lingered:
		t.Error("the page did not stay until its offer was taken")
	default:
	}
	got := get(t, page+"?switch")
	if to := got.Header.Get("Location"); got.StatusCode != http.StatusSeeOther || to != "https://sso.acme.example/authorize?prompt=login" {
		t.Errorf("another account: %d to %q", got.StatusCode, to)
	}
	<-lingered
	a.Close(time.Minute)

	a = start(t, connector.Redirect{}, "")
	page = comeBack(t, a)
	a.Finish(signin.Outcome{Err: wrong, Lang: "en", Switch: func(context.Context) (string, error) {
		return "", auth.Fail(auth.SignInBusy, nil, nil)
	}})
	if got := get(t, page+"?switch"); !strings.Contains(got.body, "<h1>") || strings.Contains(got.body, "Switch") {
		t.Errorf("what goes wrong then: %s", got.body)
	}
	a.Linger(t.Context(), 0) // returns at once: it was taken
	a = start(t, connector.Redirect{}, "")
	page = comeBack(t, a)
	a.Finish(signin.Outcome{Err: wrong})
	a.Linger(t.Context(), 0) // returns at once: nothing is offered
	if got := get(t, page+"?switch"); got.StatusCode != http.StatusNotFound {
		t.Errorf("without an offer: %d", got.StatusCode)
	}
}

func TestHostileTextsStayTexts(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&` + "\u202e\x00</title></style>"
	outcomes := map[string]signin.Outcome{
		"success": {
			Identity:   auth.Identity{Name: evil},
			Enterprise: auth.Enterprise{Name: auth.Text{"en": evil}, Logo: `data:image/png;base64,AAAA" onload="alert(1)`},
			Apps: []auth.App{
				{ID: evil, URL: "https://acme.example/" + evil},
				{ID: "js", Title: auth.Text{"en": "js"}, URL: "javascript:alert(1)"},
				{ID: "data", Title: auth.Text{"en": "data"}, URL: "data:text/html,<script>"},
			},
			Reference: evil, Lang: "en", Next: "javascript:alert(1)",
		},
		"failure": {
			Err:        auth.Fail(auth.SignInWrongCompany, auth.Args{"name": evil}, nil),
			Enterprise: auth.Enterprise{Name: auth.Text{"en": evil}, Logo: "data:image/svg+xml;base64,AAAA", Help: auth.Help{Name: evil, Link: evil}},
			Reference:  evil, Lang: evil,
		},
		"trouble": {Identity: auth.Identity{Name: evil}, Trouble: auth.Fail(auth.AppUnknown, auth.Args{"app": evil}, nil)},
	}
	for name, outcome := range outcomes {
		t.Run(name, func(t *testing.T) {
			a := start(t, connector.Redirect{}, "")
			page := comeBack(t, a)
			a.Finish(outcome)
			got := get(t, page).body
			for _, unsafe := range []string{"<script", "<img", "javascript:", "data:text", "data:image", `"'>`} {
				if strings.Contains(got, unsafe) {
					t.Errorf("the page has %q:\n%s", unsafe, got)
				}
			}
			if strings.Count(got, "</style>") != 1 || strings.Count(got, "</title>") != 1 {
				t.Errorf("a text closes an element:\n%s", got)
			}
		})
	}
	if strings.Contains(html.EscapeString(evil), "<") {
		t.Error("the test is wrong")
	}
}

func TestRealBrowser(t *testing.T) {
	ctx := authtest.Chromium(t)
	a := start(t, connector.Redirect{}, "")
	a.Finish(signin.Outcome{Identity: auth.Identity{Name: "张三"}, Enterprise: acme, Kept: true, Lang: "zh", Apps: apps(3)})
	if err := chromedp.Do(ctx, chromedp.Navigate(a.RedirectURI()+"?"+good().Encode())); err != nil {
		t.Fatal(err)
	}
	title, err := chromedp.Run(ctx, chromedp.Text("h1"))
	if err != nil || title != "张三，你已登录。" {
		t.Errorf("the page is titled %q, %v", title, err)
	}
	address, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(address); err != nil || u.RawQuery != "" || !strings.HasPrefix(u.Path, "/signed-in/") {
		t.Errorf("the address bar shows %s", address)
	}
	width, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("document.querySelector('main').getBoundingClientRect().width"))
	if err != nil || width > 500 {
		t.Errorf("the card is %.0f wide, %v: its style was not applied", width, err)
	}
}
