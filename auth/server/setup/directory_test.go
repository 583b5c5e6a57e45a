package setup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
)

func read(t testing.TB, resp *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// oidcFile is an enterprise whose people sign in at an OpenID provider.
func oidcFile(code, via string) setup.File {
	return setup.File{
		Schema: setup.FileSchema, Code: code, Name: auth.Text{"en": code},
		Connector: setup.Connector{Document: &connector.Connector{
			Schema: connector.Schema, ID: "own", Kind: connector.KindOIDC, Redirect: connector.Redirect{Via: via},
			OIDC: &connector.OIDC{Issuer: "https://id." + code + ".com", ClientID: "desk", Scopes: []string{"openid"}},
		}},
		Apps: []setup.App{
			{ID: "docs", Title: auth.Text{"en": "Docs"}, Launch: server.LaunchSpec{Kind: "link", URL: "https://docs.example/a?b=c", Params: []connector.Pair{{"from", "l y"}, {"iss", "{issuer}"}, {"who", "{login_hint?}"}}}},
			{ID: "notes", Title: auth.Text{"en": "Notes"}, Launch: server.LaunchSpec{Kind: "oidc", URL: "https://notes.example/login"}},
		},
	}
}

func TestDocuments(t *testing.T) {
	f := newFixture(t, public, nil)
	acme := f.apply(mustFile(t))
	f.apply(oidcFile("direct", "loopback"))
	brokered := f.apply(oidcFile("brokered", "broker"))
	r := f.resolver()
	resolve := func(code string) directory.Document {
		t.Helper()
		res, err := r.Resolve(t.Context(), directory.Query{Directory: public, Code: code})
		if err != nil {
			t.Fatal(err)
		}
		return res.Document
	}

	doc := resolve("acme")
	if doc.Connector.OIDC.Issuer != public+"/e/"+acme.ID || doc.Connector.OIDC.ClientID != server.DesktopClient ||
		!doc.Workbench || doc.Via != "sso.acme.com" || len(doc.Apps) != 0 || doc.Connector.ID != "acme-sso" {
		t.Errorf("steps: %+v", doc)
	}
	if text, _ := json.Marshal(doc); strings.Contains(string(text), "client_secret") {
		t.Errorf("the document knows of secrets: %s", text)
	}
	if doc = resolve("brokered"); doc.Connector.OIDC.Issuer != public+"/e/"+brokered.ID || !doc.Workbench || doc.Via != "id.brokered.com" {
		t.Errorf("oidc by the broker: %+v", doc)
	}
	doc = resolve("direct")
	if doc.Connector.OIDC.Issuer != "https://id.direct.com" || doc.Connector.OIDC.ClientID != "desk" || doc.Workbench || doc.Via != "" ||
		len(doc.Apps) != 2 || doc.Apps[0].URL != "https://docs.example/a?b=c&from=l+y&iss=https%3A%2F%2Fid.direct.com" || doc.Apps[0].Kind != "" || doc.Apps[1].Kind != "oidc" {
		t.Errorf("oidc without us: %+v", doc)
	}
	if _, err := connector.Load(doc.Connector, nil); err != nil {
		t.Errorf("its connector does not load: %v", err)
	}
}

func TestDocumentRenewal(t *testing.T) {
	f := newFixture(t, public, nil)
	f.apply(mustFile(t))
	path := "/v1/enterprises/" + directory.Hash("acme") + ".jws"
	ask := func() string {
		t.Helper()
		resp := f.get(path, "192.0.2.1")
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/jose" {
			t.Fatalf("status %d, %s", resp.StatusCode, resp.Header)
		}
		return read(t, resp)
	}
	version := func() int64 {
		e, _ := f.m.EnterpriseByCode(t.Context(), directory.Hash("acme"))
		return e.DocumentVersion
	}
	first := ask()
	if ask() != first || version() != start.Unix() {
		t.Errorf("the second look-up signed anew, version %d", version())
	}
	f.now = f.now.Add(14 * 24 * time.Hour)
	if ask() != first {
		t.Error("signed anew before half its life")
	}
	f.now = f.now.Add(2 * 24 * time.Hour)
	second := ask()
	if second == first || version() != f.now.Unix() {
		t.Errorf("not signed anew after half its life, version %d", version())
	}
	f.apply(mustFile(t, "en: Acme,", "en: Acme Ltd,"))
	if third := ask(); third == second || version() != f.now.Unix()+1 {
		t.Errorf("not signed anew after a change, version %d", version())
	}
	res, err := f.resolver().Resolve(t.Context(), directory.Query{Directory: public, Code: "acme"})
	if err != nil || res.Document.Enterprise.Name.In("en") != "Acme Ltd" {
		t.Errorf("got %q, %v", res.Document.Enterprise.Name, err)
	}
}

