package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// png is the smallest picture that counts as one.
var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")

func TestHome(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	for i, v := range []server.SignIn{
		{Stage: "person", PersonID: "person-acme"},
		{Stage: "token", Fault: auth.ProviderSecret},
		{Stage: "token", Fault: auth.ProviderSecret},
		{Stage: "user", Fault: auth.FieldMissing},
		{Stage: "launch", Fault: auth.AppValueMissing},
	} {
		v.EnterpriseID, v.Reference, v.At = acme, auth.NewTrace(), w.Now().Add(-time.Duration(i)*time.Hour)
		must(t, w.Store.RecordSignIn(ctx, v))
	}
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{EnterpriseID: acme, Stage: "token", Fault: auth.AnswerNotData, At: w.Now().AddDate(0, 0, -8)}))
	b := w.operator().at(acme)
	p := b.Get("/admin/")
	p.shows(t, "home", "The company's sign-in refused this server", "2×", "Enter the new one under Connector", "1×", "Name them on the app's page", "Nobody to ask")
	if strings.Contains(p.Body, "wrong answer") {
		t.Error("what is older than a week needs attention")
	}
	p = b.Get("/admin/sign-ins?failed=1&fault=provider_secret&stage=token")
	if n := strings.Count(p.Body, `class="dot bad"`); n != 2 {
		t.Errorf("the cause leads to %d lines, want 2", n)
	}
	b.lang = "zh-CN"
	b.Get("/admin/").shows(t, "in Chinese", "需要关注", "没有求助联系人")
}

func TestPeople(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	must(t, w.Store.SaveSession(ctx, server.Session{
		ID: "child", EnterpriseID: acme, PersonID: "person-acme", Parent: "session-acme", Client: "launch", Device: "Chrome on Linux",
		CreatedAt: w.Now(), LastSeen: w.Now(), ExpiresAt: w.Now().Add(time.Hour),
	}))
	b := w.operator().at(acme)
	b.Get("/admin/people?q=zhangs").shows(t, "list", "张三 of acme", "ZhangSan", "last seen")
	b.Get("/admin/people/person-acme").shows(t, "person", "Account ID", "ZhangSan", "Lanyard on acme", "Chrome on Linux", "opened from Lanyard", "End access")

	b.lang = "zh-CN"
	b.Get("/admin/people/person-acme").shows(t, "in Chinese", "Linux 上的 Chrome", "Lanyard on acme")
	b.lang = "en"
	if p := b.Post("/admin/people/person-acme/sessions/child/end", nil); p.Location() != "/admin/people/person-acme?done=device_ended" {
		t.Errorf("end device: status %d", p.Status)
	}
	if p := b.Get("/admin/people/person-acme?done=device_ended"); strings.Contains(p.Body, "Chrome on Linux") || !strings.Contains(p.Body, "The device is signed out") {
		t.Errorf("after: %s", main(p.Body))
	}
	b.follow(b.Post("/admin/people/person-acme/role", url.Values{"role": {"help_desk"}})).shows(t, "role", "The role is changed")
	b.Get("/admin/settings").shows(t, "settings", "Help desk", "张三 of acme")
	b.Post("/admin/people/person-acme/role", url.Values{"role": {"administrator"}})
	if a, err := w.Store.AdminByPerson(ctx, acme, "person-acme"); err != nil || a.Role != server.RoleAdministrator {
		t.Errorf("role: %v, %v", a.Role, err)
	}
	b.Post("/admin/people/person-acme/role", url.Values{"role": {""}})
	if _, err := w.Store.AdminByPerson(ctx, acme, "person-acme"); err == nil {
		t.Error("the role is still there")
	}

	b.follow(b.Post("/admin/people/person-acme/end", nil)).shows(t, "ended", "Access has ended", "Not signed in anywhere", "Give access back")
	if _, err := w.Store.Session(ctx, acme, "session-acme", w.Now()); err == nil {
		t.Error("a leaver's session stands")
	}
	b.follow(b.Post("/admin/people/person-acme/restore", nil)).shows(t, "restored", "Access is given back", "End access")
	b.Get("/admin/audit").shows(t, "audit", "ended somebody's access", "gave access back", "changed a role", "looked at a person", "signed a device out")
}

