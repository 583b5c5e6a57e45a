package setup_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector/schema"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
)

const acmeYAML = `schema: setup/1
code: acme
name: {en: Acme, zh: 极致}
domains: [acme.com]
help: {name: Acme IT, phone: "4000", link: https://it.acme.com}
logo: logo.png
public: true
connector:
  document:
    schema: connector/1
    id: acme-sso
    kind: steps
    vars: {client_id: 0123}
    secrets: [client_secret]
    authorize:
      url: https://sso.acme.com/authorize
      params: [[client_id, "{client_id}"], [response_type, code], [redirect_uri, "{redirect_uri}"], [state, "{state}"]]
    callback: {code: [code], state: [state], error: [error]}
    steps:
      - id: token
        method: POST
        url: https://sso.acme.com/token
        form: {client_id: "{client_id}", client_secret: "{client_secret}", code: "{code}"}
        set: {access_token: access_token}
        require: [access_token]
      - id: user
        method: GET
        url: https://sso.acme.com/user
        query: {access_token: "{access_token}"}
        set: {sub: union_id, name: user_name}
        require: [sub]
  secrets: {client_secret: "file:secret.txt"}
apps:
  - {id: notes, title: {en: Notes, zh: 笔记}, icon: logo.png, launch: {kind: oidc, url: https://notes.acme.com/login}}
  - {id: docs, title: {en: Docs}, launch: {kind: link, url: https://docs.acme.com, params: [[from, lanyard]]}, plain: https://docs.acme.com/plain}
clients:
  - {id: notes, redirect_uris: [https://notes.acme.com/callback], secret: "env:LANYARD_TEST_NOTES"}
  - {id: mobile, public: true, redirect_uris: [http://127.0.0.1/callback], alg: RS256}
`

// tiny is a PNG of one dot.
var tiny = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\b\x06\x00\x00\x00\x1f\x15\xc4\x89")

