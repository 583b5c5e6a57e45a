package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/catalog"
)

func TestAccessLink(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	b := w.browser()
	answer, _ := b.open(w.issuer(acme) + "/a/notes?return=https://evil.example")
	w.atCompany(b, answer)
	b.signIn(zhang)
	b.open(w.issuer(acme) + "/a/notes?return=https://evil.example&iss=x")
	w.inApp(b.trail)

	for _, address := range []string{w.issuer(acme) + "/a/none", w.issuer("none") + "/a/notes", w.issuer(acme) + "/a/https%3A%2F%2Fevil.example"} {
		w.failed = nil
		if answer, _ := b.open(address); answer.StatusCode != http.StatusBadRequest || !errors.Is(w.failed, auth.AppUnknown) {
			t.Errorf("%s: %s, %v", address, answer.Status, w.failed)
		}
	}
	answer, _ = b.open(w.issuer(other) + "/a/notes") // signed in at Acme only
	if got := answer.Header.Get("Begin"); got != "/e/"+other+"/a/notes" {
		t.Errorf("another enterprise's app: sign-in for %q", got)
	}
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "bad", EnterpriseID: acme, Launch: json.RawMessage(`{"kind":"saml","url":"https://x.example"}`)}))
	if b.open(w.issuer(acme) + "/a/bad"); !errors.Is(w.failed, auth.EnterpriseMisconfig) {
		t.Errorf("an app of unknown kind: %v", w.failed)
	}
}

