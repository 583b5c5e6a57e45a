package schema_test

import (
	"net/http"
	"testing"

	"lanyard/auth/connector/connectortest"
	"lanyard/auth/connector/schema"
)

// TestPresetsConform runs the suite on every shipped preset of kind steps. Those of kind oidc
// pass it in auth/server/setup, where there is an OpenID client.
func TestPresetsConform(t *testing.T) {
	for _, p := range []struct {
		name, preset string
		vendor       func() *connectortest.Vendor
	}{
		{"WPS-style by POST", "wps-style", func() *connectortest.Vendor { return connectortest.WPSStyle(http.MethodPost) }},
		{"WPS-style by GET", "wps-style", func() *connectortest.Vendor { return connectortest.WPSStyle(http.MethodGet) }},
		{"WPS-style, every name another", "wps-style", connectortest.WPSStyleRenamed},
		{"WPS 365", "wps365", connectortest.WPS365},
		{"WeLink back-end login", "welink-backend", connectortest.WeLinkBackend},
		{"WeLink", "welink", connectortest.WeLink},
		{"DingTalk", "dingtalk", connectortest.DingTalk},
		{"Feishu", "feishu", func() *connectortest.Vendor { return connectortest.Feishu(false) }},
		{"Lark", "feishu", func() *connectortest.Vendor { return connectortest.Feishu(true) }},
		{"WeCom", "wecom", connectortest.WeCom},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			preset, err := schema.FindPreset(p.preset)
			if err != nil {
				t.Fatal(err)
			}
			connectortest.Run(t, preset.Connector, p.vendor, nil)
		})
	}
}
