package openid

import (
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth/connector"
)

// FuzzDiscovery feeds anything as a discovery document and as a key: whatever is
// accepted names endpoints by https or on this machine, in ASCII.
func FuzzDiscovery(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"issuer":7}`, `{"keys":[{}]}`,
		`{"issuer":"https://a","authorization_endpoint":"https://a/x","token_endpoint":"https://a/t","jwks_uri":"https://a/k"}`,
		`{"authorization_endpoint":"http://[::1]:1/","token_endpoint":"http://localhost/","jwks_uri":"https://а.example/"}`,
		`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, `{"kty":"RSA","n":"AQAB","e":"AAAAAAAAAAAA"}`,
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
	} {
		f.Add([]byte(seed))
	}
	policy := connector.Policy{Loopback: true}
	f.Fuzz(func(t *testing.T, data []byte) {
		if key, ok := parseKey(json.RawMessage(data)); ok && key.key == nil {
			t.Fatal("a key without a key")
		}
		var doc document
		p := &Provider{}
		if !decodeJSON(data, &doc) || p.adopt(doc, nil) != nil {
			return
		}
		for _, e := range p.endpoints() {
			if checkEndpoint(policy, e) != nil {
				continue
			}
			u, err := url.Parse(e)
			if err != nil || u.User != nil || strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' }) {
				t.Fatalf("%q was accepted", e)
			}
			ip := net.ParseIP(u.Hostname())
			local := strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
			if u.Scheme != "https" && (u.Scheme != "http" || !local) {
				t.Fatalf("%q was accepted", e)
			}
		}
	})
}
