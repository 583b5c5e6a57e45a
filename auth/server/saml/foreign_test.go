package saml_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"lanyard/auth/server"
)

// outcome is what the independent library says of a response.
type outcome struct {
	Error   string         `json:"error"`
	Profile map[string]any `json:"profile"`
}

// foreign lets node-saml, which no one here wrote, judge responses as the service
// provider that options describe.
func foreign(t testing.TB, options map[string]any, responses ...[]byte) []outcome {
	t.Helper()
	if testing.Short() {
		t.Skip("needs node-saml: skipped under -short")
	}
	const dir = "../../../cmd/testdata/provider"
	if _, err := os.Stat(dir + "/node_modules/@node-saml"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs node-saml (make test installs it); CI=true does not skip")
		}
		t.Skip("needs node-saml (make test installs it)")
	}
	in, err := json.Marshal(map[string]any{"options": options, "responses": responses}) // []byte is base64 in JSON
	must(t, err)
	cmd := exec.Command("node_modules/node/bin/node", "saml.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(in), os.Stderr
	data, err := cmd.Output()
	must(t, err)
	var out []outcome
	must(t, json.Unmarshal(data, &out))
	return out
}

// TestForeign lets an independent library accept what Alibaba Cloud's role and user
// SSO and AWS get, and refuse what was changed or meant for somebody else.
func TestForeign(t *testing.T) {
	w := newWorld(t)
	certs, err := w.provider.Certificates(t.Context(), acme)
	must(t, err)
	b := w.browser().signIn(w.zhangsan())
	for name, row := range map[string]struct {
		sp   server.SAML
		want map[string]any
	}{
		"role": {aliyunRole, map[string]any{
			"https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName": "zhangsan",
			"https://www.aliyun.com/SAML-Role/Attributes/Role": []any{
				"acs:ram::1234567890123456:role/admin,acs:ram::1234567890123456:saml-provider/lanyard",
				"acs:ram::1234567890123456:role/reader,acs:ram::1234567890123456:saml-provider/lanyard",
			},
		}},
		"user": {aliyunUser, map[string]any{"nameID": "zhangsan@acme.onaliyun.com"}},
		"aws":  {aws, map[string]any{"https://aws.amazon.com/SAML/Attributes/RoleSessionName": "zhangsan@acme.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.app(acme, name, row.sp)
			w.admitted[name] = server.Admission{Allowed: true, Values: map[string]string{"role": "admin;reader"}}
			good := form(t, b.open(acme, name))
			row.sp.SignResponse = true
			w.app(acme, name, row.sp)
			both := form(t, b.open(acme, name))
			options := map[string]any{
				"idpCert": certs[0].PEM, "issuer": row.sp.EntityID, "audience": row.sp.EntityID, "callbackUrl": row.sp.ACS[0],
				"idpIssuer": w.issuer() + "/saml/metadata", "wantAssertionsSigned": true, "wantAuthnResponseSigned": false,
			}
			got := foreign(t, options, good.raw, both.raw,
				bytes.ReplaceAll(good.raw, []byte("zhangsan"), []byte("lisi0000")),
				bytes.ReplaceAll(good.raw, []byte(":saml-provider/"), []byte(":saml-provided/")))
			for i, what := range []string{"assertion signed", "both signed"} {
				for field, value := range row.want {
					g, _ := json.Marshal(got[i].Profile[field])
					wanted, _ := json.Marshal(value)
					if !bytes.Equal(g, wanted) {
						t.Errorf("%s: %s = %s (%s), want %s", what, field, g, got[i].Error, wanted)
					}
				}
			}
			if got[2].Error == "" || name != "user" && got[3].Error == "" {
				t.Errorf("it accepts a changed one: %+v", got[2:])
			}
			options["audience"] = "urn:somebody:else"
			if other := foreign(t, options, good.raw); !strings.Contains(other[0].Error, "audience") {
				t.Errorf("it accepts another's: %+v", other)
			}
			options["audience"], options["wantAuthnResponseSigned"] = row.sp.EntityID, true
			strict := foreign(t, options, good.raw, both.raw)
			if strict[0].Error == "" || strict[1].Error != "" {
				t.Errorf("where the response is to be signed: %+v", strict)
			}
		})
	}
}

// TestForeignText: no parser of theirs cuts a name where ours does not.
func TestForeignText(t *testing.T) {
	w := newWorld(t)
	w.app(acme, "x", server.SAML{EntityID: "urn:x", ACS: []string{"https://x.example/acs"}, NameID: "{login}"})
	certs, err := w.provider.Certificates(t.Context(), acme)
	must(t, err)
	texts := []string{"张三", "admin@acme.example<!--x-->.evil.example", `"><x>&amp;'`, "]]>"}
	var responses [][]byte
	for _, text := range texts {
		b := w.browser().signIn(w.zhangsan(func(p *server.Person) { p.Authoritative["login"] = text }))
		responses = append(responses, form(t, b.open(acme, "x")).raw)
	}
	got := foreign(t, map[string]any{
		"idpCert": certs[0].PEM, "issuer": "urn:x", "audience": "urn:x", "callbackUrl": "https://x.example/acs", "wantAuthnResponseSigned": false,
	}, responses...)
	for i, text := range texts {
		want(t, "NameID", got[i].Profile["nameID"], any(text))
	}
}