// acmeFile writes the admin's files and reads enterprise.yaml, changed by replacing old
// by new pairs.
func acmeFile(t *testing.T, replace ...string) (setup.File, error) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("LANYARD_TEST_NOTES", "notes-secret")
	for name, data := range map[string][]byte{"logo.png": tiny, "secret.txt": []byte("upstream-secret\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yaml := strings.NewReplacer(replace...).Replace(acmeYAML)
	return setup.Parse(filepath.Join(dir, "enterprise.yaml"), []byte(yaml))
}

func mustFile(t *testing.T, replace ...string) setup.File {
	t.Helper()
	f, err := acmeFile(t, replace...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestApply(t *testing.T) {
	f := newFixture(t, public, nil)
	first := f.apply(mustFile(t))
	want := []string{
		"enterprise acme added", "connector added, Lanyard APPID " + first.AppID,
		"app notes added", "app docs added", "client notes added", "client mobile added",
	}
	if !slices.Equal(first.Changes, want) {
		t.Errorf("changes %q, want %q", first.Changes, want)
	}
	if !regexp.MustCompile(`^AK20261121[A-Z]{6}$`).MatchString(first.AppID) {
		t.Errorf("APPID %q", first.AppID)
	}
	row, err := f.m.ActiveConnector(t.Context(), first.ID)
	if err != nil || first.Callback != public+"/c/"+row.ID+"/callback" {
		t.Errorf("callback %q, %v", first.Callback, err)
	}
	if !strings.Contains(string(row.Document), `"0123"`) || strings.Contains(string(row.Document), "upstream-secret") {
		t.Errorf("stored connector: %s", row.Document)
	}
	client, _ := f.m.Client(t.Context(), first.ID, "notes")
	if client.SecretHash != server.Hash("notes-secret") || client.Alg != "ES256" || client.Name != "notes" {
		t.Errorf("client %+v", client)
	}
	e, _ := f.m.Enterprise(t.Context(), first.ID)
	if !strings.HasPrefix(e.Logo, "data:image/png;base64,") || !e.Public {
		t.Errorf("enterprise %+v", e)
	}

	writes := f.m.writes
	if again := f.apply(mustFile(t)); len(again.Changes) != 0 || again.AppID != first.AppID || f.m.writes != writes {
		t.Errorf("the same again: %q, %d writes", again.Changes, f.m.writes-writes)
	}
	for _, row := range []struct {
		name    string
		replace []string
		want    []string
	}{
		{"name and code", []string{"code: acme", "code: acme-2\nid: " + first.ID, "en: Acme,", "en: Acme Ltd,"}, []string{"enterprise acme-2: code, name changed"}},
		{"back", []string{"code: acme", "code: acme\nid: " + first.ID}, []string{"enterprise acme: code, name changed"}},
		{"app", []string{"en: Notes", "en: My notes"}, []string{"app notes changed"}},
		{"connector", []string{"https://sso.acme.com/token", "https://sso.acme.com/token2"}, []string{"app notes changed", "connector changed"}},
		{"without an app", []string{"  - {id: docs", "#", "https://sso.acme.com/token", "https://sso.acme.com/token2"}, []string{"app docs removed"}},
		{"lists left out", []string{"apps:", "#", "  - {id", "#", "clients:", "#", "https://sso.acme.com/token", "https://sso.acme.com/token2"}, nil},
		{"empty list", []string{"apps:", "apps: []\n#", "  - {id", "#", "clients:", "clients: []\n#", "https://sso.acme.com/token", "https://sso.acme.com/token2"}, []string{"app notes removed", "client mobile removed", "client notes removed"}},
	} {
		report := f.apply(mustFile(t, row.replace...))
		slices.Sort(report.Changes)
		if !slices.Equal(report.Changes, row.want) || report.AppID != first.AppID || report.ID != first.ID {
			t.Errorf("%s: changes %q, want %q", row.name, report.Changes, row.want)
		}
	}
	if row, _ = f.m.ActiveConnector(t.Context(), first.ID); !strings.HasSuffix(first.Callback, row.ID+"/callback") {
		t.Error("a changed connector has another id")
	}
}

func TestExport(t *testing.T) {
	f := newFixture(t, public, nil)
	f.apply(mustFile(t))
	file, err := f.Export(t.Context(), "ACME")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(file, "", "  ") // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"upstream-secret", "notes-secret", server.Hash("notes-secret")} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the export holds %q", secret)
		}
	}
	again, err := setup.Parse("export.yaml", text)
	if err != nil {
		t.Fatalf("read export: %v\n%s", err, text)
	}
	if report := f.apply(again); len(report.Changes) != 0 {
		t.Errorf("export applied: %q", report.Changes)
	}
	if _, err := f.Export(t.Context(), "nobody"); !errors.Is(err, auth.CodeUnknown) {
		t.Errorf("unknown code: %v", err)
	}
	clear(f.m.connectors)
	if _, err := f.Export(t.Context(), "acme"); !errors.Is(err, auth.ErrNotFound) || !strings.Contains(err.Error(), "cannot sign in yet") {
		t.Errorf("an enterprise without a connector: %v", err)
	}

	// On another server the file says what is missing.
	other := newFixture(t, "https://other.example", nil)
	_, err = other.Apply(t.Context(), again)
	if err == nil || !strings.Contains(schema.At("export.yaml", text, "", err).Error(), "connector.secrets.client_secret: is missing") {
		t.Errorf("without its secrets: %v", err)
	}
	if n := len(other.m.enterprises); n != 0 {
		t.Errorf("a refused file left %d enterprises", n)
	}
}

func TestExportNamesThePreset(t *testing.T) {
	f := newFixture(t, public, nil)
	f.apply(setup.File{
		Schema: setup.FileSchema, Code: "beta", Name: auth.Text{"en": "Beta"},
		Connector: setup.Connector{Preset: "oidc", Vars: map[string]string{"issuer": "https://id.beta.com", "client_id": "lanyard"}},
	})
	file, err := f.Export(t.Context(), "beta")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"issuer": "https://id.beta.com", "client_id": "lanyard"} // and no var that is blank
	if file.Connector.Preset != "oidc" || file.Connector.Document != nil || !reflect.DeepEqual(file.Connector.Vars, want) {
		t.Errorf("connector %+v", file.Connector)
	}

	// How soon a leaver loses access, which the wizard asks, does not hide the preset.
	of, err := setup.Parse("gamma.yaml", []byte(`{schema: setup/1, code: gamma, name: {en: Gamma}, connector: {preset: oidc,
		vars: {issuer: "https://id.gamma.com", client_id: lanyard}, reverify: 7d}}`))
	if err != nil {
		t.Fatal(err)
	}
	f.apply(of)
	if file, err = f.Export(t.Context(), "gamma"); err != nil {
		t.Fatal(err)
	}
	if file.Connector.Preset != "oidc" || file.Connector.Reverify != "7d" {
		t.Errorf("connector %+v", file.Connector)
	}
	of.Connector.Reverify = "soon"
	if _, err := f.Apply(t.Context(), of); err == nil || !strings.Contains(err.Error(), "reverify") {
		t.Errorf("a time that is none: %v", err)
	}
}