func TestMyApps(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "<张三>")
	b := w.browser()
	answer, _ := b.open(w.issuer(acme) + "/")
	if got := answer.Header.Get("Begin"); got != "/e/"+acme+"/" {
		t.Errorf("sign-in for %q", got)
	}
	b.signIn(zhang)
	for i := range 9 {
		must(t, w.Store.SaveApp(t.Context(), server.App{ID: fmt.Sprint("app", i), EnterpriseID: acme, Title: auth.Text{"en": fmt.Sprint("Übung ", i)}, Icon: "aa"}))
	}
	answer, page := b.open(w.issuer(acme) + "/")
	wantPolicy(t, answer)
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src data: 'self';") {
		t.Errorf("the policy keeps the icons out: %s", policy)
	}
	for _, want := range []string{`href="/e/` + acme + `/a/notes"`, "Notes", `<b aria-hidden="true">N</b>`, `src="/e/` + acme + `/icons/aa"`, "&lt;张三&gt;", `type="search"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	for query, apps := range map[string]int{"笔": 1, "NOTE": 1, "übung": 9, "app3": 1, "<x>": 0} {
		if _, page := b.open(w.issuer(acme) + "/?q=" + url.QueryEscape(query)); strings.Count(page, "<li>") != apps || strings.Contains(page, "<x>") {
			t.Errorf("search %q shows %d apps, want %d", query, strings.Count(page, "<li>"), apps)
		}
	}
	if b.press(page, "sign-out", "Sec-Fetch-Site", "cross-site"); second(b.session(acme)) != nil {
		t.Error("another site signs out")
	}
	answer, page = b.press(page, "sign-out")
	if !strings.HasSuffix(answer.Request.URL.Path, "/signed-out") || !strings.Contains(page, "Close app pages") {
		t.Errorf("signed out: %s", page)
	}
	if _, err := b.session(acme); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("session: %v", err)
	}
	if b.open(w.issuer("none") + "/"); !errors.Is(w.failed, auth.EnterpriseNone) {
		t.Errorf("no such enterprise: %v", w.failed)
	}
}

func TestPagesSpeakChinese(t *testing.T) {
	w := newWorld(t)
	l := w.mint(w.signedIn(acme, "张三"), 0, "")
	_, page := w.call(http.MethodGet, l.URL, "", "", "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")
	for _, want := range []string{`lang="zh"`, "以 Acme 科技的张三的身份继续？", "打开笔记"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestParseLaunch(t *testing.T) {
	for _, c := range []struct{ launch, err string }{
		{`{"kind":"link","url":"https://kdocs.example/x?a=b","params":[["cb","https://y"],["hint","{login_hint?}"]]}`, ""},
		{`{"kind":"oidc","url":"https://app.example/login"}`, ""},
		{`{"kind":"link","url":"http://127.0.0.1:8080/"}`, ""},
		{`{"kind":"link","url":"http://[::1]:8080/"}`, ""},
		{`{"kind":"link","url":"http://localhost/"}`, ""},
		{`{"kind":"link","url":"http://intranet.acme/"}`, ""}, // allowed below
		{`{"kind":"link","url":"http://app.example/"}`, "not https"},
		{`{"kind":"link","url":"javascript:alert(1)"}`, "not an address"},
		{`{"kind":"link","url":"//evil.example"}`, "not https"},
		{`{"kind":"link","url":"https:///path"}`, "not an address"},
		{`{"kind":"link","url":"https://me:pw@app.example/"}`, "names a user"},
		{`{"kind":"link","url":"https://{login_hint}.example/"}`, "not an address"},
		{`{"kind":"link","url":"https://app.example/{login_hint}"}`, "placeholder"},
		{`{"kind":"link","url":"https://app.example/","params":[["t","{access_token}"]]}`, "not known"},
		{`{"kind":"link","url":"https://app.example/","params":[["t","{issuer"]]}`, "not closed"},
		{`{"kind":"link","url":"https://app.example/","params":[["","x"]]}`, "no name"},
		{`{"kind":"saml","saml":{"entity_id":"urn:app","acs":["https://app.example/acs"]}}`, ""},
		{`{"kind":"saml","saml":{"entity_id":"urn:app","acs":["http://app.example/acs"]}}`, "saml: acs: is not https"},
		{`{"kind":"saml","url":"https://app.example/"}`, "saml: needs entity_id and acs"},
		{`{"kind":"native","native":{"id":"cad"}}`, ""},
		{`{"kind":"native","url":"https://app.example/"}`, "names no program"},
		{`{"kind":"steps","url":"https://app.example/in","params":[["t","{ticket}"]],"steps":[{"method":"GET","url":"https://api.example/","set":{"ticket":"t"}}]}`, ""},
		{`{"kind":"steps","url":"https://app.example/in","steps":[]}`, "steps: is missing"},
		{`{"kind":"steps","url":"https://{ticket}/in","steps":[{"method":"GET","url":"https://api.example/","set":{"ticket":"t"}}]}`, "may stand in the host"},
		{`{"kind":"steps","url":"http://app.example/in","steps":[{"method":"GET","url":"https://api.example/"}]}`, "not https"},
		{`{"kind":"magic","url":"https://app.example/"}`, `kind "magic" is not known`},
		{`[]`, "read launch"},
		{``, "read launch"},
	} {
		_, err := catalog.ParseLaunch(json.RawMessage(c.launch), []string{"intranet.acme"})
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: err = %v, want %q", c.launch, err, c.err)
		}
	}
}

func TestLaunchWithoutEmail(t *testing.T) {
	w := newWorld(t)
	zhang := w.signedIn(acme, "张三")
	_, err := w.Store.UpsertPerson(t.Context(), server.Person{ID: "x", EnterpriseID: acme, Key: "张三", Name: "张三", Email: "not@verified"})
	must(t, err)
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "a", EnterpriseID: acme, Launch: raw(map[string]any{"kind": "link", "url": w.app.URL, "params": [][2]string{{"h", "{login_hint?}"}, {"i", "at {issuer}"}}})}))
	must(t, w.Store.SaveApp(t.Context(), server.App{ID: "b", EnterpriseID: acme, Launch: raw(map[string]any{"kind": "link", "url": w.app.URL, "params": [][2]string{{"h", "{login_hint}"}}})}))
	b := w.browser()
	b.signIn(zhang)
	b.open(w.issuer(acme) + "/a/a")
	if want := "/?i=" + url.QueryEscape("at "+w.issuer(acme)); w.opened != want {
		t.Errorf("opened %q, want %q", w.opened, want)
	}
	if b.open(w.issuer(acme) + "/a/b"); !errors.Is(w.failed, auth.EnterpriseMisconfig) {
		t.Errorf("a required hint that is not there: %v", w.failed)
	}
}
