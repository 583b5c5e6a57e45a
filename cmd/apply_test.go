//go:build linux

package cmd_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestApplyRefusesPlainHTTP: an app at an address that would never be opened is refused
// when it is set up, each with its line; this computer and the hosts that the server's
// configuration names may.
func TestApplyRefusesPlainHTTP(t *testing.T) {
	t.Parallel()
	c := &company{dir: t.TempDir()}
	c.write(t, "server.yaml", fmt.Sprintf("listen: 127.0.0.1:1\npublic_url: http://127.0.0.1:1\ndata: %[1]s/data\nkey_file: %[1]s/key\nallow_http: [intranet]\n", c.dir))
	const head = `schema: setup/1
code: acme
name: {en: Acme}
connector:
  preset: oidc
  vars: {issuer: "https://login.acme.example", client_id: lanyard}
apps:
  - {id: a, title: {en: A}, plain: "http://intranet/a", launch: {kind: link, url: "http://intranet/a"}}
  - {id: b, title: {en: B}, launch: {kind: link, url: "http://127.0.0.1:1/a"}}
`
	apply := func(file string) result {
		c.write(t, "enterprise.yaml", file)
		return c.command(t, "apply", "-f", filepath.Join(c.dir, "enterprise.yaml")).ended(t)
	}
	apply(head+`  - {id: c, title: {en: C}, launch: {kind: link, url: "http://wiki.acme.example/"}}
  - {id: d, title: {en: D}, plain: "http://wiki.acme.example/", launch: {kind: oidc, url: "https://wiki.acme.example/"}}
`).says(t, 1, "line 10, ", "apps.2.launch", "line 11, ", "apps.3.plain")
	apply(head).says(t, 0)
	// What is named nowhere comes with the rest, not when that is mended.
	apply(strings.Replace(head, "code: acme", "code: Beta", 1)+`clients: [{id: b, redirect_uris: ["https://b.acme.example/cb"]}]
`).says(t, 1, "line 2, ", "code: must be", "line 10, ", "clients.0.secret: is missing")
}