// Two admins change the role of the same person at the same moment: each is told that it is
// done, and the later wish counts.
func TestRoleAtTheSameMoment(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	role := func() server.Role {
		a, err := w.Store.AdminByPerson(ctx, acme, "person-acme")
		if !errors.Is(err, auth.ErrNotFound) {
			must(t, err)
		}
		return a.Role
	}
	give := func(as, id string) error {
		return w.Store.SaveAdmin(ctx, server.Admin{ID: id, EnterpriseID: acme, PersonID: "person-acme", Name: "张三", Role: server.Role(as), CreatedAt: w.Now()})
	}
	for _, row := range []struct {
		name, role      string
		before, between func() error
	}{
		{"both give one", "administrator", func() error { return nil }, func() error { return give("help_desk", "theirs") }},
		{"both take it", "", func() error { return nil }, func() error { return w.Store.DeleteAdmin(ctx, acme, "theirs") }},
		{"one gives, one takes", "help_desk", func() error { return give("administrator", "theirs") }, func() error { return w.Store.DeleteAdmin(ctx, acme, "theirs") }},
	} {
		must(t, row.before())
		w.asked = func() {
			w.asked = nil
			must(t, row.between())
		}
		p := b.Post("/admin/people/person-acme/role", url.Values{"role": {row.role}})
		if p.Location() != "/admin/people/person-acme?done=role" || role() != server.Role(row.role) {
			t.Errorf("%s: status %d, role %q", row.name, p.Status, role())
		}
	}
}

// Who has no access any more stands in the list as before, with a word that says why.
func TestPeopleWhoAreGone(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	gone := func(name string) string {
		t.Helper()
		for _, row := range strings.Split(main(b.Get("/admin/people").Body), "<li")[1:] {
			if !strings.Contains(row, name) {
				continue
			}
			if _, word, ok := strings.Cut(row, `<span class="word">`); ok {
				word, _, _ = strings.Cut(word, "<")
				return word
			}
			return ""
		}
		t.Fatalf("%s is not in the list", name)
		return ""
	}
	for _, step := range []struct {
		do     func() error
		en, zh string
	}{
		{func() error { return nil }, "", ""},
		{func() error { return w.Store.LeavePerson(ctx, acme, "person-acme", w.Now()) }, "Left", "已离职"},
		{func() error { return w.Store.EndPerson(ctx, acme, "person-acme", w.Now()) }, "Access ended", "访问已结束"},
		{func() error { return w.Store.RestorePerson(ctx, acme, "person-acme") }, "Left", "已离职"},
		{func() error {
			_, err := w.Store.UpsertPerson(ctx, server.Person{ID: "person-acme", EnterpriseID: acme, Key: "k", Name: "张三 of acme", LastSeen: w.Now()})
			return err
		}, "", ""},
	} {
		must(t, step.do())
		if got := gone("张三 of acme"); got != step.en {
			t.Errorf("in English %q, want %q", got, step.en)
		}
		b.lang = "zh-CN"
		if got := gone("张三 of acme"); got != step.zh {
			t.Errorf("in Chinese %q, want %q", got, step.zh)
		}
		b.lang = "en"
	}
	must(t, w.Store.LeavePerson(ctx, acme, "person-acme", w.Now()))
	b.Get("/admin/people/person-acme").shows(t, "person", "Left", "says the company's sign-in", "End access")
}

