package console_test

import (
	"context"
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
	w.companies()
	ctx := context.Background()
	for i, v := range []server.SignIn{
		{Stage: "person", PersonID: "person-acme"},
		{Stage: "token", Fault: auth.ProviderSecret},
		{Stage: "token", Fault: auth.ProviderSecret},
		{Stage: "user", Fault: auth.FieldMissing},
	} {
		v.EnterpriseID, v.Reference, v.At = acme, auth.NewTrace(), w.Now().Add(-time.Duration(i)*time.Hour)
		must(t, w.store.RecordSignIn(ctx, v))
	}
	must(t, w.store.RecordSignIn(ctx, server.SignIn{EnterpriseID: acme, Stage: "token", Fault: auth.AnswerNotData, At: w.Now().AddDate(0, 0, -8)}))
	b := w.operator().at(acme)
	p := b.get("/admin/")
	p.shows(t, "home", "The company's sign-in refused this server", "2×", "Enter the new one under Connector", "1×", "Nobody to ask")
	if strings.Contains(p.body, "wrong answer") {
		t.Error("what is older than a week needs attention")
	}
	p = b.get("/admin/sign-ins?failed=1&fault=provider_secret&stage=token")
	if n := strings.Count(p.body, `class="dot bad"`); n != 2 {
		t.Errorf("the cause leads to %d lines, want 2", n)
	}
	b.lang = "zh-CN"
	b.get("/admin/").shows(t, "in Chinese", "需要关注", "没有求助联系人")
}

func TestSignIns(t *testing.T) {
	w := newWorld(t)
	w.companies()
	ctx := context.Background()
	must(t, w.store.RecordSignIn(ctx, server.SignIn{Reference: "4829-1375", EnterpriseID: acme, PersonID: "person-acme", AppID: "app-acme", Stage: "person", At: w.Now()}))
	must(t, w.store.RecordSignIn(ctx, server.SignIn{Reference: "1111-2222", EnterpriseID: acme, Stage: "user", Fault: auth.FieldMissing, Detail: "field \"union_id\"", At: w.Now()}))
	b := w.operator().at(acme)
	for query, want := range map[string]string{
		"": "4829-1375 1111-2222", "?q=48291375": "4829-1375", "?q=4829-1375": "4829-1375", "?q=张三": "4829-1375",
		"?app=app-acme": "4829-1375", "?failed=1": "1111-2222", "?person=person-acme": "4829-1375", "?q=李四": "",
	} {
		p := b.get("/admin/sign-ins" + strings.ReplaceAll(query, "张三", url.QueryEscape("张三")))
		for _, reference := range []string{"4829-1375", "1111-2222"} {
			if got := strings.Contains(p.body, reference+"</code>"); got != strings.Contains(want, reference) {
				t.Errorf("%q: %s is shown: %t", query, reference, got)
			}
		}
	}
	must(t, w.store.RecordSignIn(ctx, server.SignIn{Reference: "3333-4444", EnterpriseID: acme, AppID: "app-acme", Stage: "open", Fault: auth.AppNotYours, At: w.Now().Add(-time.Hour)}))
	b.get("/admin/sign-ins?q=33334444").shows(t, "opening", "Not on the app's list", "Opening the app")
	b.get("/admin/sign-ins").shows(t, "log", "App of acme", "张三 of acme", `field "union_id"`, "Who it is")
	for range 60 {
		must(t, w.store.RecordSignIn(ctx, server.SignIn{Reference: auth.NewTrace(), EnterpriseID: acme, Stage: "person", At: w.Now()}))
	}
	p := b.get("/admin/sign-ins")
	if !strings.Contains(p.body, "from=50") || strings.Count(p.body, "<code>") != 50 {
		t.Errorf("first page: %d lines", strings.Count(p.body, "<code>"))
	}
	if p := b.get("/admin/sign-ins?from=50"); strings.Count(p.body, "<code>") != 13 {
		t.Errorf("second page: %d lines", strings.Count(p.body, "<code>"))
	}
}

