//go:build linux

package cmd_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
)

// itHelp is whom the pretend company names for questions.
const itHelp = "Demo IT · 4008"

// TestWrongInput types what is wrong, first where nobody has ever signed in, then, in
// Chinese, where somebody has: each says what is wrong and what to do, and loses nothing.
func TestWrongInput(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	host := strings.TrimPrefix(directory, "http://")
	gone := authtest.ClosedPort(t)
	d := newDesk(t, session.Env...)

	always, first := true, false
	rows := []struct {
		name   string
		args   []string
		code   int
		fault  auth.Fault
		facts  auth.Args
		always bool // also where somebody is signed in
	}{
		{
			"unknown code, near another",
			[]string{"login", "demoo", "--directory", directory, "--yes"},
			1,
			auth.CodeUnknown,
			auth.Args{"code": "demoo", "suggestion": "demo"},
			always,
		},
		{
			"unknown code, near another, in full-width capitals",
			[]string{"login", "ＤＥＭＯＯ", "--directory", directory, "--yes"},
			1,
			auth.CodeUnknown,
			auth.Args{"code": "demoo", "suggestion": "demo"},
			always,
		},
		{
			"unknown code",
			[]string{"login", "nobody-has-this", "--directory", directory, "--yes"},
			1,
			auth.CodeUnknown,
			auth.Args{"code": "nobody-has-this"},
			always,
		},
		{
			"unknown code in a join link",
			[]string{"login", directory + "/join/nobody-has-this", "--yes"},
			1,
			auth.CodeUnknown,
			auth.Args{"code": "nobody-has-this"},
			always,
		},
		{"not a code", []string{"login", "!?", "--directory", directory, "--yes"}, 1, auth.CodeInvalid, nil, always},
		{"a message without a code", []string{"login", "Hello, see you tomorrow at the office.", "--yes"}, 1, auth.CodeInvalid, nil, always},
		{"nothing typed", []string{"login"}, 2, auth.CodeEmpty, nil, first},
		{"blanks", []string{"login", "  ", "--directory", directory}, 2, auth.CodeEmpty, nil, always},
		{
			"a code alone, and no directory known",
			[]string{"login", "demo", "--yes"},
			1,
			auth.DirectoryNone,
			auth.Args{"code": "demo"},
			first,
		},
		{
			"unreachable directory",
			[]string{"login", "demo", "--directory", "http://" + gone, "--yes"},
			5,
			auth.DirectoryUnreachable,
			auth.Args{"host": gone},
			always,
		},
		{
			"plain http elsewhere",
			[]string{"login", "acme", "--directory", "http://login.acme.example", "--yes"},
			1,
			auth.InsecureAddress,
			auth.Args{"host": "login.acme.example"},
			always,
		},
		{
			"plain http elsewhere, in a link",
			[]string{"login", "http://login.acme.example/join/acme", "--yes"},
			1,
			auth.InsecureAddress,
			auth.Args{"host": "login.acme.example"},
			always,
		},
		{
			"first enterprise, and nobody to ask",
			[]string{"login", "demo", "--directory", directory},
			2,
			auth.ConfirmationNeeded,
			auth.Args{"host": host},
			first,
		},
		{"open before anybody signed in", []string{"open", "notes"}, 3, auth.SignInRequired, nil, first},
		{"apps before anybody signed in", []string{"apps"}, 3, auth.SignInRequired, nil, first},
	}
	before := d.who(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d.run(t, row.args...).refused(t, "en", row.code, row.fault, row.facts)
			if now := d.who(t); now != before {
				t.Errorf("the account changed from\n%s\nto\n%s", before, now)
			}
		})
	}
	d.signInQuietly(t, directory, "zhangsan")
	zh := d.in("zh_CN.UTF-8")
	before = d.who(t)
	for _, row := range rows {
		if !row.always {
			continue
		}
		t.Run("zh/"+row.name, func(t *testing.T) {
			zh.run(t, row.args...).refused(t, "zh", row.code, row.fault, row.facts)
			if now := d.who(t); now != before {
				t.Errorf("the account changed from\n%s\nto\n%s", before, now)
			}
		})
	}
	t.Run("unknown app", func(t *testing.T) {
		d.run(t, "open", "notse").refused(t, "en", 1, auth.AppUnknown, auth.Args{"app": "notse", "suggestion": "notes"})
		zh.run(t, "open", "nothing-like-it").refused(t, "zh", 1, auth.AppUnknown, auth.Args{"app": "nothing-like-it"})
	})
	if urls := d.urls(); len(urls) != 0 {
		t.Errorf("a browser was started: %v", urls)
	}
	if p := d.settled(t); p.Phase != local.SignedIn {
		t.Errorf("in the end: %+v", p)
	}
}

