package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/auth/server"
)

// stored is an app's launch as it was saved.
func (w *world) stored(id string) (server.App, server.LaunchSpec) {
	w.T.Helper()
	app, err := w.Store.App(context.Background(), acme, id)
	must(w.T, err)
	var spec server.LaunchSpec
	must(w.T, json.Unmarshal(app.Launch, &spec))
	return app, spec
}

// WPS and this server: first the other side's form with our three interfaces, then the
// two blanks with what WPS gives.
func TestAppWPS(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	issuer := w.URL + "/e/" + acme
	p := b.Post("/admin/apps/new", url.Values{"preset": {"wps"}, "name_en": {"WPS"}})
	p.shows(t, "saved", "Not finished", issuer+"/three/authorize?client_id=wps&response_type=code", issuer+"/three/accessToken", issuer+"/three/userInfo",
		"授权页面地址", "授权码接口地址", "授权令牌接口地址", "union_id", "redirect_uri", "It is not shown again", "WPS APPID", "WPS enterprise code",
		"It is not the Lanyard APPID")
	// In the order in which an admin meets them: the form, WPS's check of it, what WPS gives.
	last := 0
	for _, part := range []string{"授权页面地址", "WPS's check, one interface after the other", "the app_id AK… is not registered", "A code is good once", `name="wps_app_id"`} {
		at := strings.Index(p.text(), part)
		if at < last {
			t.Errorf("%q stands at %d, after %d", part, at, last)
		}
		last = at
	}
	if _, spec := w.stored("wps"); spec.Kind != server.LaunchLink || spec.URL != "https://www.kdocs.cn" || len(spec.Params) != 0 {
		t.Errorf("before the APPID it opens %+v", spec)
	}
	b.follow(b.Post("/admin/apps/wps", url.Values{"wps_app_id": {"AK20211008GIMUUL"}, "wps_code": {"acme"}})).shows(t, "finished", "AK20211008GIMUUL", "in any browser")
	_, spec := w.stored("wps")
	if spec.URL != "https://open.wps.cn/oauth/v1/auth" || len(spec.Params) != 2 || spec.Params[0][1] != "AK20211008GIMUUL" || spec.Params[1][1] != "https://www.kdocs.cn" {
		t.Errorf("it opens %+v", spec)
	}
	client, err := w.Store.Client(context.Background(), acme, "wps")
	if err != nil || client.Three == nil || client.SecretHash == "" ||
		strings.Join(client.RedirectURIs, " ") != "https://open.wps.cn/oauth/v1/code https://open.wps.cn/oauth/v1/code?app_id=AK20211008GIMUUL" {
		t.Errorf("client %+v, %v", client, err)
	}
}

// Metadata fills what a SAML app needs; what it says beyond the fields stays when they
// are saved again.
func TestAppSAML(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	b.Get("/admin/apps/new?preset=saml").shows(t, "form", "SP metadata", "Entity ID")
	if p := b.Get("/admin/apps/new?preset=no-such"); p.Status != http.StatusNotFound {
		t.Errorf("unknown kind: status %d", p.Status)
	}
	form := url.Values{"preset": {"saml"}, "name_en": {"Wiki"}, "metadata": {"<html>"}}
	b.Post("/admin/apps/new", form).shows(t, "not metadata", "This is not the metadata of an app")
	form.Set("metadata", "<EntityDescriptor/>")
	form.Set("attributes", "mail = {email}\r\ngroup = {groups}")
	if p := b.Post("/admin/apps/new", form); p.Location() != "/admin/apps/wiki?done=app" {
		t.Fatalf("add: status %d\n%s", p.Status, main(p.text()))
	}
	b.Get("/admin/apps/wiki").shows(t, "page", "/saml/metadata", "IdP metadata", "https://sp.example/acs", "To fill in at: Wiki")
	_, spec := w.stored("wiki")
	if spec.SAML == nil || spec.SAML.EntityID != "https://sp.example/saml" || len(spec.SAML.Attributes) != 2 || spec.SAML.Attributes[1].Values[0] != "{groups}" {
		t.Errorf("stored %+v", spec.SAML)
	}
	b.Post("/admin/apps/wiki", url.Values{"attributes": {"mail"}}).shows(t, "no value", "mail = {email}")
	b.Post("/admin/apps/wiki", url.Values{"acs": {"javascript:alert(1)"}}).shows(t, "script", "begins with https://")
	b.Post("/admin/apps/wiki", url.Values{"name_id": {"{email"}}).shows(t, "brace", "brace")
}

