package setup_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
)

// audiences is as much of server.Audiences as a Setup needs.
type audiences struct {
	server.Audiences
	kept map[string]server.Audience
}

func (a *audiences) Audience(_ context.Context, enterprise, app string) (server.Audience, error) {
	if found, ok := a.kept[app]; ok {
		return found, nil
	}
	return server.Audience{EnterpriseID: enterprise, AppID: app, Everyone: true}, nil
}

func (a *audiences) SaveAudience(_ context.Context, next server.Audience) error {
	a.kept[next.AppID] = next
	return nil
}

const kindsYAML = `schema: setup/1
code: delta
name: {en: Delta}
connector:
  preset: wps-style
  vars: {authorize_url: https://sso.delta.com/authorize, token_url: https://sso.delta.com/token, user_url: https://sso.delta.com/user, client_id: page}
  secrets: {client_secret: "file:page.txt"}
access: {accounts: [zhangsan, lisi], groups: [it]}
apps:
  - id: wiki
    title: {en: Wiki}
    launch:
      kind: saml
      saml:
        entity_id: https://wiki.delta.com/saml
        acs: [https://wiki.delta.com/acs]
        name_id: "{email}"
        attributes: [{name: role, values: ["{assigned.role}"]}]
    access: {everyone: true, accounts: [zhangsan], values: {zhangsan: {role: editor}}}
  - id: sts
    title: {en: Console}
    launch:
      kind: steps
      url: https://console.delta.com/in
      params: [[ticket, "{ticket}"]]
      vars: {realm: delta}
      secrets: [api_key]
      steps:
        - id: ticket
          method: POST
          url: https://console.delta.com/ticket
          headers: {X-Key: "{api_key}"}
          form: {realm: "{realm}", who: "{sub}"}
          set: {ticket: ticket}
          require: [ticket]
    secrets: {api_key: "file:key.txt"}
    access: everyone
  - {id: pad, title: {en: Pad}, launch: {kind: native, native: {id: pad, client: pad-client}}, client: pad-client}
  - {id: wps, title: {en: WPS}, preset: wps, vars: {wps_app_id: AK20211008GIMUUL}, secrets: {client_secret: "file:wps.txt"}}
clients:
  - {id: pad-client, public: true, redirect_uris: [http://127.0.0.1/callback], farewell: https://pad.delta.com/bye}
  - id: office
    secret: "file:wps.txt"
    redirect_uris: [https://office.delta.com/code?app_id=AK1]
    three: {get: true, params: {app_id: appid}, answers: {user_id: uid}}
`