func TestOldCodeStillLeads(t *testing.T) {
	f := newFixture(t, public, nil)
	report := f.apply(mustFile(t))
	f.apply(mustFile(t, "code: acme", "code: acme-2\nid: "+report.ID))
	for _, code := range []string{"acme", "acme-2"} {
		res, err := f.resolver().Resolve(t.Context(), directory.Query{Directory: public, Code: code})
		if err != nil || res.Document.Enterprise.Code != "acme-2" {
			t.Errorf("%s: %q, %v", code, res.Document.Enterprise.Code, err)
		}
	}
}

// TestDocumentsAreKept: the second look-up of each of many codes reads no whole record.
func TestDocumentsAreKept(t *testing.T) {
	var reads int
	f := newFixture(t, public, nil)
	f = newFixture(t, public, func(c *setup.Config) {
		c.Base.Sealer, c.Codes, c.Connectors, c.Keys, c.Catalogue, c.Clients = f.sealer, f.m, f.m, f.m, f.m, f.m
		c.Enterprises = countReads{f.m, &reads}
	})
	paths := make([]string, 400)
	for i := range paths {
		code := fmt.Sprintf("acme-%d", i)
		f.apply(oidcFile(code, "broker"))
		paths[i] = "/v1/enterprises/" + directory.Hash(code) + ".jws"
	}
	first := map[string]string{}
	for _, path := range paths {
		first[path] = read(t, f.get(path, "192.0.2.1"))
	}
	reads = 0
	for _, path := range paths {
		if resp := f.get(path, "192.0.2.1"); read(t, resp) != first[path] || resp.Header.Get("Content-Length") != fmt.Sprint(len(first[path])) {
			t.Fatalf("another answer: %v", resp.Header)
		}
	}
	if reads != 0 {
		t.Errorf("%d records were read", reads)
	}
}

// countReads counts how often a whole enterprise is read.
type countReads struct {
	*memory
	n *int
}

func (c countReads) Enterprise(ctx context.Context, id string) (server.Enterprise, error) {
	*c.n++
	return c.memory.Enterprise(ctx, id)
}

// TestSignedWhileChanged: of two requests that sign at once the slower one gives what the
// enterprise has become meanwhile, and nothing that the store does not hold.
func TestSignedWhileChanged(t *testing.T) {
	m := newMemory()
	slow := &overtaken{memory: m}
	f := newFixture(t, public, func(c *setup.Config) {
		c.Enterprises, c.Connectors, c.Keys, c.Clients, c.Catalogue, c.Codes = slow, m, m, m, m, m
	})
	report := f.apply(mustFile(t))
	slow.meanwhile = func() {
		e, _ := m.Enterprise(t.Context(), report.ID)
		_ = m.SaveDocument(t.Context(), e.ID, f.now.Unix(), []byte("another's"), f.now)
		e, _ = m.Enterprise(t.Context(), report.ID)
		e.Name, e.Document = auth.Text{"en": "Acme Ltd"}, nil
		_ = m.SaveEnterprise(t.Context(), e)
	}
	doc := f.document("acme")
	if e, _ := m.Enterprise(t.Context(), report.ID); doc.Enterprise.Name.In("en") != "Acme Ltd" || doc.Version != e.DocumentVersion {
		t.Errorf("got version %d of %q, stored is %d", doc.Version, doc.Enterprise.Name, e.DocumentVersion)
	}
}

// unreadable is a store that is down.
type unreadable struct{ *memory }

func (unreadable) EnterpriseByCode(context.Context, string) (server.Enterprise, error) {
	return server.Enterprise{}, errors.New("disk full")
}

// overtaken lets something happen just before the first document is saved.
type overtaken struct {
	*memory
	meanwhile func()
}

func (o *overtaken) SaveDocument(ctx context.Context, id string, version int64, jws []byte, expires time.Time) error {
	if meanwhile := o.meanwhile; meanwhile != nil {
		o.meanwhile = nil
		meanwhile()
	}
	return o.memory.SaveDocument(ctx, id, version, jws, expires)
}