func TestPeople(t *testing.T) {
	w := newWorld(t)
	w.companies()
	ctx := context.Background()
	must(t, w.store.SaveSession(ctx, server.Session{
		ID: "child", EnterpriseID: acme, PersonID: "person-acme", Parent: "session-acme", Client: "launch", Device: "Chrome on Linux",
		CreatedAt: w.Now(), LastSeen: w.Now(), ExpiresAt: w.Now().Add(time.Hour),
	}))
	b := w.operator().at(acme)
	b.get("/admin/people?q=acme").shows(t, "list", "张三 of acme", "last seen")
	b.get("/admin/people/person-acme").shows(t, "person", "Lanyard on acme", "Chrome on Linux", "opened from Lanyard", "End access")

	if p := b.post("/admin/people/person-acme/sessions/child/end", nil); p.location() != "/admin/people/person-acme?done=device_ended" {
		t.Errorf("end device: status %d", p.status)
	}
	if p := b.get("/admin/people/person-acme?done=device_ended"); strings.Contains(p.body, "Chrome on Linux") || !strings.Contains(p.body, "The device is signed out") {
		t.Errorf("after: %s", main(p.body))
	}
	b.follow(b.post("/admin/people/person-acme/role", url.Values{"role": {"help_desk"}})).shows(t, "role", "The role is changed")
	b.get("/admin/settings").shows(t, "settings", "Help desk", "张三 of acme")
	b.post("/admin/people/person-acme/role", url.Values{"role": {"administrator"}})
	if a, err := w.store.AdminByPerson(ctx, acme, "person-acme"); err != nil || a.Role != server.RoleAdministrator {
		t.Errorf("role: %v, %v", a.Role, err)
	}
	b.post("/admin/people/person-acme/role", url.Values{"role": {""}})
	if _, err := w.store.AdminByPerson(ctx, acme, "person-acme"); err == nil {
		t.Error("the role is still there")
	}

	b.follow(b.post("/admin/people/person-acme/end", nil)).shows(t, "ended", "Access has ended", "Not signed in anywhere", "Give access back")
	if _, err := w.store.Session(ctx, acme, "session-acme", w.Now()); err == nil {
		t.Error("a leaver's session stands")
	}
	b.follow(b.post("/admin/people/person-acme/restore", nil)).shows(t, "restored", "Access is given back", "End access")
	b.get("/admin/audit").shows(t, "audit", "ended somebody's access", "gave access back", "changed a role", "looked at a person", "signed a device out")
}

func TestApps(t *testing.T) {
	w := newWorld(t)
	w.companies()
	ctx := context.Background()
	b := w.operator().at(acme)
	b.get("/admin/apps/new").shows(t, "kinds", "An app with OpenID Connect", "WPS / Kdocs", "Alibaba Cloud (role SSO)", "AWS (IAM role)", "A link")
	p := b.upload("/admin/apps/new", map[string]string{"name_en": "", "url": "ftp://x.example"}, "icon", []byte("<svg>"))
	p.shows(t, "faults", "Please fill this in", "begins with https://", "Not a PNG, JPEG or WebP picture")
	notes := url.Values{
		"preset": {"oidc"}, "name_en": {"My Notes"}, "name_zh": {"笔记"}, "url": {"https://notes.example/login"}, "opens": {"oidc"},
		"redirect_uris": {"https://notes.example/cb\r\nhttps://notes.example/cb2"}, "alg": {"RS256"}, "public": {"no"},
	}
	p = b.post("/admin/apps/new", notes)
	p.shows(t, "added", "It is not shown again", w.url+"/e/"+acme, "my-notes", w.url+"/e/"+acme+"/a/my-notes", "openid-client", "in any browser (this server signs in)")
	app, err := w.store.App(ctx, acme, "my-notes")
	must(t, err)
	if !strings.HasPrefix(string(app.Launch), `{"kind":"oidc","url":"https://notes.example/login"`) || app.Title["zh"] != "笔记" || app.Position != 1 {
		t.Errorf("stored: %s %v %d", app.Launch, app.Title, app.Position)
	}
	client, err := w.store.Client(ctx, acme, "my-notes")
	must(t, err)
	if len(client.RedirectURIs) != 2 || client.SecretHash == "" || client.Alg != "RS256" || !strings.Contains(p.body, `<code id="secret"`) {
		t.Errorf("client: %+v", client)
	}
	// A form may ask for a part only: the rest stays.
	p = b.upload("/admin/apps/my-notes", map[string]string{"name_en": "My Notes", "name_zh": "笔记"}, "icon", png)
	if p.location() != "/admin/apps/my-notes?done=app" {
		t.Fatalf("change: status %d to %q\n%s", p.status, p.location(), main(p.body))
	}
	b.follow(p).shows(t, "app", "Saved", "https://notes.example/cb2")
	if app, err = w.store.App(ctx, acme, "my-notes"); err != nil || app.Icon == "" {
		t.Fatalf("%+v, %v", app, err)
	}
	if p := b.get("/admin/icons/" + app.Icon); p.status != http.StatusOK || p.header.Get("Content-Type") != "image/png" || p.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("icon: %d %v", p.status, p.header)
	}
	if again, _ := w.store.Client(ctx, acme, "my-notes"); again.SecretHash != client.SecretHash {
		t.Error("saving again made a new secret")
	}
	large := append(append([]byte{}, png...), make([]byte, 300<<10)...)
	b.upload("/admin/apps/my-notes", map[string]string{"name_en": "My Notes"}, "icon", large).shows(t, "large", "too large")
	b.post("/admin/apps/my-notes", url.Values{"new_secret": {"1"}}).shows(t, "new secret", "It is not shown again")
	b.post("/admin/apps/my-notes", url.Values{"redirect_uris": {"https://notes.example/cb#x"}}).shows(t, "bad redirect", "begins with https://")
	b.post("/admin/apps/my-notes", url.Values{"public": {"perhaps"}}).shows(t, "bad choice", "yes")

	order := func() string {
		list, err := w.store.Apps(ctx, acme)
		must(t, err)
		var ids []string
		for _, a := range list {
			ids = append(ids, a.ID)
		}
		return strings.Join(ids, " ")
	}
	b.post("/admin/apps/my-notes/move", url.Values{"to": {"up"}})
	if got := order(); got != "my-notes app-acme" {
		t.Errorf("order: %s", got)
	}
	b.post("/admin/apps/my-notes/move", url.Values{"to": {"up"}})
	b.post("/admin/apps/my-notes/move", url.Values{"to": {"down"}})
	if got := order(); got != "app-acme my-notes" {
		t.Errorf("order: %s", got)
	}
	b.follow(b.post("/admin/apps/my-notes/delete", nil)).shows(t, "deleted", "The app was removed")
	if _, err := w.store.Client(ctx, acme, "my-notes"); err == nil {
		t.Error("the app's client is still there")
	}
}

