package catalog_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// employee gives a person of Acme what steps may say of them.
func (w *world) employee(name, number string) account {
	w.T.Helper()
	a := w.signedIn(acme, name)
	_, err := w.Store.UpsertPerson(w.T.Context(), server.Person{
		EnterpriseID: acme, Key: name, Account: name, Name: name, Email: "z+s@acme.com", EmailVerified: true,
		Authoritative: map[string]string{"employee_no": number, "id_token": "planted", "issuer": "https://evil.example"},
	})
	must(w.T, err)
	return a
}

// assign lets the accounts alone open an app, with a role each.
func (w *world) assign(app, role string, accounts ...string) {
	w.T.Helper()
	a := server.Audience{EnterpriseID: acme, AppID: app}
	for _, account := range accounts {
		a.Members = append(a.Members, server.Member{Account: account, Values: map[string]string{"role": role}})
	}
	must(w.T, w.Store.SaveAudience(w.T.Context(), a))
}

func (w *world) openings() []server.Opening {
	w.T.Helper()
	all, err := w.Store.FindOpenings(w.T.Context(), acme, "", time.Time{}, 0, 0)
	must(w.T, err)
	return all
}

// outcomes are those of all openings, the newest first, as "app outcome".
func (w *world) outcomes() []string {
	var out []string
	for _, o := range w.openings() {
		out = append(out, o.AppID+" "+o.Outcome)
	}
	return out
}

func TestAlibabaCloudByOIDC(t *testing.T) {
	w := newWorld(t)
	a := newAliyun(w)
	must(t, w.Store.SaveApp(t.Context(), a.app()))
	zhang := w.employee("张三", "zhang.san")
	w.assign("aliyun", "reader", "张三")
	b := w.browser()
	b.signIn(zhang)
	for range 2 { // nothing of the first time serves the second
		if _, page := b.open(w.issuer(acme) + "/a/aliyun"); page != "console of zhang.san" {
			t.Fatalf("the browser is at %q: %s, %v", b.trail, page, w.failed)
		}
	}
	want := []string{"AssumeRoleWithOIDC", "GetSigninToken", "Login"}
	if !slices.Equal(a.asked, append(slices.Clone(want), want...)) {
		t.Errorf("Alibaba Cloud was asked for %q", a.asked)
	}
	// By a launch link too, in a browser that has never signed in.
	if _, page := w.browser().open(w.agentFor(zhang, "aliyun").link.URL); page != "console of zhang.san" {
		t.Errorf("by launch link: %s", page)
	}
	if got := w.outcomes(); !slices.Equal(got, []string{"aliyun linked", "aliyun linked", "aliyun linked"}) {
		t.Errorf("openings %q", got)
	}
	w.wantNoSecrets(a)
}

// wantNoSecrets fails the test if the server's log shows what steps handled.
func (w *world) wantNoSecrets(a *aliyun) {
	w.T.Helper()
	log := w.Log.String()
	for id, key := range a.keys {
		for _, secret := range []string{id, key[0], key[1]} {
			if strings.Contains(log, secret) {
				w.T.Errorf("the log shows %s", secret)
			}
		}
	}
	if i := strings.Index(log, "eyJ"); i >= 0 {
		w.T.Errorf("the log shows a token: %s", log[max(0, i-80):i+80])
	}
}