// TestUsage: what the command line itself refuses, before any agent is asked.
func TestUsage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, args := range [][]string{
		{"login", "--nonsense"},
		{"login", "one", "two"},
		{"open"},
		{"use"},
		{"nonsense"},
		{"login", "demo", "--timeout", "soon"},
		{"login", "demo", "--timeout", "0s"},
	} {
		if r := d.run(t, args...); r.code != 2 || r.out != "" || r.err == "" {
			t.Errorf("lanyard %v: exit code %d, stdout %q, stderr %q", args, r.code, r.out, r.err)
		}
	}
	if r := d.run(t, "quit"); r.code != 6 {
		t.Errorf("quit without an agent: exit code %d: %s", r.code, r.err)
	}
}

// TestTyped signs in by everything that people type or paste in place of the plain code.
func TestTyped(t *testing.T) {
	t.Parallel()
	directory := demo(t)
	host := strings.TrimPrefix(directory, "http://")
	d := newDesk(t)
	for _, row := range []struct{ name, typed, directory string }{
		{"upper case", "DEMO", directory},
		{"full width", "ｄｅｍｏ", directory},
		{"full-width capitals, blanks around", "  ＤＥＭＯ ", directory},
		{"host and code", host + "/demo", ""},
		{"host and code, full width", "１２７．０．０．１：" + strings.TrimPrefix(host, "127.0.0.1:") + "／ＤＥＭＯ", ""},
		{"join link", directory + "/join/demo", ""},
		{"an English message", "Hi all,\n\nplease install Lanyard from https://it.cloudberry.example/downloads/lanyard.msi.\n" +
			"Your company code is " + host + "/demo.\n\nQuestions? Call 4008.\nCloudberry IT", ""},
		{"a Chinese message", "各位同事：\n请安装 Lanyard 工牌，服务器：" + host + "，企业代码：ＤＥＭＯ。有问题请联系 IT（4008）。", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			args := []string{row.typed, "--yes", "--print-url"}
			if row.directory != "" {
				args = append(args, "--directory", row.directory)
			}
			login := d.login(t, args...)
			newWalker().signIn(t, login.address(t), "zhangsan")
			login.succeeds(t)
			if p := d.settled(t); p.Phase != local.SignedIn || p.Enterprise.Code != "demo" {
				t.Errorf("profile = %+v", p)
			}
		})
	}
	if s := d.state(t); len(s.Profiles) != 1 {
		t.Errorf("%d accounts, want the one", len(s.Profiles))
	}
}