// What a file has set up stays when the form changes the name.
func TestAppOfFile(t *testing.T) {
	w := newWorld(t)
	w.companies()
	ctx := context.Background()
	for id, launch := range map[string]string{
		"console": `{"kind":"native","native":{"id":"pad"}}`, "params": `{"kind":"link","params":[["a","{issuer}"]],"url":"https://x.example"}`,
	} {
		must(t, w.store.SaveApp(ctx, server.App{ID: id, EnterpriseID: acme, Title: auth.Text{"en": id}, Launch: []byte(launch)}))
	}
	b := w.operator().at(acme)
	b.get("/admin/apps/console").shows(t, "form", "set up by a file")
	b.post("/admin/apps/console", url.Values{"name_en": {"New name"}, "kind": {"link"}, "url": {"https://evil.example"}})
	if app, _ := w.store.App(ctx, acme, "console"); app.Title["en"] != "New name" || string(app.Launch) != `{"kind":"native","native":{"id":"pad"}}` {
		t.Errorf("stored: %v %s", app.Title, app.Launch)
	}
	b.post("/admin/apps/params", url.Values{"name_en": {"P"}, "kind": {"link"}, "url": {"https://y.example"}})
	if app, _ := w.store.App(ctx, acme, "params"); app.Title["en"] != "P" || string(app.Launch) != `{"kind":"link","params":[["a","{issuer}"]],"url":"https://x.example"}` {
		t.Errorf("stored: %s", app.Launch)
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.companies()
	ctx := context.Background()
	b := w.operator().at(acme)
	fields := map[string]string{
		"name_en": "Acme Ltd", "name_zh": "顶点", "code": "acme-group", "help_name": "IT", "help_phone": "4008", "domains": "Acme.com acme.cn", "public": "1",
	}
	p := b.follow(b.upload("/admin/settings", fields, "logo", png))
	p.shows(t, "saved", "Saved", "acme-group", "Still working: acme", "Ask IT: IT · 4008", "/join/acme-group")
	e, err := w.store.Enterprise(ctx, acme)
	must(t, err)
	if e.Code != "acme-group" || e.Name["zh"] != "顶点" || e.Help.Phone != "4008" || !e.Public || len(e.Domains) != 2 || e.Domains[0] != "acme.com" ||
		!strings.HasPrefix(e.Logo, "data:image/png;base64,") {
		t.Errorf("stored: %+v", e)
	}
	if old, err := w.store.EnterpriseByCode(ctx, server.Hash("acme")); err != nil || old.ID != acme {
		t.Errorf("the old code leads to %q, %v", old.ID, err)
	}
	for field, row := range map[string][2]string{
		"code": {"other", "Another company uses this code"}, "help_link": {"javascript:alert(1)", "begins with https://"},
	} {
		form := url.Values{"name_en": {"Acme"}, "code": {"acme"}}
		form.Set(field, row[0])
		b.post("/admin/settings", form).shows(t, field, row[1])
	}
	b.post("/admin/settings", url.Values{"name_en": {""}, "code": {"acme"}}).shows(t, "no name", "Please fill this in")
	for _, size := range []int{100 << 10, 3 << 20} { // as it comes from a designer
		b.upload("/admin/settings", fields, "logo", append(append([]byte{}, png...), make([]byte, size)...)).shows(t, "large logo", "too large")
	}
	b.get("/admin/audit").shows(t, "audit", "code acme → acme-group", "changed settings")
}

// Who hangs up as soon as the deed is done is in the audit all the same.
func TestAuditOfWhoHangsUp(t *testing.T) {
	w := newWorld(t)
	w.companies()
	b := w.operator().at(acme)
	r := b.request("POST", "/admin/people/person-acme/end", nil)
	for _, cookie := range b.Jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	w.advance(time.Minute)
	ctx, hangUp := context.WithCancel(t.Context())
	w.ended = hangUp
	mux := http.NewServeMux()
	w.console.Mount(mux)
	mux.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	if ctx.Err() == nil {
		t.Fatal("nothing was ended")
	}
	lines, err := w.store.FindAudits(t.Context(), server.AuditFilter{EnterpriseID: acme, Limit: 1})
	if err != nil || len(lines) != 1 || lines[0].Action != "person.ended" {
		t.Errorf("audit %+v, %v", lines, err)
	}
}

func TestAuditPage(t *testing.T) {
	w := newWorld(t)
	w.companies()
	op := w.operator().at(acme)
	op.get("/admin/people/person-acme")
	op.get("/admin/audit").shows(t, "operator", "used a one-time link", "looked at a person", "190 days")
	admin := w.person("acme", server.RoleAdministrator)
	p := admin.get("/admin/audit")
	p.shows(t, "administrator", "looked at a person", "signed in")
	if strings.Contains(p.body, "one-time link") {
		t.Error("an administrator sees what is about the server")
	}
	if p := admin.get("/admin/audit?q=nothing+like+it"); !strings.Contains(p.body, "Nothing here") {
		t.Errorf("filter: %s", main(p.body))
	}
	day := w.Now().Format(time.DateOnly)
	if p := admin.get("/admin/audit?since=" + day + "&until=" + day); !strings.Contains(p.body, "looked at a person") {
		t.Error("the day itself is not in its span")
	}
	if p := admin.get("/admin/audit?until=2001-01-01"); strings.Contains(p.body, "looked at a person") {
		t.Error("until does not filter")
	}
	// The day is the reader's: theirs begins eight hours earlier.
	night := time.Date(2026, 3, 9, 18, 0, 0, 0, time.UTC) // 2 o'clock on the tenth in China
	must(t, w.store.RecordAudit(t.Context(), server.Audit{ID: "night", EnterpriseID: acme, Actor: "night shift", Action: "signin", At: night}))
	for query, want := range map[string]bool{
		"since=2026-03-10&until=2026-03-10&zone=480": true, "since=2026-03-09&until=2026-03-09&zone=480": false,
		"since=2026-03-09&until=2026-03-09": true, "since=2026-03-10&until=2026-03-10&zone=999999": false,
	} {
		if got := strings.Contains(admin.get("/admin/audit?"+query).body, "night shift"); got != want {
			t.Errorf("%s: found %t", query, got)
		}
	}
	p = admin.get("/admin/audit/export.csv")
	p.shows(t, "export", "person.opened", "张三 of acme")
	if !strings.HasPrefix(p.body, "\ufefftime,who") {
		t.Errorf("a spreadsheet takes this for another encoding: %.20q", p.body)
	}
}