// A test of the connector needs none of the apps' files and secrets.
func TestParseForTest(t *testing.T) {
	yaml := strings.NewReplacer("file:secret.txt", "env:LANYARD_TEST_UPSTREAM", "logo.png", "gone.png").Replace(acmeYAML)
	if _, err := setup.ParseForTest("acme.yaml", []byte(yaml)); err == nil || !strings.Contains(err.Error(), "LANYARD_TEST_UPSTREAM is empty") {
		t.Errorf("without its own: %v", err)
	}
	t.Setenv("LANYARD_TEST_UPSTREAM", "upstream-secret")
	if _, err := setup.ParseForTest("acme.yaml", []byte(yaml)); err != nil {
		t.Errorf("without the others': %v", err)
	}
}

func TestFileRefused(t *testing.T) {
	for _, row := range []struct {
		name    string
		replace []string
		want    []string
	}{
		{"unknown key", []string{"public: true", "publik: true"}, []string{"line 7", "publik"}},
		{"upper case code", []string{"code: acme", "code: ACME"}, []string{"line 2", "code: must be 2 to 64"}},
		{"secret in the file", []string{"file:secret.txt", "hunter2"}, []string{"client_secret: must say where the secret is"}},
		{"unknown secret", []string{"secrets: {client_secret: ", "secrets: {password: "}, []string{"connector.secrets.password", "it has client_secret"}},
		{"no connector", []string{"  document:", "  document2:"}, []string{"line 8"}},
		{"unknown preset", []string{acmeYAML[strings.Index(acmeYAML, "  document:"):strings.Index(acmeYAML, "apps:")], "  preset: nobody\n"}, []string{"connector.preset", "nobody", "oidc"}},
		{"blank var", []string{"client_id: 0123", `client_id: ""`}, []string{"connector.vars.client_id: must be filled in"}},
		{"bad step", []string{"id: user\n        method: GET", "id: user\n        method: PUT"}, []string{"line 27", "must be GET or POST"}},
		{"foreign app kind", []string{"kind: oidc", "kind: saml"}, []string{"line 34", "apps.0.launch.saml: is missing"}},
		{"script address", []string{"https://docs.acme.com,", "javascript:alert(1),"}, []string{"must be an https:// address"}},
		{"unknown placeholder", []string{"[from, lanyard]", "[from, \"{token}\"]"}, []string{"line 35", "apps.1.launch.params.0", "no other placeholder"}},
		{"app twice", []string{"id: docs", "id: notes"}, []string{"line 35", "apps.1.id"}},
		{"desktop's client", []string{"{id: mobile", "{id: lanyard"}, []string{"line 38", "Lanyard's own"}},
		{"plain http callback", []string{"[https://notes.acme.com/callback]", "[http://notes.acme.com/callback]"}, []string{"line 37", "redirect_uris.0"}},
		{"public with secret", []string{"public: true, redirect", "public: true, secret: \"env:X\", redirect"}, []string{"a public client has none"}},
		{"what is not there, with what is wrong", []string{
			"code: acme", "code: ACME", "logo: logo.png", "logo: gone.png", "file:secret.txt", "file:gone.txt",
			"icon: logo.png", "icon: gone.webp", "LANYARD_TEST_NOTES", "LANYARD_TEST_NOTHING", "{id: mobile", "{id: lanyard",
		}, []string{"line 2", "line 6", "logo: open", "line 32", "client_secret: open", "line 34", "apps.0.icon: open", "line 37", "LANYARD_TEST_NOTHING is empty", "line 38"}},
		{"two at once", []string{"{id: mobile", "{id: lanyard", "id: docs", "id: notes"}, []string{"line 35", "line 38"}},
	} {
		_, err := acmeFile(t, row.replace...)
		if err == nil {
			t.Errorf("%s: accepted", row.name)
			continue
		}
		for _, want := range row.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", row.name, err, want)
			}
		}
	}
}

