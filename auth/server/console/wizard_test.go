package console_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/server"
)

// details fills the draft of a preset of three interfaces.
func (b *browser) details(change url.Values) page {
	b.w.T.Helper()
	values := b.w.vendor.values()
	for name, value := range change {
		values[name] = value
	}
	return b.Post("/admin/connector/details", values)
}

var vendorLink = regexp.MustCompile(`id="go" href="([^"]*)"`)

// try makes a test sign-in and returns the page that tells how it went.
func (b *browser) try() page {
	b.w.T.Helper()
	p := b.Post("/admin/connector/test", nil)
	m := vendorLink.FindStringSubmatch(p.text())
	if m == nil {
		b.w.T.Fatalf("test: status %d, no link to the vendor\n%s", p.Status, main(p.text()))
	}
	back := b.Get(m[1]).Location()
	return b.follow(b.Get(back))
}

// TestWizardComesBack checks that what an admin began for a new company is found again
// after they have left, with the address that they registered meanwhile.
func TestWizardComesBack(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	b.follow(b.Post("/admin/companies/new", nil))
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	p := b.follow(b.details(nil))
	address := regexp.MustCompile(`/oauth/v1/code\?app_id=AK\w+`).FindString(p.text())

	b = w.operator() // another day
	p = b.Get("/admin/companies")
	p.shows(t, "companies", "Not finished yet", "Company SSO", "Connect your company")
	id := regexp.MustCompile(`/begun"><input type="hidden" name="id" value="(\w+)"`).FindStringSubmatch(p.Body)
	if address == "" || id == nil {
		t.Fatalf("address %q, list %s", address, main(p.text()))
	}
	p = b.follow(b.follow(b.Post("/admin/companies/begun", url.Values{"id": {id[1]}})))
	p.shows(t, "gone on", "Test sign-in", address)
	b.try().shows(t, "tested", "张三 · ZhangSan")

	if p := b.Post("/admin/companies/begun", url.Values{"id": {acme}, "drop": {"1"}}); p.Status != http.StatusNotFound {
		t.Errorf("a company that exists: status %d", p.Status)
	}
	p = b.follow(b.Post("/admin/companies/begun", url.Values{"id": {id[1]}, "drop": {"1"}}))
	if strings.Contains(p.Body, "Not finished yet") {
		t.Error("what was dropped is still listed")
	}
}

func TestWizard(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	p := b.follow(b.Post("/admin/companies/new", nil))
	p.shows(t, "tiles", "Where do your people sign in today?", "three interfaces", "WeCom")
	p = b.follow(b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}}))
	p.shows(t, "fields", "Sign-in page", "授权页面地址", "https://sso.acme.com/authorize", "It stays on this server")

	p = b.details(url.Values{"token_url": {""}, "user_url": {"ftp://x"}})
	if p.Status != http.StatusUnprocessableEntity {
		t.Errorf("faults: status %d", p.Status)
	}
	p.shows(t, "faults", "Please fill this in", "begins with https://")
	if strings.Contains(p.Body, vendorSecret) {
		t.Error("the page shows the secret")
	}
	p = b.follow(b.details(url.Values{"client_secret": {""}})) // kept
	p.shows(t, "test page", "Register this address at your company's SSO", w.URL+"/oauth/v1/code?app_id=AK", "sign in with a test account")
	if strings.Contains(p.Body, "Colleagues will appear") {
		t.Error("a draft can be saved before it was tested")
	}
	if p := b.Post("/admin/connector/save", url.Values{"name_en": {"Acme"}, "code": {"acme"}}); p.Status != http.StatusBadRequest {
		t.Errorf("saved without a test: status %d", p.Status)
	}

	b.try().shows(t, "tested", "It came back with a code", "Token received, valid 60 min", "张三 · ZhangSan", "Colleagues will appear like this")
	p = b.Get("/admin/connector/test")
	if strings.Contains(p.Body, vendorSecret) || strings.Contains(p.Body, vendorToken) {
		t.Error("the page shows a secret")
	}
	b.Post("/admin/connector/save", url.Values{"code": {"acme"}}).shows(t, "no name", "Please fill this in")
	b.Post("/admin/connector/save", url.Values{"name_en": {"Acme"}, "code": {"not a code!"}}).shows(t, "bad code", "2 to 64 letters")
	p = b.follow(b.Post("/admin/connector/save", url.Values{"name_zh": {"顶点"}, "code": {"Acme"}, "reverify": {"1d"}}))
	p.shows(t, "done", "It works", "/acme", "AK", "/join/acme", "Try it with five people first")

	e, err := w.Store.EnterpriseByCode(context.Background(), server.Hash("acme"))
	must(t, err)
	c, err := w.Store.ActiveConnector(context.Background(), e.ID)
	must(t, err)
	if e.Name["zh"] != "顶点" || !strings.Contains(p.Body, c.AppID) || !strings.Contains(string(c.Document), `"reverify":"1d"`) {
		t.Errorf("saved: %v, %s", e.Enterprise, c.Document)
	}
	if strings.Contains(string(c.Document), vendorSecret) || len(c.Sealed) == 0 {
		t.Error("the secret is not sealed")
	}
	if _, err := w.Store.Draft(context.Background(), e.ID, server.DraftNext); err == nil {
		t.Error("the draft is still there")
	}

	// The same code for a second company.
	b.Post("/admin/companies/new", nil)
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(nil)
	b.try()
	b.Post("/admin/connector/save", url.Values{"name_en": {"Second"}, "code": {"acme"}}).shows(t, "taken", "Another company uses this code")
	b.follow(b.Post("/admin/connector/save", url.Values{"name_en": {"Second"}})).shows(t, "made up", "It works")
}