func TestApps(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	b.Get("/admin/apps/new").shows(t, "kinds", "OpenID Connect", "your own too", "WPS / Kdocs", "Alibaba Cloud (role SSO)", "AWS (IAM role)", "Link")
	p := b.upload("/admin/apps/new", map[string]string{"name_en": "", "url": "ftp://x.example"}, "icon", []byte("<svg>"))
	p.shows(t, "faults", "Please fill this in", "begins with https://", "Not a PNG, JPEG or WebP picture")
	notes := url.Values{
		"preset": {"oidc"}, "name_en": {"My Notes"}, "name_zh": {"笔记"}, "url": {"https://notes.example/login"}, "opens": {"oidc"},
		"redirect_uris": {"https://notes.example/cb\r\nhttps://notes.example/cb2"}, "alg": {"RS256"}, "public": {"no"},
	}
	p = b.Post("/admin/apps/new", notes)
	p.shows(t, "added", "It is not shown again", w.URL+"/e/"+acme, "my-notes", w.URL+"/e/"+acme+"/a/my-notes", "openid-client", "in any browser (this server signs in)")
	app, err := w.Store.App(ctx, acme, "my-notes")
	must(t, err)
	if !strings.HasPrefix(string(app.Launch), `{"kind":"oidc","url":"https://notes.example/login"`) || app.Title["zh"] != "笔记" || app.Position != 1 {
		t.Errorf("stored: %s %v %d", app.Launch, app.Title, app.Position)
	}
	client, err := w.Store.Client(ctx, acme, "my-notes")
	must(t, err)
	if len(client.RedirectURIs) != 2 || client.SecretHash == "" || client.Alg != "RS256" {
		t.Errorf("client: %+v", client)
	}
	_, secret, _ := strings.Cut(p.Body, `<code id="secret" class="value">`)
	secret, _, _ = strings.Cut(secret, "<")
	if server.Hash(secret) != client.SecretHash || strings.Count(p.Body, secret) != 1 {
		t.Errorf("the secret stands there %d times:\n%s", strings.Count(p.Body, secret), main(p.Body))
	}
	// A name that is the same in both languages is typed once, wherever.
	if p := b.Post("/admin/apps/new", url.Values{"name_zh": {"Team Wiki"}, "url": {"https://wiki.example/"}}); p.Location() != "/admin/apps/team-wiki?done=app" {
		t.Errorf("an app without an English name: status %d to %q", p.Status, p.Location())
	}
	b.Post("/admin/apps/team-wiki/delete", nil)
	// A form may ask for a part only: the rest stays.
	p = b.upload("/admin/apps/my-notes", map[string]string{"name_en": "My Notes", "name_zh": "笔记"}, "icon", png)
	if p.Location() != "/admin/apps/my-notes?done=app" {
		t.Fatalf("change: status %d to %q\n%s", p.Status, p.Location(), main(p.Body))
	}
	b.follow(p).shows(t, "app", "Saved", "https://notes.example/cb2")
	if app, err = w.Store.App(ctx, acme, "my-notes"); err != nil || app.Icon == "" {
		t.Fatalf("%+v, %v", app, err)
	}
	if p := b.Get("/admin/icons/" + app.Icon); p.Status != http.StatusOK || p.Header.Get("Content-Type") != "image/png" || p.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("icon: %d %v", p.Status, p.Header)
	}
	if again, _ := w.Store.Client(ctx, acme, "my-notes"); again.SecretHash != client.SecretHash {
		t.Error("saving again made a new secret")
	}
	large := append(append([]byte{}, png...), make([]byte, 300<<10)...)
	b.upload("/admin/apps/my-notes", map[string]string{"name_en": "My Notes"}, "icon", large).shows(t, "large", "too large")
	b.Post("/admin/apps/my-notes", url.Values{"new_secret": {"1"}}).shows(t, "new secret", "It is not shown again")
	b.Post("/admin/apps/my-notes", url.Values{"redirect_uris": {"https://notes.example/cb#x"}}).shows(t, "bad redirect", "begins with https://")
	b.Post("/admin/apps/my-notes", url.Values{"public": {"perhaps"}}).shows(t, "bad choice", "yes")

	order := func() string {
		list, err := w.Store.Apps(ctx, acme)
		must(t, err)
		var ids []string
		for _, a := range list {
			ids = append(ids, a.ID)
		}
		return strings.Join(ids, " ")
	}
	b.Post("/admin/apps/my-notes/move", url.Values{"to": {"up"}})
	if got := order(); got != "my-notes app-acme" {
		t.Errorf("order: %s", got)
	}
	b.Post("/admin/apps/my-notes/move", url.Values{"to": {"up"}})
	b.Post("/admin/apps/my-notes/move", url.Values{"to": {"down"}})
	if got := order(); got != "app-acme my-notes" {
		t.Errorf("order: %s", got)
	}
	b.follow(b.Post("/admin/apps/my-notes/delete", nil)).shows(t, "deleted", "The app was removed")
	if _, err := w.Store.Client(ctx, acme, "my-notes"); err == nil {
		t.Error("the app's client is still there")
	}
}