func kindsFile(t *testing.T, replace ...string) (setup.File, error) {
	t.Helper()
	dir := t.TempDir()
	for name, secret := range map[string]string{"page.txt": "page-secret", "key.txt": "key-secret", "wps.txt": "wps-secret"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return setup.Parse(filepath.Join(dir, "delta.yaml"), []byte(strings.NewReplacer(replace...).Replace(kindsYAML)))
}

// Every kind of launch, client and list goes into the store and comes back, and the
// second time nothing changes.
func TestAllKinds(t *testing.T) {
	lists := &audiences{kept: map[string]server.Audience{}}
	f := newFixture(t, public, func(c *setup.Config) { c.Audiences = lists })
	file, err := kindsFile(t)
	if err != nil {
		t.Fatal(err)
	}
	report := f.apply(file)
	if again := f.apply(file); len(again.Changes) != 0 {
		t.Errorf("applied again: %q", again.Changes)
	}

	app, err := f.m.App(t.Context(), report.ID, "sts")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := f.sealer.Open(app.Sealed, "app sts")
	if err != nil || string(plain) != `{"api_key":"key-secret"}` || strings.Contains(string(app.Launch), "key-secret") {
		t.Errorf("sealed: %s, %v", plain, err)
	}
	if app, _ = f.m.App(t.Context(), report.ID, "pad"); app.ClientID != "pad-client" {
		t.Errorf("the program's client is %q", app.ClientID)
	}
	if a := lists.kept["wiki"]; !a.Everyone || !reflect.DeepEqual(a.Members, []server.Member{{Account: "zhangsan", Values: map[string]string{"role": "editor"}}}) {
		t.Errorf("wiki's list: %+v", a)
	}
	if a := lists.kept[""]; a.Everyone || len(a.Members) != 3 || a.Members[2].Group != "it" {
		t.Errorf("who may sign in: %+v", a)
	}
	for id, want := range map[string]server.Client{
		"pad-client": {Farewell: "https://pad.delta.com/bye", Alg: "ES256"},
		"office":     {SecretHash: server.Hash("wps-secret"), Three: &server.Three{Get: true, Params: map[string]string{"app_id": "appid"}, Answers: map[string]string{"user_id": "uid"}}},
		"wps":        {SecretHash: server.Hash("wps-secret"), Three: &server.Three{}},
	} {
		c, err := f.m.Client(t.Context(), report.ID, id)
		if err != nil || c.Farewell != want.Farewell || c.Alg != want.Alg || c.SecretHash != want.SecretHash || !reflect.DeepEqual(c.Three, want.Three) {
			t.Errorf("client %s: %+v, %v", id, c, err)
		}
	}

	out, err := f.Export(t.Context(), "delta")
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := schema.Encode(out)
	if err != nil || strings.Contains(string(yaml), "-secret") {
		t.Fatalf("export: %v\n%s", err, yaml)
	}
	back, err := setup.Parse("delta.yaml", yaml)
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	if again := f.apply(back); len(again.Changes) != 0 {
		t.Errorf("export applied: %q\n%s", again.Changes, yaml)
	}
	// What a file does not say stays; what it says differently changes.
	back.Access, back.Apps[0].Access = nil, &setup.Access{Accounts: []string{"lisi"}}
	if again := f.apply(back); len(again.Changes) != 1 || again.Changes[0] != "who may open app wiki changed" {
		t.Errorf("changes %q", again.Changes)
	}
	// On a server that keeps no lists a file that names people is refused, not ignored.
	other := newFixture(t, public, nil)
	if _, err := other.Apply(t.Context(), file); err == nil {
		t.Error("a list was ignored")
	}
}

// Apps that a desktop cannot open by itself, or that are not everybody's, are not in a
// document that everybody reads.
func TestDocumentLeavesOut(t *testing.T) {
	lists := &audiences{kept: map[string]server.Audience{"docs": {AppID: "docs", Members: []server.Member{{Account: "zhangsan"}}}}}
	f := newFixture(t, public, func(c *setup.Config) { c.Audiences = lists })
	file := oidcFile("direct", "loopback")
	file.Apps = append(file.Apps,
		setup.App{ID: "pad", Title: auth.Text{"en": "Pad"}, Launch: server.LaunchSpec{Kind: server.LaunchNative, Native: &server.Native{ID: "pad"}}},
		setup.App{ID: "wiki", Title: auth.Text{"en": "Wiki"}, Preset: "saml", Vars: map[string]string{"entity_id": "x", "acs": "https://x.example/acs"}})
	f.apply(file)
	got := f.document("direct").Apps
	if len(got) != 2 || got[0].ID != "notes" || got[1].Native != "pad" {
		data, _ := json.Marshal(got)
		t.Errorf("the document has %s", data)
	}
}

func TestKindsRefused(t *testing.T) {
	for _, row := range []struct {
		name, old, new string
		want           []string
	}{
		{"list and group", "groups: [it]}", "groups: [it], values: {wangwu: {role: x}}}", []string{"line 8", "access.values.wangwu: is neither one of accounts nor of groups"}},
		{"word", "access: everyone", "access: nobody", []string{"apps.1.access: must be everyone, or accounts and groups"}},
		{"unknown claim", `name_id: "{email}"`, `name_id: "{employee}"`, []string{"line 17", "apps.0.launch.saml.name_id", "{employee} is no claim"}},
		{"brace", `name_id: "{email}"`, `name_id: "{email"`, []string{"line 17", "brace without its partner"}},
		{"no ACS", "acs: [https://wiki.delta.com/acs]", "acs: []", []string{"line 16", "apps.0.launch.saml.acs"}},
		{"script ACS", "acs: [https://wiki.delta.com/acs]", "acs: [\"javascript:alert(1)\"]", []string{"line 16", "apps.0.launch.saml.acs.0"}},
		{"certificate", "entity_id: https://wiki.delta.com/saml", "entity_id: x\n        certificates: [nonsense]", []string{"line 16", "certificates.0: read certificate: must be one certificate as PEM"}},
		{"kind and part", "kind: saml", "kind: link", []string{"apps.0.launch.saml: belongs to kind saml", "apps.0.launch.url"}},
		{"no steps", "kind: native, native: {id: pad, client: pad-client}", "kind: steps, url: https://x.example", []string{"apps.2.launch.steps: is missing"}},
		{"a path for a program", "native: {id: pad,", "native: {id: ../../bin/sh,", []string{"apps.2.launch.native.id", "device's own list"}},
		{"arguments for a program", "native: {id: pad,", "native: {id: pad, args: [x],", []string{"apps.2.launch.native.args: unknown key"}},
		{"both", "preset: wps,", "preset: wps, launch: {kind: link, url: https://x.example},", []string{"apps.3", "either a preset or a launch"}},
		{"unknown preset", "preset: wps,", "preset: wsp,", []string{"apps.3.preset", "there are aliyun-oidc"}},
		{"unknown var", "wps_app_id:", "wps_appid:", []string{"apps.3.vars.wps_appid: this preset has no var of that name"}},
		{"secret in the file", `api_key: "file:key.txt"`, `api_key: "key-secret"`, []string{"apps.1.secrets.api_key", "does not belong in this file"}},
		{"unknown secret", `secrets: {api_key:`, `secrets: {apikey:`, []string{"apps.1.secrets.apikey: this app has no secret of that name; it has api_key"}},
		{"farewell by http", "farewell: https://", "farewell: http://", []string{"clients.0.farewell"}},
		{"two protocols", "three: {get: true,", "alg: RS256\n    three: {get: true,", []string{"clients.1.three", "OpenID Connect's"}},
		{"field name", "params: {app_id: appid}", "params: {appid: x}", []string{"clients.1.three.params"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !strings.Contains(kindsYAML, row.old) {
				t.Fatalf("the file has no %q", row.old)
			}
			_, err := kindsFile(t, row.old, row.new)
			var problems schema.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwithout %q", err, want)
				}
			}
		})
	}
	// A missing secret is named with its app.
	f := newFixture(t, public, func(c *setup.Config) { c.Audiences = &audiences{kept: map[string]server.Audience{}} })
	file, err := kindsFile(t, `    secrets: {api_key: "file:key.txt"}`+"\n", "", `, secrets: {client_secret: "file:wps.txt"}}`, "}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Apply(t.Context(), file)
	for _, want := range []string{"apps.1.secrets.api_key: is missing", "apps.3.secrets.client_secret: is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