// A list is what was pasted: from a spreadsheet with a value beside each, in groups; one
// click opens it to everyone and keeps the values.
func TestWhoMayOpen(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	b.Post("/admin/apps/new", url.Values{"preset": {"aliyun-role"}, "name_en": {"Cloud"}, "account_id": {"123"}, "site": {"signin.aliyun.com"}})
	b.Get("/admin/apps/cloud").shows(t, "page", "Who may open it", "Everyone", "after a tab: role", "second column",
		"Nobody gets in yet", "placeholder=\"zhangsan\trole\"")
	people := func(form url.Values) page { return b.Post("/admin/apps/cloud/people", form) }
	b.follow(people(url.Values{"who": {"list"}, "people": {"zhangsan\tadmin\r\n\r\nlisi\trole=reader\r\nzhangsan\towner\r\nwang@acme.com\r\n"}})).
		shows(t, "saved", "3 on the list", "Open it to everyone", "Opens signed in")
	audience := func() server.Audience {
		a, err := w.Store.Audience(ctx, acme, "cloud")
		must(t, err)
		return a
	}
	a := audience()
	values := map[string]string{}
	for _, m := range a.Members {
		values[m.Account] = m.Values["role"]
	}
	if a.Everyone || len(a.Members) != 3 || values["zhangsan"] != "owner" || values["lisi"] != "reader" || values["wang@acme.com"] != "" {
		t.Errorf("stored %+v", a)
	}
	b.Get("/admin/apps").shows(t, "list", "3 on the list")
	people(url.Values{"who": {"list"}, "people": {""}}).shows(t, "empty", "The list is empty")
	people(url.Values{"who": {"list"}, "people": {"zhangsan\ta\tb\tc"}}).shows(t, "columns", "Line 1 cannot be read")
	people(url.Values{"who": {"list"}, "people": {"zhangsan, lisi"}}).shows(t, "commas", "Line 1 cannot be read")
	people(url.Values{"who": {"list"}, "people": {"lisi\tadmin\r\n\towner\r\n"}}).shows(t, "nobody before the value", "Line 2 cannot be read: owner")
	if len(audience().Members) != 3 {
		t.Error("what cannot be read was saved")
	}
	people(url.Values{"open": {"1"}, "who": {"list"}})
	if a := audience(); !a.Everyone || len(a.Members) != 2 {
		t.Errorf("after opening: %+v", a)
	}
	b.Get("/admin/audit").shows(t, "audit", "changed who may open an app", "Cloud", "Everyone", "Alibaba Cloud (role SSO)")
	b.lang = "zh-CN"
	b.Get("/admin/audit").shows(t, "audit in Chinese", "Cloud", "阿里云（角色 SSO）")
}

// The longest list that there may be fits into the form, as a browser sends it.
func TestLongLists(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	var list strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&list, "somebody.%05d@cloudberry.example\r\n", i)
	}
	b.follow(b.Post("/admin/apps/app-acme/people", url.Values{"who": {"list"}, "people": {list.String()}})).shows(t, "longest", "20000 on the list")
	list.WriteString("one@more.example\r\n")
	b.Post("/admin/apps/app-acme/people", url.Values{"who": {"list"}, "people": {list.String()}}).shows(t, "too long", "More than 20000 lines")
}

// An app's page warns of a sign-out address that this server will not call, where it is typed.
func TestUnheardApp(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	form := url.Values{
		"preset": {"oidc"}, "name_en": {"Notes"}, "url": {"https://notes.example/"}, "opens": {"link"},
		"redirect_uris": {"https://notes.example/cb"}, "alg": {"RS256"}, "public": {"yes"},
	}
	b.follow(b.Post("/admin/apps/new", form))
	for address, want := range map[string]string{
		"https://10.20.30.40/bye":     "10.20.30.40:443 is not a public address",
		"https://[fd00::1]:8443/bye":  "[fd00::1]:8443 is not a public address",
		"https://nowhere.invalid/bye": "cannot find nowhere.invalid:443",
		"https://1.1.1.1/bye":         "",
		"http://127.0.0.1:9/bye":      "", // this world's policy is the demo's
		"":                            "",
	} {
		p := b.follow(b.Post("/admin/apps/notes", url.Values{"farewell": {address}}))
		p.shows(t, address, "Saved", want)
		if got := strings.Count(p.Body, `class="note warn"`); got != map[bool]int{true: 2, false: 0}[want != ""] {
			t.Errorf("%q: %d warnings\n%s", address, got, main(p.text()))
		}
	}
	b.lang = "zh-CN"
	b.follow(b.Post("/admin/apps/notes", url.Values{"farewell": {"https://10.20.30.40/bye"}})).shows(t, "in Chinese", "10.20.30.40:443 不是公网地址")
}

