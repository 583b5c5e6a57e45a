package catalog_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

func TestMyAppsWithoutApps(t *testing.T) {
	w := newWorld(t)
	e, err := w.Store.Enterprise(t.Context(), acme)
	must(t, err)
	e.Help = auth.Help{Name: "IT desk", Phone: "1234"}
	must(t, w.Store.SaveEnterprise(t.Context(), e))
	must(t, w.Store.DeleteApp(t.Context(), acme, "notes"))
	b := w.browser()
	b.signIn(w.signedIn(acme, "张三"))
	answer, page := b.open(w.issuer(acme) + "/")
	wantPolicy(t, answer)
	for _, want := range []string{"No apps here yet", "they appear here", "IT desk · 1234", `id="sign-out"`, `id="devices"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, `type="search"`) {
		t.Error("there is nothing to search")
	}
}

func TestSearchSaysWhatItFound(t *testing.T) {
	w := newWorld(t)
	for i := range 200 {
		must(t, w.Store.SaveApp(t.Context(), server.App{ID: fmt.Sprintf("app%03d", i), EnterpriseID: acme, Title: auth.Text{"en": fmt.Sprint("Tool ", i), "zh": fmt.Sprint("工具 ", i)}}))
	}
	b := w.browser()
	b.signIn(w.signedIn(acme, "张三"))
	_, page := b.open(w.issuer(acme) + "/")
	if n := strings.Count(page, "<li>"); n != 201 || !strings.Contains(page, `class="apps many"`) {
		t.Errorf("%d apps are shown", n)
	}
	_, page = b.open(w.issuer(acme) + "/?q=" + "%E5%B7%A5%E5%85%B7+19")
	if n := strings.Count(page, "<li>"); n != 11 || !strings.Contains(page, "11 found") || !strings.Contains(page, `value="工具 19"`) || !strings.Contains(page, `href="/e/`+acme+`/"`) {
		t.Errorf("%d apps are found:\n%.2000s", n, page)
	}
	if _, page = b.open(w.issuer(acme) + "/?q=%22%3E%3Cscript%3E"); strings.Contains(page, "<script>") || !strings.Contains(page, "No app is called") || !strings.Contains(page, "Show all apps") {
		t.Errorf("nothing found:\n%s", page)
	}
}

// Who was signed out meanwhile gets to the company's sign-in from every form of these pages.
func TestFormsAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	for what, press := range map[string]func(b *browser, apps, devices string) (*http.Response, string){
		"search": func(b *browser, _, _ string) (*http.Response, string) {
			return b.form(b.Get(w.issuer(acme) + "/?q=notes"))
		},
		"a device": func(b *browser, _, devices string) (*http.Response, string) {
			return b.send(device(t, devices, ""))
		},
		"asked": func(b *browser, apps, _ string) (*http.Response, string) { return b.press(apps, "asked") },
	} {
		b := w.browser()
		s := b.signIn(zhang)
		b.open(w.issuer(acme) + "/a/notes")
		_, apps := b.open(w.issuer(acme) + "/")
		_, devices := b.open(w.issuer(acme) + "/devices")
		must(t, w.Store.EndSession(t.Context(), acme, s.ID, w.Now()))
		answer, page := press(b, apps, devices)
		if got := answer.Header.Get("Begin"); !strings.HasPrefix(got, "/e/"+acme+"/") {
			t.Errorf("%s: at %s, sign-in for %q\n%s", what, answer.Request.URL, got, page)
		}
	}
}

// Who came by an access link says on My apps that the app asked for a password, for two
// minutes, of what they opened themselves, and reads that it was heard.
func TestAskedOnMyApps(t *testing.T) {
	w := newWorld(t)
	zhang, li := w.signedIn(acme, "张三"), w.signedIn(acme, "李四")
	home, line := w.issuer(acme)+"/", "Notes asked you to sign in? Tell IT"
	b := w.browser()
	b.signIn(zhang)
	if _, page := b.open(home); strings.Contains(page, "asked you") {
		t.Errorf("nothing was opened:\n%s", page)
	}
	b.open(w.issuer(acme) + "/a/notes")
	_, page := b.open(home)
	if !strings.Contains(page, line) {
		t.Fatalf("the page does not ask:\n%s", page)
	}
	action := regexp.MustCompile(`/e/\w+/openings/\w+/asked`).FindString(page)

	// Nobody else says it, and no other page does.
	c := w.browser()
	c.signIn(li)
	if _, theirs := c.open(home); strings.Contains(theirs, "asked you") {
		t.Error("another person is asked")
	}
	c.send(action)
	c.send("/e/" + acme + "/openings/none/asked")
	b.send(strings.Replace(action, acme, other, 1))
	b.send(action, "Sec-Fetch-Site", "cross-site")
	if got := w.outcomes(); !slices.Equal(got, []string{"notes linked"}) {
		t.Errorf("openings %q", got)
	}

	answer, page := b.press(page, "asked")
	if answer.Request.URL.Path != "/e/"+acme+"/" || strings.Contains(page, line) || !strings.Contains(page, "IT sees that Notes asked you to sign in") {
		t.Errorf("at %s:\n%s", answer.Request.URL, page)
	}
	if got := w.outcomes(); !slices.Equal(got, []string{"notes asked"}) {
		t.Errorf("openings %q", got)
	}

	// The newest opening is asked after, and none that is long ago or that failed.
	b.open(w.issuer(acme) + "/a/notes")
	if _, page := b.open(home); !strings.Contains(page, line) {
		t.Errorf("after another opening:\n%s", page)
	}
	w.Advance(2*time.Minute + time.Second)
	if _, page := b.open(home); strings.Contains(page, "asked you") {
		t.Errorf("two minutes later:\n%s", page)
	}
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "bad", EnterpriseID: acme, Launch: []byte(`{"kind":"steps"}`)}))
	b.open(w.issuer(acme) + "/a/bad")
	if _, page := b.open(home); strings.Contains(page, "asked you") {
		t.Errorf("after an app that did not open:\n%s", page)
	}
}

var deviceForm = regexp.MustCompile(`<form method="post" action="(/e/\w+/devices/\w+/end)"><button[^>]*aria-label="([^"]*)"`)