func TestUnknown(t *testing.T) {
	f := newFixture(t, public, nil)
	f.apply(mustFile(t)) // public
	hidden := oidcFile("hidden", "loopback")
	f.apply(hidden)
	for code, want := range map[string]string{
		"acmee": "acme", "acm": "acme", "amce": "acme", "axme": "acme", "axxe": "", "hiden": "", "zzz": "",
	} {
		resp := f.get("/v1/enterprises/"+directory.Hash(code)+".jws", "192.0.2.1")
		var problem struct{ Suggestion string }
		if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusNotFound || problem.Suggestion != want {
			t.Errorf("%s: status %d, suggestion %q, want %q", code, resp.StatusCode, problem.Suggestion, want)
		}
	}
	for _, path := range []string{"/v1/enterprises/acme.jws", "/v1/enterprises/" + directory.Hash("acme"), "/v1/enterprises/" + strings.Repeat("G", 64) + ".jws"} {
		if resp := f.get(path, "192.0.2.1"); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
}

func TestLookupLimit(t *testing.T) {
	f := newFixture(t, public, func(c *setup.Config) { c.LookupsPerMinute = 5 })
	f.apply(mustFile(t))
	good, wrong := "/v1/enterprises/"+directory.Hash("acme")+".jws", "/v1/enterprises/"+directory.Hash("nobody")+".jws"
	for range 50 { // a company behind one address
		if resp := f.get(good, "192.0.2.1"); resp.StatusCode != http.StatusOK {
			t.Fatalf("known code: status %d", resp.StatusCode)
		}
	}
	for i := range 5 {
		if resp := f.get(wrong, "192.0.2.1"); resp.StatusCode != http.StatusNotFound {
			t.Fatalf("guess %d: status %d", i, resp.StatusCode)
		}
	}
	for _, path := range []string{wrong, good, "/join/acme"} {
		if resp := f.get(path, "192.0.2.1"); resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s after five guesses: status %d", path, resp.StatusCode)
		}
	}
	if resp := f.get(good, "192.0.2.2"); resp.StatusCode != http.StatusOK {
		t.Errorf("another caller: status %d", resp.StatusCode)
	}
	f.now = f.now.Add(time.Minute)
	if resp := f.get(good, "192.0.2.1"); resp.StatusCode != http.StatusOK {
		t.Errorf("a minute later: status %d", resp.StatusCode)
	}
	for i := range 6 { // one household has a whole IPv6 network
		if resp := f.get(wrong, fmt.Sprintf("[2001:db8::%d]", i+1)); (resp.StatusCode == http.StatusTooManyRequests) != (i == 5) {
			t.Errorf("guess %d from one network: status %d", i, resp.StatusCode)
		}
	}
}

func TestJoinPage(t *testing.T) {
	f := newFixture(t, public, nil)
	f.apply(mustFile(t, "name: Acme IT", `name: "<b>Acme</b> IT"`))
	resp := f.get("/join/ACME", "192.0.2.1", "Accept-Language", "zh-CN")
	body := read(t, resp)
	for _, want := range []string{"加入极致", ">login.acme.com/acme<", "data:image/png", "https://it.acme.com", "&lt;b&gt;Acme&lt;/b&gt; IT · 4000"} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %q:\n%s", want, body)
		}
	}
	policy := resp.Header.Get("Content-Security-Policy")
	if resp.StatusCode != http.StatusOK || strings.Contains(body, "<script") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") {
		t.Errorf("status %d, policy %q", resp.StatusCode, policy)
	}
	resp = f.get("/join/nobody", "192.0.2.1", "Accept-Language", "en")
	if body := read(t, resp); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "No company uses this code.") {
		t.Errorf("unknown code: status %d\n%s", resp.StatusCode, body)
	}
	// A code looks like an address, so people open it as one.
	for path, want := range map[string]string{"/acme": ">login.acme.com/acme<", "/nobody": "No company uses this code.", "/": `href="https://login.acme.com/admin/"`} {
		resp := f.get(path, "192.0.2.1", "Accept", "text/html,application/xhtml+xml", "Accept-Language", "en")
		if body := read(t, resp); !strings.Contains(body, want) || (resp.StatusCode == http.StatusOK) != (path != "/nobody") {
			t.Errorf("%s in a browser: status %d\n%s", path, resp.StatusCode, body)
		}
		resp = f.get(path, "192.0.2.1", "Accept", "*/*")
		if body := read(t, resp); resp.StatusCode != http.StatusNotFound || strings.Contains(body, "<") {
			t.Errorf("%s for a program: status %d\n%s", path, resp.StatusCode, body)
		}
	}
	broken := newFixture(t, public, func(c *setup.Config) { c.Enterprises = unreadable{newMemory()} })
	resp = broken.get("/join/acme", "192.0.2.1", "Accept-Language", "zh")
	if body := read(t, resp); resp.StatusCode != http.StatusInternalServerError || !strings.Contains(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(body, "<h1") {
		t.Errorf("a broken store: status %d, %s\n%s", resp.StatusCode, resp.Header, body)
	}
	local := newFixture(t, "http://127.0.0.1:8200", nil)
	local.apply(mustFile(t))
	if body := read(t, local.get("/join/acme", "127.0.0.1")); !strings.Contains(body, "lanyard login 127.0.0.1:8200/acme") {
		t.Errorf("on this computer:\n%s", body)
	}
}