// A new app never takes over a client that a file has set up without one.
func TestClientWithoutApp(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	must(t, w.Store.SaveClient(ctx, server.Client{ID: "notes", EnterpriseID: acme, Name: "by file", SecretHash: "x", RedirectURIs: []string{"https://file.example/cb"}}))
	b := w.operator().at(acme)
	b.follow(b.Post("/admin/apps/new", url.Values{
		"preset": {"oidc"}, "name_en": {"Notes"}, "url": {"https://notes.example/"}, "opens": {"link"},
		"redirect_uris": {"https://notes.example/cb"}, "alg": {"RS256"}, "public": {"yes"},
	})).shows(t, "added", "notes-")
	if c, err := w.Store.Client(ctx, acme, "notes"); err != nil || c.Name != "by file" || c.RedirectURIs[0] != "https://file.example/cb" {
		t.Errorf("the file's client is now %+v, %v", c, err)
	}
}

// How launches went, for administrators and the help desk.
func TestOpenings(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	for i, outcome := range []string{
		server.OpeningBack, server.OpeningBack, server.OpeningPosted, server.OpeningAsked, server.OpeningLinked, server.OpeningOld,
	} {
		must(t, w.Store.RecordOpening(ctx, server.Opening{
			ID: "o" + string(rune('a'+i)), EnterpriseID: acme, AppID: "app-acme", PersonID: "person-acme", Outcome: outcome,
			At: w.Now().Add(-time.Duration(i) * time.Minute), Took: 1500 * time.Millisecond,
		}))
	}
	must(t, w.Store.RecordOpening(ctx, server.Opening{ID: "old", EnterpriseID: acme, AppID: "app-acme", Outcome: server.OpeningFailed, At: w.Now().AddDate(0, 0, -8)}))
	must(t, w.Store.RecordSignIn(ctx, server.SignIn{Reference: "4829-1375", EnterpriseID: acme, PersonID: "person-acme", AppID: "app-acme", At: w.Now()}))
	b := w.operator().at(acme)
	for _, path := range []string{"/admin/", "/admin/apps", "/admin/apps/app-acme", "/admin/apps/app-acme/openings"} {
		b.Get(path).shows(t, path, "75 % opened signed in; one was asked to sign in")
	}
	desk := w.person("acme", server.RoleHelpDesk)
	p := desk.Get("/admin/apps/app-acme/openings")
	p.shows(t, "help desk", "张三 of acme", "4829-1375", "It asked to sign in", "An old link", "Opened; no more is known", "1.5 s")
	if strings.Contains(p.Body, "It did not open") {
		t.Error("what is older than a week is listed")
	}
	desk.Get("/admin/").shows(t, "help desk's home", "75 % opened signed in")
	w.operator().at(other).Get("/admin/apps/app-other/openings").shows(t, "empty", "Not opened in the last 7 days")
}

// serve lets a connector of the vendor serve acme.
func (w *world) serve(b *browser) {
	w.T.Helper()
	b.Post("/admin/connector/new", url.Values{"preset": {"wps-style"}})
	b.details(w.vendor.values())
	b.try()
	if p := b.Post("/admin/connector/save", url.Values{"reverify": {"7d"}}); p.Location() != "/admin/connector/done" {
		w.T.Fatalf("save: status %d to %q\n%s", p.Status, p.Location(), main(p.text()))
	}
}

// Links by APPID and activation as fields; nobody is signed out by it.
func TestOtherWays(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	w.serve(b)
	row, err := w.Store.ActiveConnector(ctx, acme)
	must(t, err)
	ways := func(form url.Values) page { return b.Post("/admin/connector/ways", form) }
	p := b.follow(ways(url.Values{"targets": {"https://www.kdocs.cn/\r\nhttps://wiki.acme.com/team"}, "activate": {"1"}, "client_id": {"sdk"}, "client_secret": {"c4nary-sdk"}}))
	p.shows(t, "saved", "Nobody was signed out", w.URL+"/oauth/v1/auth?app_id="+row.AppID+"&cb=https%3A%2F%2Fwww.kdocs.cn%2F", w.URL+"/oauth/v1/activate",
		"lanyard activate --app-id "+row.AppID)
	if strings.Contains(p.Body, "c4nary-sdk") {
		t.Error("the page shows the secret")
	}
	next, err := w.Store.ActiveConnector(ctx, acme)
	must(t, err)
	if next.ID != row.ID || next.AppID != row.AppID || !strings.Contains(string(next.Document), `"activate_secret"`) || strings.Contains(string(next.Document), "c4nary") {
		t.Errorf("stored %s", next.Document)
	}
	if _, err := w.Store.Session(ctx, acme, "session-acme", w.Now()); err != nil {
		t.Errorf("somebody was signed out: %v", err)
	}
	// An empty client keeps the one that is there.
	b.follow(ways(url.Values{"targets": {"https://www.kdocs.cn/"}, "activate": {"1"}})).shows(t, "kept", "lanyard activate --app-id")
	ways(url.Values{"targets": {"javascript:alert(1)"}, "activate": {"1"}}).shows(t, "script", "begins with https://")
	ways(url.Values{"targets": {"http://wiki.acme.com/"}}).shows(t, "http", "begins with https://")
	b.follow(ways(url.Values{"targets": {""}})).shows(t, "off", "Saved")
	if last, _ := w.Store.ActiveConnector(ctx, acme); strings.Contains(string(last.Document), "activate_secret") || strings.Contains(string(last.Document), "kdocs") {
		t.Errorf("stored %s", last.Document)
	}
	ways(url.Values{"activate": {"1"}}).shows(t, "no client", "Please fill this in")
	ways(url.Values{"activate": {"1"}, "client_id": {"sdk"}}).shows(t, "no secret", "Please fill this in")
	b.Get("/admin/audit").shows(t, "audit", "changed the other ways in")
}