// What is named nowhere is told with everything else, and only where it is not stored.
func TestNamedNowhere(t *testing.T) {
	f := newFixture(t, public, nil)
	reads := func(replace ...string) error {
		yaml := strings.NewReplacer(append(replace, "logo: logo.png", "", "icon: logo.png, ", "")...).Replace(acmeYAML)
		_, err := setup.Parse("acme.yaml", []byte(yaml), func(file *setup.File) error { return f.Check(t.Context(), file) })
		return err
	}
	nowhere := []string{`  secrets: {client_secret: "file:secret.txt"}`, "", `, secret: "env:LANYARD_TEST_NOTES"`, "", "public: true\n", "public: 7\n", "{id: mobile", "{id: lanyard"}
	err := reads(nowhere...)
	for _, want := range []string{"public: must be true or false", "connector.secrets.client_secret: is missing", "clients.0.secret: is missing", "clients.1.id: is Lanyard's own"} {
		if err == nil || strings.Count(err.Error(), want) != 1 {
			t.Errorf("%q is not told once:\n%v", want, err)
		}
	}
	f.apply(mustFile(t))
	if err := reads(nowhere[:4]...); err != nil {
		t.Errorf("what is stored: %v", err)
	}
}

// An app on this computer is written as briefly as any other.
func TestPortInBrackets(t *testing.T) {
	file := mustFile(t, "[http://127.0.0.1/callback]", "[http://127.0.0.1:8080/cb, http://localhost:8080/cb]")
	if got, want := file.Clients[1].RedirectURIs, []string{"http://127.0.0.1:8080/cb", "http://localhost:8080/cb"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, row := range []struct {
		name, want string
		replace    []string
	}{
		{"no such secret file", "connector.secrets.client_secret", []string{"file:secret.txt", "file:gone.txt"}},
		{"empty environment", "clients.0.secret", []string{"env:LANYARD_TEST_NOTES", "env:LANYARD_TEST_NOTHING"}},
		{"logo is no picture", "logo: not a PNG", []string{"logo: logo.png", "logo: secret.txt"}},
		{"icon is no picture", "apps.0.icon: not a PNG", []string{"icon: logo.png", "icon: secret.txt"}},
		{"no logo there", "logo: open", []string{"logo: logo.png", "logo: gone.png"}},
		{"confidential client without secret", "clients.0.secret", []string{`, secret: "env:LANYARD_TEST_NOTES"`, ""}},
	} {
		f := newFixture(t, public, nil)
		file, err := acmeFile(t, row.replace...)
		if err == nil {
			_, err = f.Apply(t.Context(), file)
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		if strings.Contains(err.Error(), "upstream-secret") || f.m.writes != 0 {
			t.Errorf("%s: %d writes, %v", row.name, f.m.writes, err)
		}
	}

	f := newFixture(t, public, nil)
	acme := f.apply(mustFile(t))
	beta := setup.File{
		Schema: setup.FileSchema, Code: "beta", Name: auth.Text{"en": "Beta"},
		Connector: setup.Connector{Preset: "oidc", Vars: map[string]string{"issuer": "https://id.beta.com", "client_id": "lanyard"}},
	}
	beta.ID = f.apply(beta).ID
	beta.Code = "acme"
	if _, err := f.Apply(t.Context(), beta); err == nil || !strings.Contains(err.Error(), "code: is another enterprise's") {
		t.Errorf("taking another's code: %v", err)
	}
	beta.Code = "beta"
	row, _ := f.m.ActiveConnector(t.Context(), acme.ID)
	beta.Connector.ID = row.ID
	if _, err := f.Apply(t.Context(), beta); err == nil || !strings.Contains(err.Error(), "connector.id: is another enterprise's") {
		t.Errorf("taking another's connector: %v", err)
	}
	fresh := oidcFile("gamma", "broker")
	fresh.Connector.ID = row.ID
	if _, err := f.Apply(t.Context(), fresh); err == nil || !strings.Contains(err.Error(), "connector.id: is another enterprise's") {
		t.Errorf("a new enterprise takes another's connector: %v", err)
	}
	if _, err := f.m.EnterpriseByCode(t.Context(), directory.Hash("gamma")); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("half of it was kept: %v", err)
	}
}