// What a file has set up stays when the form changes the name.
func TestAppOfFile(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	for id, launch := range map[string]string{
		"console": `{"kind":"native","native":{"id":"pad"}}`, "params": `{"kind":"link","params":[["a","{issuer}"]],"url":"https://x.example"}`,
	} {
		must(t, w.Store.SaveApp(ctx, server.App{ID: id, EnterpriseID: acme, Title: auth.Text{"en": id}, Launch: []byte(launch)}))
	}
	b := w.operator().at(acme)
	b.Get("/admin/apps/console").shows(t, "form", "set up by a file")
	b.Post("/admin/apps/console", url.Values{"name_en": {"New name"}, "kind": {"link"}, "url": {"https://evil.example"}})
	if app, _ := w.Store.App(ctx, acme, "console"); app.Title["en"] != "New name" || string(app.Launch) != `{"kind":"native","native":{"id":"pad"}}` {
		t.Errorf("stored: %v %s", app.Title, app.Launch)
	}
	b.Post("/admin/apps/params", url.Values{"name_en": {"P"}, "kind": {"link"}, "url": {"https://y.example"}})
	if app, _ := w.Store.App(ctx, acme, "params"); app.Title["en"] != "P" || string(app.Launch) != `{"kind":"link","params":[["a","{issuer}"]],"url":"https://x.example"}` {
		t.Errorf("stored: %s", app.Launch)
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	fields := map[string]string{
		"name_en": "Acme Ltd", "name_zh": "顶点", "code": "acme-group", "help_name": "IT", "help_phone": "4008", "domains": "Acme.com acme.cn", "public": "1",
	}
	p := b.follow(b.upload("/admin/settings", fields, "logo", png))
	p.shows(t, "saved", "Saved", "acme-group", "Still working: acme", "Ask IT: IT · 4008", "/join/acme-group",
		"/.well-known/lanyard-enterprise", `{"directory":"`+w.URL+`","code":"acme-group"}`)
	e, err := w.Store.Enterprise(ctx, acme)
	must(t, err)
	if e.Code != "acme-group" || e.Name["zh"] != "顶点" || e.Help.Phone != "4008" || !e.Public || len(e.Domains) != 2 || e.Domains[0] != "acme.com" ||
		!strings.HasPrefix(e.Logo, "data:image/png;base64,") {
		t.Errorf("stored: %+v", e)
	}
	if old, err := w.Store.EnterpriseByCode(ctx, server.Hash("acme")); err != nil || old.ID != acme {
		t.Errorf("the old code leads to %q, %v", old.ID, err)
	}
	for field, row := range map[string][2]string{
		"code": {"other", "Another company uses this code"}, "help_link": {"javascript:alert(1)", "begins with https://"},
	} {
		form := url.Values{"name_en": {"Acme"}, "code": {"acme"}}
		form.Set(field, row[0])
		b.Post("/admin/settings", form).shows(t, field, row[1])
	}
	b.Post("/admin/settings", url.Values{"name_en": {""}, "code": {"acme"}}).shows(t, "no name", "Please fill this in")
	for _, size := range []int{100 << 10, 3 << 20} { // as it comes from a designer
		b.upload("/admin/settings", fields, "logo", append(append([]byte{}, png...), make([]byte, size)...)).shows(t, "large logo", "too large")
	}
	b.Get("/admin/audit").shows(t, "audit", "code acme → acme-group", "changed settings")
}

// Who hangs up as soon as the deed is done is in the audit all the same.
func TestAuditOfWhoHangsUp(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	r := httptest.NewRequest(http.MethodPost, w.URL+"/admin/people/person-acme/end", nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range b.Client.Jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	w.Advance(time.Minute)
	ctx, hangUp := context.WithCancel(t.Context())
	w.ended = hangUp
	mux := http.NewServeMux()
	w.console.Mount(mux)
	mux.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	if ctx.Err() == nil {
		t.Fatal("nothing was ended")
	}
	lines, err := w.Store.FindAudits(t.Context(), server.AuditFilter{EnterpriseID: acme, Limit: 1})
	if err != nil || len(lines) != 1 || lines[0].Action != "person.ended" {
		t.Errorf("audit %+v, %v", lines, err)
	}
}

func TestAuditPage(t *testing.T) {
	w := newWorld(t)
	w.populate()
	op := w.operator().at(acme)
	op.Get("/admin/people/person-acme")
	op.Get("/admin/audit").shows(t, "operator", "used a one-time link", "looked at a person", "190 days")
	admin := w.person("acme", server.RoleAdministrator)
	p := admin.Get("/admin/audit")
	p.shows(t, "administrator", "looked at a person", "signed in")
	if strings.Contains(p.Body, "one-time link") {
		t.Error("an administrator sees what is about the server")
	}
	if p := admin.Get("/admin/audit?q=nothing+like+it"); !strings.Contains(p.Body, "Nothing here") {
		t.Errorf("filter: %s", main(p.Body))
	}
	day := w.Now().Format(time.DateOnly)
	if p := admin.Get("/admin/audit?since=" + day + "&until=" + day); !strings.Contains(p.Body, "looked at a person") {
		t.Error("the day itself is not in its span")
	}
	if p := admin.Get("/admin/audit?until=2001-01-01"); strings.Contains(p.Body, "looked at a person") {
		t.Error("until does not filter")
	}
	// The day is the reader's: theirs begins eight hours earlier.
	night := time.Date(2026, 3, 9, 18, 0, 0, 0, time.UTC) // 2 o'clock on the tenth in China
	must(t, w.Store.RecordAudit(t.Context(), server.Audit{ID: "night", EnterpriseID: acme, Actor: "night shift", Action: "signin", At: night}))
	for query, want := range map[string]bool{
		"since=2026-03-10&until=2026-03-10&zone=480": true, "since=2026-03-09&until=2026-03-09&zone=480": false,
		"since=2026-03-09&until=2026-03-09": true, "since=2026-03-10&until=2026-03-10&zone=999999": false,
	} {
		if got := strings.Contains(admin.Get("/admin/audit?"+query).Body, "night shift"); got != want {
			t.Errorf("%s: found %t", query, got)
		}
	}
	for i, line := range []server.Audit{
		{Action: "device.ended", Object: "张三", Detail: "Browser on Windows"},
		{Action: "role.given", Object: "张三", Detail: "help_desk"},
		{Action: "app.people", Object: "Wiki", Detail: "people 3, groups 1"},
		{Action: "connector.people", Detail: "everyone"},
		{Action: "app.people", Object: "Wiki", Detail: "名单 2 人"}, // as an older version kept it
	} {
		line.ID, line.EnterpriseID, line.Actor, line.At = fmt.Sprint("line", i), acme, "admin", w.Now()
		must(t, w.Store.RecordAudit(t.Context(), line))
	}
	admin.lang = "zh-CN"
	admin.Get("/admin/audit").shows(t, "in Chinese", "Windows 上的浏览器", "服务台", "名单 3 人、1 个组", "所有人", "名单 2 人")
	admin.lang = "en"
	p = admin.Get("/admin/audit/export.csv")
	p.shows(t, "export", "person.opened", "张三 of acme")
	if !strings.HasPrefix(p.Body, "\ufefftime,who") {
		t.Errorf("a spreadsheet takes this for another encoding: %.20q", p.Body)
	}
}