// Sign-in for a few first, then for everyone.
func TestPilot(t *testing.T) {
	w := newWorld(t)
	w.populate()
	b := w.operator().at(acme)
	w.serve(b)
	b.Get("/admin/connector").shows(t, "connector", "Everyone whom your company's sign-in knows", "Try it with 5 people first")
	b.follow(b.Post("/admin/connector/people", url.Values{"who": {"list"}, "people": {"zhangsan\nlisi"}})).shows(t, "saved", "2 on the list", "Open it to everyone")
	b.Get("/admin/").shows(t, "home", "Sign-in is on trial: 2 on the list")
	p := server.Person{ID: "x", EnterpriseID: acme, Account: "wangwu"}
	if a, err := w.Store.Admission(context.Background(), p, ""); err != nil || a.Allowed {
		t.Errorf("%+v, %v", a, err)
	}
	b.Post("/admin/connector/people", url.Values{"who": {"list"}, "people": {"\n"}}).shows(t, "empty", "The list is empty")
	b.follow(b.Post("/admin/connector/people", url.Values{"open": {"1"}})).shows(t, "open", "Everyone whom your company's sign-in knows")
	if a, err := w.Store.Admission(context.Background(), p, ""); err != nil || !a.Allowed {
		t.Errorf("%+v, %v", a, err)
	}
}

// Deleting a sign-in says whom it hits, wants the code typed, and leaves no secret.
func TestDeleteConnector(t *testing.T) {
	w := newWorld(t)
	w.populate()
	ctx := context.Background()
	b := w.operator().at(acme)
	w.serve(b)
	b.Get("/admin/connector").shows(t, "before", "can no longer sign in: 1.", "signed out now: 1, of people: 1.", "open signed in: 1.", "/acme stops working", "Type acme to confirm")
	for _, typed := range []string{"", "yes", "other"} {
		b.Post("/admin/connector/delete", url.Values{"code": {typed}}).shows(t, "typed "+typed, "Not deleted. Type acme to confirm.")
	}
	if _, err := w.Store.ActiveConnector(ctx, acme); err != nil {
		t.Fatal(err)
	}
	b.follow(b.Post("/admin/connector/delete", url.Values{"code": {"Acme"}})).shows(t, "deleted", "The sign-in was deleted", "Where do your people sign in today?")
	if _, err := w.Store.ActiveConnector(ctx, acme); err == nil {
		t.Error("it still serves")
	}
	if _, err := w.Store.Session(ctx, acme, "session-acme", w.Now()); err == nil {
		t.Error("a session stands that nobody can be asked about")
	}
	if _, err := w.Store.Session(ctx, other, "session-other", w.Now()); err != nil {
		t.Errorf("another company's session ended: %v", err)
	}
	for _, kind := range []string{server.DraftNext, server.DraftPrevious} {
		if _, err := w.Store.Draft(ctx, acme, kind); err == nil {
			t.Errorf("the %s draft with its secrets is still there", kind)
		}
	}
	if list, err := w.Store.Apps(ctx, acme); err != nil || len(list) != 1 {
		t.Errorf("apps %v, %v", list, err)
	}
	b.Get("/admin/audit").shows(t, "audit", "deleted the sign-in", "1 people, 1 sessions")
	w.serve(b) // and another one serves
	if e, err := w.Store.Enterprise(ctx, acme); err != nil || e.Code != "acme" {
		t.Errorf("%+v, %v", e, err)
	}
}