// Each stage fails in its own words.
func TestWizardFailures(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(nil)
	v := w.vendor
	for _, row := range []struct {
		name   string
		change func()
		fields url.Values
		want   string
	}{
		{"secret", nil, url.Values{"client_secret": {"wrong"}}, "Wrong secret (Company SSO: invalid_client)."},
		{"web page", func() {
			v.token = func(w http.ResponseWriter, _ *http.Request) bool {
				_, _ = io.WriteString(w, "<html><title>Sign in</title>")
				return true
			}
		}, nil, "not data: is this the sign-in page's address?"},
		{"state", func() { v.state = "zustand" }, nil, "without our state"},
		{"denied", func() {
			v.token = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"code":4711,"msg":"no <b>such</b> code"}`)
				return true
			}
		}, nil, "said no: 4711: no <b>such</b> code"},
		{"unreachable", nil, url.Values{"token_url": {"https://127.0.0.1:1/x"}}, "Can't reach 127.0.0.1:1"},
		{"private", nil, url.Values{"token_url": {"https://10.0.0.1/x"}}, "10.0.0.1:443 is not a public address. If it is your company's own"},
		{"insecure", nil, url.Values{"token_url": {"http://sso.acme.com/x"}}, "sso.acme.com has no encryption (https). If it is inside"},
		{"field", func() { v.user = map[string]any{"user_id": "u1", "name": "张三"} }, nil, "No union_id in the answer; it has: name, user_id."},
	} {
		v.set(func() { v.token, v.state, v.user = nil, "state", map[string]any{"union_id": "u", "user_name": "n"} })
		if row.change != nil {
			v.set(row.change)
		}
		b.details(row.fields)
		p := b.try()
		p.shows(t, row.name, row.want)
		if strings.Contains(p.Body, `id="mapped"`) || strings.Contains(p.Body, "<b>such</b>") {
			t.Errorf("%s: %s", row.name, main(p.Body))
		}
	}
	// It never came back.
	v.set(func() { v.state = "state" })
	b.details(nil)
	b.Post("/admin/connector/test", nil)
	b.Get("/admin/connector/test").shows(t, "never came back", "is the address above registered?")
}

// Values are picked in the answer that was kept, without another sign-in.
func TestWizardPicks(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(nil)
	w.vendor.set(func() {
		w.vendor.user = map[string]any{"data": map[string]any{
			"mail": "zhang@acme.com", "staff": []any{map[string]any{"user_id": "<i>8</i>", "display_name": "张 <script>alert(1)</script>"}}, "session_ticket": "s3cret",
		}}
	})
	p := b.try()
	p.shows(t, "tree", "What the answer holds", "data", "session_ticket", "zhang@acme.com")
	for _, want := range []string{
		`name="sub" value="data.staff.0.user_id" aria-label="ID: user_id" checked`, // guessed
		`name="name" value="data.staff.0.display_name" aria-label="Name: display_name" checked`,
	} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the tree lacks %s:\n%s", want, main(p.Body))
		}
	}
	if strings.Contains(p.Body, "<i>8") || strings.Contains(p.Body, "<script>alert") || strings.Contains(p.Body, "s3cret") {
		t.Error("the answer's HTML or a secret is on the page")
	}
	if strings.Contains(p.Body, `id="mapped"`) {
		t.Error("a guess was taken for an answer")
	}
	w.vendor.set(func() {
		w.vendor.token = func(http.ResponseWriter, *http.Request) bool { t.Error("asked again"); return false }
	})
	p = b.follow(b.Post("/admin/connector/values", url.Values{"sub": {"data.mail"}, "name": {""}}))
	p.shows(t, "an e-mail address", "This looks like an e-mail address", "zhang@acme.com")
	p = b.follow(b.Post("/admin/connector/values", url.Values{"sub": {"data.staff.0.user_id"}, "name": {"data.staff.0.display_name"}}))
	p.shows(t, "mapped", "Colleagues will appear like this", "<i>8</i>")
	p = b.follow(b.Post("/admin/connector/values", url.Values{"sub": {"data.none"}}))
	p.shows(t, "a place that is not there", "No data.none in the answer")
}

// A change is tested while the old one serves, then switched, then switched back.
func TestChangeConnector(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	b := w.operator()
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(nil)
	b.try()
	b.Post("/admin/connector/save", url.Values{"name_en": {"Acme"}, "code": {"acme"}})
	e, err := w.Store.EnterpriseByCode(ctx, server.Hash("acme"))
	must(t, err)
	first, err := w.Store.ActiveConnector(ctx, e.ID)
	must(t, err)
	serving := func() server.Connector {
		c, err := w.Store.ActiveConnector(ctx, e.ID)
		must(t, err)
		return c
	}

	w.Advance(time.Minute)
	b.Post("/admin/connector/new", url.Values{"preset": {""}})
	b.Get("/admin/connector").shows(t, "under way", "Not in use yet")
	b.Get("/admin/").shows(t, "attention", "A change of the sign-in is not finished")
	b.Get("/admin/connector/details").shows(t, "values", w.vendor.url+"/authorize", "kept as it is")
	b.details(url.Values{"client_secret": {""}, "scope": {"all"}, "client_id": {"acme-2"}})
	b.try().shows(t, "changed", "Put it to work")
	if now := serving(); now.UpdatedAt != first.UpdatedAt {
		t.Error("the change serves before it is switched")
	}
	b.follow(b.Post("/admin/connector/save", nil)).shows(t, "switched", "It works")
	second := serving()
	if second.ID != first.ID || second.AppID != first.AppID || !strings.Contains(string(second.Document), "acme-2") {
		t.Errorf("switched: %s, was %s: people would be signed out", second.ID, first.ID)
	}
	b.Get("/admin/connector").shows(t, "connector", "In use before", second.AppID)
	b.follow(b.Post("/admin/connector/back", nil)).shows(t, "back", "Switched back")
	if now := serving(); string(now.Document) != string(first.Document) || string(now.Sealed) != string(first.Sealed) {
		t.Errorf("back: %s", now.Document)
	}
	b.Post("/admin/connector/back", nil)
	if now := serving(); string(now.Document) != string(second.Document) {
		t.Errorf("and forth: %s", now.Document)
	}

	// Another sign-in: other people, so another id; the old one can come back.
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(nil)
	b.try()
	b.Post("/admin/connector/save", nil)
	if third := serving(); third.ID == first.ID || third.AppID == first.AppID {
		t.Error("people of another sign-in would be taken for those of the first")
	}
	b.Post("/admin/connector/back", nil)
	if now := serving(); now.ID != first.ID {
		t.Errorf("back: %s", now.ID)
	}
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.follow(b.Post("/admin/connector/drop", nil)).shows(t, "dropped", "Change its details")
}

// What comes back belongs to the test only in its own browser, once, with its state.
func TestTrialIsItsOwn(t *testing.T) {
	w := newWorld(t)
	b := w.operator()
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(nil)
	m := vendorLink.FindStringSubmatch(b.Post("/admin/connector/test", nil).text())
	back := b.Get(m[1]).Location()

	if p := w.browser().Get(back); p.Status != http.StatusTeapot {
		t.Errorf("another browser: status %d", p.Status)
	}
	w.populate()
	if p := w.person("acme", server.RoleAdministrator).Get(back); p.Status != http.StatusTeapot {
		t.Errorf("another company's admin: status %d", p.Status)
	}
	if p := b.Get("/oauth/v1/code?app_id=AK00000000XXXXXX&code=c&state=s"); p.Status != http.StatusTeapot {
		t.Errorf("another connector's callback: status %d", p.Status)
	}
	// A real sign-in in the same browser goes its own way.
	u, err := url.Parse(back)
	must(t, err)
	q := u.Query()
	q.Set("state", auth.RandomState())
	if p := b.Do("GET", u.Path+"?"+q.Encode(), "", http.Header{"Cookie": {"lanyard-flow-0123456789ab=x"}}); p.Status != http.StatusTeapot {
		t.Errorf("a sign-in of somebody's own: status %d", p.Status)
	}
	if p := b.Get(back); p.Location() != "/admin/connector/test" {
		t.Errorf("its own: status %d", p.Status)
	}
	if p := b.Get(back); p.Status != http.StatusTeapot {
		t.Errorf("a second time: status %d", p.Status)
	}
	b.Post("/admin/connector/test", nil)
	w.Advance(11 * time.Minute)
	if p := b.Get(back); p.Status != http.StatusTeapot {
		t.Errorf("late: status %d", p.Status)
	}
}

// OpenID providers are tested by the same three stages, with and without a secret.
func TestWizardOpenID(t *testing.T) {
	for preset, secret := range map[string]string{"oidc": "", "oidc-broker": vendorSecret} {
		w := newWorld(t)
		provider := authtest.NewProvider(t, authtest.Faults{})
		provider.Secret = secret
		b := w.operator()
		b.Post("/admin/connector/new", url.Values{"preset": {preset}})
		values := url.Values{"issuer": {provider.Issuer + "/elsewhere"}, "client_id": {authtest.ClientID}, "client_secret": {secret}}
		b.Post("/admin/connector/details", values)
		if p := b.Post("/admin/connector/test", nil); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: no provider there: status %d\n%s", preset, p.Status, main(p.text()))
		}
		values.Set("issuer", provider.Issuer)
		p := b.follow(b.Post("/admin/connector/details", values))
		callback := regexp.MustCompile(`http://[^<]*/c/[0-9a-f]+/callback`).FindString(p.text())
		if direct := strings.Contains(p.text(), "http://127.0.0.1/callback"); callback == "" || direct != (preset == "oidc") {
			t.Fatalf("%s: addresses to register:\n%s", preset, main(p.text()))
		}
		said := "Register this address at your OpenID provider"
		if preset == "oidc" {
			said = "Register both addresses at your OpenID provider"
		}
		p.shows(t, preset, said)
		if told := strings.Contains(p.text(), "For Lanyard on people's computers, with any port"); told != (preset == "oidc") {
			t.Errorf("%s: what the addresses are for:\n%s", preset, main(p.text()))
		}
		provider.Redirects = []string{callback}
		b.try().shows(t, preset, "It came back with a code", "Token received", "张三 · u-1001", "Colleagues will appear like this")
		b.follow(b.Post("/admin/connector/save", url.Values{"name_en": {"Acme"}, "code": {"acme"}})).shows(t, preset, "It works")
	}
}

// A connector that was written out by hand has no blanks but its secrets.
func TestChangeWrittenConnector(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	must(t, w.Store.SaveConnector(ctx, server.Connector{
		ID: "c1", EnterpriseID: acme, AppID: "AK1", Active: true, Document: []byte(strings.ReplaceAll(`{"schema":"connector/1","id":"own","title":{"en":"Own"},
			"kind":"steps","secrets":["client_secret"],"redirect":{"via":"broker"},
			"authorize":{"url":"V/authorize","params":[["redirect_uri","{redirect_uri}"],["state","{state}"]]},
			"steps":[{"id":"token","method":"POST","url":"V/accessToken","form":{"client_secret":"{client_secret}","code":"{code}"},"set":{"access_token":"access_token"},"require":["access_token"]},
			{"id":"user","method":"GET","url":"V/userInfo","query":{"access_token":"{access_token}"},"set":{"sub":"union_id","name":"user_name"},"require":["sub"]}]}`, "V", w.vendor.url)),
	}))
	b := w.operator().at(acme)
	b.Post("/admin/connector/new", url.Values{"preset": {""}})
	b.Get("/admin/connector/details").shows(t, "fields", "client_secret")
	b.Post("/admin/connector/details", url.Values{"client_secret": {vendorSecret}})
	b.try().shows(t, "tested", "张三 · ZhangSan")
	b.follow(b.Post("/admin/connector/save", nil)).shows(t, "saved", "It works")
	if c, err := w.Store.ActiveConnector(ctx, acme); err != nil || c.ID != "c1" || len(c.Sealed) == 0 {
		t.Errorf("saved: %+v, %v", c, err)
	}
}