// device finds the form that signs a device out.
func device(t *testing.T, page, name string) string {
	t.Helper()
	for _, m := range deviceForm.FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[2], name) {
			return m[1]
		}
	}
	t.Fatalf("no device %q on\n%s", name, page)
	return ""
}

func (b *browser) send(action string, header ...string) (*http.Response, string) {
	b.w.T.Helper()
	return b.press(`<form method="post" action="`+action+`"><button id="end">`, "end", header...)
}

func TestMyDevices(t *testing.T) {
	w := newWorld(t)
	zhang, li := w.signedIn(acme, "张三"), w.signedIn(acme, "李四")
	name := func(id, enterprise, device string, seen time.Duration) {
		s, err := w.Store.Session(t.Context(), enterprise, id, w.Now())
		must(t, err)
		s.Device, s.LastSeen = device, w.Now().Add(-seen).UTC().Truncate(time.Millisecond)
		must(t, w.Store.SaveSession(t.Context(), s))
	}
	name(zhang.session, acme, "Lanyard on Linux", 5*time.Hour)
	name(li.session, acme, "Lanyard on macOS", 0)
	launched, own := w.browser(), w.browser()
	launched.open(w.agent(zhang).link.URL)
	child, err := launched.session(acme)
	must(t, err)
	name(child.ID, acme, "Firefox <on> Windows", 3*24*time.Hour)
	name(own.signIn(zhang).ID, acme, "Chrome on Linux", 30*24*time.Hour)

	answer, _ := w.browser().open(w.issuer(acme) + "/devices")
	if got := answer.Header.Get("Begin"); got != "/e/"+acme+"/devices" {
		t.Errorf("signed out: sign-in for %q", got)
	}
	answer, page := own.open(w.issuer(acme) + "/devices")
	wantPolicy(t, answer)
	order := []string{"Chrome on Linux", "This browser", "Last used just now", "Lanyard on Linux", "Last used 5 h ago", "Firefox &lt;on&gt; Windows", "Opened from Lanyard on Linux", "Last used 3 days ago"}
	rest := page
	for _, want := range order {
		var found bool
		if _, rest, found = strings.Cut(rest, want); !found {
			t.Errorf("the page lacks %q in its place:\n%s", want, page)
		}
	}
	if strings.Count(page, "This browser") != 1 || strings.Contains(page, "macOS") || len(deviceForm.FindAllString(page, -1)) != 3 {
		t.Errorf("the page shows others' devices or too many:\n%s", page)
	}

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.issuer(acme)+"/devices", nil)
	must(t, err)
	r.Header.Set("Accept-Language", "zh-CN")
	_, zh := own.read(own.Do(r))
	for _, want := range []string{"Linux 上的 Chrome", "由 Linux 上的 Lanyard 打开", "让 Linux 上的 Lanyard 退出登录"} {
		if !strings.Contains(zh, want) {
			t.Errorf("in Chinese the page lacks %q", want)
		}
	}

	// Only one's own, only from this page.
	stands := func(id string) bool {
		_, err := w.Store.Session(t.Context(), acme, id, w.Now())
		return err == nil
	}
	own.send("/e/" + acme + "/devices/" + li.session + "/end")
	own.send("/e/"+other+"/devices/"+zhang.session+"/end", "Sec-Fetch-Site", "same-origin")
	own.send(device(t, page, "Lanyard on Linux"), "Sec-Fetch-Site", "cross-site")
	if !stands(li.session) || !stands(zhang.session) {
		t.Error("somebody else's page or device was enough")
	}
	answer, page = own.send(device(t, page, "Lanyard on Linux"))
	if answer.Request.URL.Path != "/e/"+acme+"/devices" || strings.Contains(page, "Lanyard on Linux") {
		t.Errorf("after signing it out the browser is at %s:\n%s", answer.Request.URL, page)
	}
	if stands(zhang.session) || stands(child.ID) {
		t.Error("the device or what was opened from it is still signed in")
	}
	if answer, body := w.call(http.MethodGet, w.issuer(acme)+"/v1/apps", zhang.token, ""); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the device's token: %s %s", answer.Status, body)
	}
	answer, page = own.send(device(t, page, "Chrome on Linux")) // this one
	if !strings.HasSuffix(answer.Request.URL.Path, "/signed-out") || !strings.Contains(page, "You are signed out") {
		t.Errorf("at %s:\n%s", answer.Request.URL, page)
	}
	if _, err := own.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("session: %v", err)
	}
}