// TestTrouble is what goes wrong in the browser, with a real one: after each the very
// same desk and browser sign in.
func TestTrouble(t *testing.T) {
	t.Parallel()
	session := authtest.KeyringSession(t)
	directory := demo(t)
	d := newDesk(t, session.Env...)
	start := func(d *desk, args ...string) (*process, string) {
		t.Helper()
		n := len(d.urls())
		login := d.login(t, append([]string{"demo", "--directory", directory, "--yes"}, args...)...)
		return login, d.nextURL(t, n)
	}
	finish := func(b *browser, login *process) {
		t.Helper()
		b.confirm()
		b.shows("signed in", "张三")
		login.succeeds(t)
	}

	t.Run("wrong password", func(t *testing.T) {
		b := newBrowser(t)
		login, address := start(d)
		b.open(address)
		b.signInAs("zhangsan", "wrong")
		b.shows("User name or password is wrong")
		b.do(chromedp.SendKeys(chromedp.CSS("input[name=password]"), password+"\n"))
		finish(b, login)
	})

	t.Run("denied at the company's page", func(t *testing.T) {
		b := newBrowser(t)
		login, address := start(d)
		b.open(address)
		b.do(chromedp.WaitVisible(chromedp.CSS("#cancel")), chromedp.Click(chromedp.CSS("#cancel")))
		b.shows("Cloudberry did not let you in", "canceled on the sign-in page", itHelp)
		b.picture("denied")
		reference := login.ended(t).refused(t, "en", 4, auth.SignInDenied,
			auth.Args{"company": "Cloudberry", "reason": "canceled on the sign-in page", "help": itHelp})
		b.shows("Reference " + reference)
		again, address := start(d)
		b.open(address)
		b.signInAs("zhangsan", password)
		finish(b, again)
	})

	t.Run("denied on the desktop's own page", func(t *testing.T) {
		b := newBrowser(t)
		login, address := start(d.in("zh_CN.UTF-8"))
		b.open(address)
		b.signInAs("zhangsan", password)
		b.do(chromedp.WaitVisible(chromedp.CSS("#confirm")), chromedp.Click(chromedp.CSS("#cancel")))
		reference := login.ended(t).refused(t, "zh", 4, auth.SignInDenied,
			auth.Args{"company": "云莓科技", "help": itHelp})
		b.shows("未允许登录", "编号 "+reference)
		again, address := start(d)
		b.open(address)
		finish(b, again)
	})

	t.Run("closed browser, Ctrl-C", func(t *testing.T) {
		login, _ := start(d)
		if err := login.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		login.ended(t).refused(t, "en", 7, auth.SignInCanceled, nil)
		if a := d.state(t).Attempt; a == nil || !a.Over() {
			t.Errorf("the attempt goes on: %+v", a)
		}
		b := newBrowser(t)
		again, address := start(d)
		b.open(address)
		b.signInAs("zhangsan", password)
		finish(b, again)
	})

	t.Run("closed browser, time-out", func(t *testing.T) {
		b := newBrowser(t)
		login, address := start(d, "--timeout", "10s") // the browser has to be there by then
		b.open(address)
		b.do(chromedp.WaitVisible(chromedp.CSS("input[name=username]")), chromedp.Navigate("about:blank"))
		login.ended(t).refused(t, "en", 7, auth.SignInTimeout, auth.Args{"help": itHelp})
		again, address := start(d)
		b.open(address)
		b.signInAs("zhangsan", password)
		finish(b, again)
	})

	t.Run("another person", func(t *testing.T) {
		d.must(t, "logout")
		before := d.who(t)
		b := newBrowser(t)
		n := len(d.urls())
		login := d.login(t)
		b.open(d.nextURL(t, n))
		b.signInAs("lisi", password)
		b.confirm()
		b.shows("李四", "张三", "Reference")
		login.ended(t).refused(t, "en", 4, auth.SignInOtherPerson, auth.Args{"name": "李四", "expected": "张三"})
		if now := d.who(t); now != before {
			t.Errorf("the account changed from\n%s\nto\n%s", before, now)
		}
		again := d.login(t)
		b.open(d.nextURL(t, n+1))
		b.do(chromedp.WaitVisible(chromedp.CSS("#switch")), chromedp.Click(chromedp.CSS("#switch")))
		b.signInAs("zhangsan", password)
		finish(b, again)
	})

	t.Run("locked password store", func(t *testing.T) {
		d.must(t, "quit")
		session.Lock(t)
		n := len(d.urls())
		d.run(t, "login", "demo", "--directory", directory, "--yes").refused(t, "en", 8, auth.KeyringLocked, nil)
		if got := len(d.urls()); got != n {
			t.Errorf("a browser was started before the password store answered: %v", d.urls()[n:])
		}
		session.Unlock(t)
		b := newBrowser(t)
		login, address := start(d)
		b.open(address)
		b.signInAs("zhangsan", password)
		finish(b, login)
	})
	if p := d.settled(t); p.Phase != local.SignedIn || p.Identity.Name != "张三" {
		t.Errorf("in the end: %+v", p)
	}
}

// TestWrongCompany: the provider serves many companies, and lets in somebody of another.
func TestWrongCompany(t *testing.T) {
	t.Parallel()
	provider := authtest.NewProvider(t, authtest.Faults{})
	provider.User["tid"] = "beta"
	provider.Set(authtest.Faults{Claims: func(claims map[string]any) { claims["tid"] = provider.User["tid"] }})
	files := newStaticDirectory(t)
	doc := files.document("acme", provider.Issuer)
	doc.Connector.OIDC.ClientID = authtest.ClientID
	doc.Connector.Claims = map[string]connector.Paths{"tenant": {"tid"}}
	doc.Connector.Expect = map[string]string{"tenant": "acme"}
	files.serve(t, "acme", doc)
	d := newDesk(t)

	login := d.login(t, "acme", "--directory", files.URL, "--yes", "--print-url")
	through := func() string {
		w := newWalker()
		page, at := w.get(t, login.address(t))
		page, _ = w.submit(t, page, at, nil)
		return page
	}
	page := through()
	if !strings.Contains(page, "Wrong company") {
		t.Errorf("the page says:\n%s", page)
	}
	r := login.ended(t)
	r.out = "" // the address
	name, _ := provider.User["name"].(string)
	r.refused(t, "en", 4, auth.SignInWrongCompany, auth.Args{"name": name, "company": "Foreign Ltd"})
	if s := d.state(t); len(s.Profiles) != 0 {
		t.Errorf("kept: %+v", s.Profiles)
	}

	provider.User["tid"] = "acme"
	login = d.login(t, "acme", "--directory", files.URL, "--yes", "--print-url")
	through()
	if r := login.ended(t); r.code != 0 {
		t.Errorf("login ended with %d: %s", r.code, r.err)
	}
}