func TestAlibabaCloudRefuses(t *testing.T) {
	w := newWorld(t)
	a := newAliyun(w)
	must(t, w.Store.SaveApp(t.Context(), a.app()))
	zhang := w.employee("张三", "zhang.san")
	b := w.browser()
	b.signIn(zhang)
	for _, c := range []struct {
		what   string
		change func()
		fault  auth.Fault
		detail string
	}{
		{"no role", func() { w.assign("aliyun", "", "张三") }, auth.EnterpriseMisconfig, "{assigned.role} has no value"},
		{"unknown role", func() { w.assign("aliyun", "writer", "张三") }, auth.ProviderFailed, `code "EntityNotExist.Role"`},
		{"no permission", func() { w.assign("aliyun", "reader", "张三"); a.denies = "NoPermission" }, auth.ProviderFailed, `code "NoPermission"`},
		{"no name for the session", func() { w.employee("张三", "zhang san") }, auth.ProviderFailed, `code "InvalidParameter.RoleSessionName"`},
		{"vendor down", func() { a.Close() }, auth.ProviderUnreachable, ""},
	} {
		c.change()
		w.failed = nil
		b.open(w.issuer(acme) + "/a/aliyun")
		if !errors.Is(w.failed, c.fault) {
			t.Errorf("%s: failed with %v, want %s", c.what, w.failed, c.fault)
		}
		lines, err := w.Store.SignInsByReference(t.Context(), acme, w.reference)
		if err != nil || len(lines) != 1 {
			t.Fatalf("%s: %d lines for reference %q, %v", c.what, len(lines), w.reference, err)
		}
		line := lines[0]
		if line.Fault != c.fault || line.AppID != "aliyun" || line.PersonID != zhang.person || line.Stage != "open" || !strings.HasPrefix(line.Detail, `stage "sts"; `) || !strings.Contains(line.Detail, c.detail) {
			t.Errorf("%s: line %+v", c.what, line)
		}
		if strings.Contains(line.Detail, "eyJ") {
			t.Errorf("%s: the line shows the token: %s", c.what, line.Detail)
		}
	}
	if got := w.outcomes(); !slices.Equal(got, []string{"aliyun failed", "aliyun failed", "aliyun failed", "aliyun failed", "aliyun failed"}) {
		t.Errorf("openings %q", got)
	}
	if w.opened != "" {
		t.Error("another app was opened")
	}
	w.wantNoSecrets(a)
}

// What a vendor answers goes into the query and nowhere else, and an app's own secrets
// come out for its own steps only.
func TestStepsKeepToTheirPlace(t *testing.T) {
	w := newWorld(t)
	var shown []string
	w.Mux.HandleFunc("GET /vendor", func(rw http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("X-Key")+"|"+r.URL.Query().Get("iss"))
		_, _ = rw.Write([]byte(`{"ticket":"x&role=admin#@evil.example/"}`))
	})
	app := server.App{
		ID: "wiki", EnterpriseID: acme, Sealed: w.Base.Sealer.Seal([]byte(`{"key":"s3cret-key","other":"s3cret-other"}`), "app wiki"),
		Launch: raw(map[string]any{
			"kind": "steps", "url": w.app.URL + "/in", "params": [][2]string{{"t", "{ticket}"}}, "secrets": []string{"key"},
			"steps": []map[string]any{{"method": "GET", "url": w.URL + "/vendor", "headers": map[string]string{"X-Key": "{key}"}, "query": map[string]string{"iss": "{issuer}", "o": "{other?}"}, "set": map[string]string{"ticket": "ticket"}, "require": []string{"ticket"}}},
		}),
	}
	must(t, w.Store.SaveApp(t.Context(), app))
	b := w.browser()
	b.signIn(w.employee("张三", "1"))
	b.open(w.issuer(acme) + "/a/wiki")
	if w.opened != "/in?t=x%26role%3Dadmin%23%40evil.example%2F" {
		t.Errorf("opened %q, %v", w.opened, w.failed)
	}
	if want := "s3cret-key|" + w.issuer(acme); len(shown) != 1 || shown[0] != want {
		t.Errorf("the vendor was shown %q, want %q", shown, want)
	}
	// Sealed for another app, they open nothing here.
	app.Sealed = w.Base.Sealer.Seal([]byte(`{"key":"s3cret-key"}`), "app other")
	must(t, w.Store.SaveApp(t.Context(), app))
	if b.open(w.issuer(acme) + "/a/wiki"); !errors.Is(w.failed, auth.EnterpriseMisconfig) || len(shown) != 1 {
		t.Errorf("another app's secrets: %v, the vendor was shown %q", w.failed, shown)
	}
	if strings.Contains(w.Log.String(), "s3cret") {
		t.Error("the log shows a secret")
	}
}

func TestStepsWithoutAClient(t *testing.T) {
	w := newWorld(t)
	a := newAliyun(w)
	app := a.app()
	app.ClientID = ""
	must(t, w.Store.SaveApp(t.Context(), app))
	b := w.browser()
	b.signIn(w.employee("张三", "1"))
	if b.open(w.issuer(acme) + "/a/aliyun"); !errors.Is(w.failed, auth.EnterpriseMisconfig) || len(a.asked) != 0 {
		t.Errorf("%v, asked %q", w.failed, a.asked)
	}
}
