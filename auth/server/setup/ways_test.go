package setup_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lanyard/auth/connector"
	"lanyard/auth/server/setup"
)

// waysYAML is a company on a preset, with links by APPID and activation.
const waysYAML = `schema: setup/1
code: gamma
name: {en: Gamma}
connector:
  preset: wps-style
  vars: {authorize_url: https://sso.gamma.com/authorize, token_url: https://sso.gamma.com/token, user_url: https://sso.gamma.com/user, client_id: page}
  secrets: {client_secret: "file:page.txt", sdk_secret: "file:sdk.txt"}
  targets: ["https://kdocs.cn/", "https://wiki.gamma.com/team"]
  activate:
    secrets: [sdk_secret]
    steps:
      - id: sdk
        method: POST
        url: https://sso.gamma.com/sdk
        form: {client_id: sdk, client_secret: "{sdk_secret}", code: "{code}"}
        set: {sub: union_id}
        require: [sub]
`

func TestOtherWaysIn(t *testing.T) {
	dir := t.TempDir()
	for name, secret := range map[string]string{"page.txt": "page-secret", "sdk.txt": "sdk-secret"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := newFixture(t, public, nil)
	file, err := setup.Parse(filepath.Join(dir, "gamma.yaml"), []byte(waysYAML))
	if err != nil {
		t.Fatal(err)
	}
	report := f.apply(file)
	row, err := f.m.ConnectorByAppID(t.Context(), report.AppID)
	if err != nil {
		t.Fatal(err)
	}
	var stored connector.Connector
	if err := json.Unmarshal(row.Document, &stored); err != nil {
		t.Fatal(err)
	}
	if _, ok := stored.Target("https://wiki.gamma.com/team/x"); !ok || stored.Activate == nil {
		t.Errorf("stored %+v", stored)
	}
	again, err := f.Export(t.Context(), "gamma")
	if err != nil {
		t.Fatal(err)
	}
	if again.Connector.Preset != "wps-style" || !reflect.DeepEqual(again.Connector.Targets, file.Connector.Targets) || again.Connector.Activate == nil {
		t.Errorf("export %+v", again.Connector)
	}
	if report := f.apply(again); len(report.Changes) != 0 {
		t.Errorf("export applied: %q", report.Changes)
	}
}

func TestOtherWaysInRefused(t *testing.T) {
	for _, row := range []struct{ name, old, new, want string }{
		{"target without a host", `"https://kdocs.cn/"`, `"https:///"`, "line 8"},
		{"target by http", `"https://kdocs.cn/"`, `"http://kdocs.cn/"`, "connector.targets.0: must be an https:// address"},
		{"the page's secret", `client_secret: "{sdk_secret}"`, `client_secret: "{client_secret}"`, "holds the secret {client_secret}, which may not stand here"},
		{"the page's client", `client_id: sdk,`, `client_id: "{client_id}",`, "holds {client_id}, the client of the sign-in page"},
		{"no secret of its own", `secrets: [sdk_secret]`, `secrets: []`, "activate.secrets"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := setup.Parse("gamma.yaml", []byte(strings.Replace(waysYAML, row.old, row.new, 1)))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v\nwant %s", err, row.want)
			}
		})
	}
}
