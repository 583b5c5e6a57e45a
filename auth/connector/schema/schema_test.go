package schema_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
)

const acme = `schema: connector/1
id: acme
kind: steps
vars: {client_id: 0123456789012345678901}
secrets: [client_secret]
authorize:
  url: https://sso.acme.com/authorize
  params:
    - [client_id, "{client_id}"]
    - [redirect_uri, "{redirect_uri}"]
    - [state, "{state}"]
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
    headers: {Authorization: "Bearer {access_token}"}
    set: {sub: data.id, name: [data.name, data.nick]}
    require: [sub]
`

func TestParseConnector(t *testing.T) {
	c, err := schema.ParseConnector("acme.yaml", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Vars["client_id"]; got != "0123456789012345678901" {
		t.Errorf("an unquoted identifier became %q", got)
	}
	if len(c.Steps) != 2 || c.Steps[1].Set["name"][1] != "data.nick" {
		t.Errorf("got %+v", c.Steps)
	}
}

func TestParseConnectorFaults(t *testing.T) {
	for _, row := range []struct {
		name     string
		old, new string
		want     []string
	}{
		{"unknown key", "method: POST", "metod: POST", []string{
			"line 13, column 5: steps.0.method: is missing",
			"line 14, column 5: steps.0.metod: unknown key; did you mean method?",
		}},
		{"wrong value", "method: GET", "method: get", []string{"line 20, column 5: steps.1.method: must be GET or POST"}},
		{"repeated key", "id: acme", "id: acme\nid: beta", []string{`line 3, column 1: id: the key "id" is here a second time; the first is in line 2`}},
		{"wrong type", "require: [sub]", "require: sub", []string{"line 24, column 5: steps.1.require: must be a list"}},
		{"number for a text", "- [state,", "- [5,", []string{`line 11, column 8: authorize.params.2.0: must be a text; put it in quotes: "5"`}},
		{"unknown placeholder", `code: "{code}"`, `code: "{kode}"`, []string{
			"line 16, column 72: steps.0.form.code: holds {kode}, which nothing gives here; there are client_secret, code, code_verifier, nonce, now_utc, redirect_uri, state",
		}},
		{"brace", `code: "{code}"`, `code: "{code"`, []string{"line 16, column 72: steps.0.form.code: has a brace without its partner"}},
		{"expression", `code: "{code}"`, `code: "{code + 1}"`, []string{`line 16, column 72: steps.0.form.code: has the placeholder "{code + 1}"; write {name} or {name?}`}},
		{"later value", "url: https://sso.acme.com/token", "url: https://sso.acme.com/{access_token}", []string{
			"line 15, column 5: steps.0.url: holds {access_token}, which nothing gives here; there are client_secret, code, code_verifier, nonce, now_utc, redirect_uri, state",
		}},
		{"value in host", "https://sso.acme.com/user", "https://{access_token}.acme.com/user", []string{"line 21, column 5: steps.1.url: no value of the sign-in may stand in the host"}},
		{"value as address", "https://sso.acme.com/user", `"{access_token}"`, []string{
			"line 21, column 5: steps.1.url: must start with https://; a value of the sign-in may not decide where to go",
		}},
		{"secret in the browser", `"{client_id}"]`, `"{client_secret}"]`, []string{
			"line 9, column 19: authorize.params.0.1: holds the secret {client_secret}, which may not stand here",
		}},
		{"no state", `[state, "{state}"]`, `[state, fixed]`, []string{"line 8, column 3: authorize.params: no parameter carries {state}"}},
		{"no authorize", acme[strings.Index(acme, "authorize:"):strings.Index(acme, "steps:")], "", []string{
			"line 1, column 1: authorize: is missing: where is the browser sent to sign in?",
		}},
		{"no sub", "sub: data.id", "user: data.id", []string{
			"line 12, column 1: steps: no step sets sub: who is the person?",
			"line 24, column 15: steps.1.require.0: sub is set by no step up to here",
		}},
		{"two paths of sub", "sub: data.id", "sub: [data.id, data.mail]", []string{"line 23, column 11: steps.1.set.sub: must be one path: a person has one identifier"}},
		{"many companies", "sub: data.id", "sub: data.id, tenant: data.corp", []string{
			"line 23, column 25: steps.1.set.tenant: needs expect.tenant: people of every other company would be let in",
		}},
		{"header", "{Authorization:", "{Host: evil.example, Authorization:", []string{"line 22, column 15: steps.1.headers.Host: is not a header that a step may set"}},
		{"user in address", "https://sso.acme.com/user", "https://a:b@sso.acme.com/user", []string{
			"line 21, column 5: steps.1.url: must name a host in letters, digits, dots and hyphens (a Chinese name in its xn-- form), and no user",
		}},
		{"several at once", "id: acme\nkind: steps", "id: Acme!\nkind: step\ntitel: x", []string{
			"line 2, column 1: id: must be lower case letters, digits and hyphens",
			"line 3, column 1: kind: must be oidc or steps",
			"line 4, column 1: titel: unknown key; did you mean title?",
		}},
		{"syntax", "kind: steps", "kind: [steps", nil},
		{"tag", "kind: steps", "kind: !!str steps", nil},
		{"two documents", "kind: steps", "kind: steps\n---\nid: beta", nil},
		{"alias without anchor", "kind: steps", "kind: *kind", []string{"line 3, column 7: kind: the alias *kind has no anchor before it"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !strings.Contains(acme, row.old) {
				t.Fatalf("the document has no %q", row.old)
			}
			_, err := schema.ParseConnector("", []byte(strings.Replace(acme, row.old, row.new, 1)))
			var problems schema.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			if row.want != nil && err.Error() != strings.Join(row.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(row.want, "\n"))
			}
		})
	}
}

func TestParseConnectorBounds(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'h'; c++ {
		prev := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+prev+",", 10) + "]\n"
	}
	for name, text := range map[string]string{
		"empty":    "# nothing\n",
		"aliases":  bomb,
		"brackets": strings.Repeat("[", 1<<19),
		"large":    strings.Repeat("#", 2<<20),
		"scalar":   "hello",
		"null":     "~",
	} {
		if _, err := schema.ParseConnector("", []byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// At gives what Load finds in an enterprise's file the lines of that file.
func TestAt(t *testing.T) {
	_, err := connector.Load(connector.Connector{Schema: "connector/1", ID: "x", Kind: "oidc", Vars: map[string]string{"issuer": "", "client_id": "a"}, OIDC: &connector.OIDC{Issuer: "{issuer}"}}, nil)
	got := schema.At("acme.yaml", []byte("code: acme\nconnector:\n  preset: oidc\n  vars:\n    issuer: \"\"\n"), "connector", err)
	if want := "acme.yaml: line 5, column 5: connector.vars.issuer: must be filled in"; got == nil || got.Error() != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if other := errors.New("other"); !errors.Is(schema.At("", nil, "", other), other) || schema.At("", nil, "", nil) != nil {
		t.Error("another error was changed")
	}
}

func TestDecodeServer(t *testing.T) {
	var into map[string]any
	err := schema.Decode(schema.KindServer, "server.yaml", []byte("listn: 1\n"), &into)
	if err == nil || !strings.Contains(err.Error(), "server.yaml: line 1, column 1: listn: unknown key; did you mean listen?") {
		t.Errorf("got %v", err)
	}
}

// Inside brackets an address with a port is one text, as it is outside them.
func TestAddressesInBrackets(t *testing.T) {
	decode := func(list string) ([]string, error) {
		var file struct {
			Schema, Code    string
			Name, Connector map[string]string
			Clients         []struct {
				ID        string
				Redirects []string `json:"redirect_uris"`
			}
		}
		err := schema.Decode(schema.KindEnterprise, "acme.yaml", []byte("schema: setup/1\ncode: acme\nname: {en: 名字}\n"+
			"connector: {preset: oidc}\nclients: [{id: 'x', redirect_uris: "+list+"}]\n"), &file)
		if err != nil {
			return nil, err
		}
		return file.Clients[0].Redirects, nil
	}
	for list, want := range map[string][]string{
		"[http://127.0.0.1:8080/cb]":                      {"http://127.0.0.1:8080/cb"},
		"[ http://127.0.0.1:8080 , http://localhost:1/ ]": {"http://127.0.0.1:8080", "http://localhost:1/"},
		"[http://a:1/b:c]":                                {"http://a:1/b:c"},
		"['http://a:1', \"http://b:2\"]":                  {"http://a:1", "http://b:2"},
		"[\n    http://a:1,\n    http://b:2]":             {"http://a:1", "http://b:2"},
	} {
		if got, err := decode(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", list, got, err)
		}
	}
	for list, want := range map[string]string{
		"[http: //a]":            "line 5, column 37: clients.0.redirect_uris.0: must be",
		"['http':8080]":          "line 5, column 37: clients.0.redirect_uris.0: must be",
		"[http://a:8080/?x={y}]": "line 5, column 54: is not readable as YAML: ",
		"[http://[::1]:8080/]":   "; between brackets, put addresses and texts with [ ] { } , : in quotes",
	} {
		if got, err := decode(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v; want %q", list, got, err, want)
		}
	}
}

// Whatever a text holds, Decode reads what Encode wrote.
func TestEncode(t *testing.T) {
	for _, text := range []string{
		"plain", "123", "true", "null", "~", "1e3", "0x1f", "", " lead", "trail ", "- a", "? a", "a: b", "a #b", "#x", "{x}", "[::1]", "@x", "%", "!x", "&x", "*x",
		"'", "\"", "a'b\"c\\d", "http://127.0.0.1:8080/cb", "名字：张三", "a\tb", "\t", "two\nlines", "one\n", "\nx", "x\n\n", "a\n\n b\n",
		"mail = {email}\r\nname = {name}\r\n", "a\rb", "\r\n", "\u0085", "\u2028", "\x07", "---", "😀",
	} {
		type app struct {
			ID, Title string
			Lines     []string
		}
		in := struct{ Apps []app }{[]app{{text, text, []string{text, text}}, {ID: "z"}}}
		yaml, err := schema.Encode(in)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		out := in
		out.Apps = nil
		if err := schema.DecodeAny(yaml, &out); err != nil || !reflect.DeepEqual(out, in) {
			t.Errorf("%q: got %q, %v from\n%s", text, out, err, yaml)
		}
	}
}

// Every preset loads once its blanks are filled, and says in both languages what it
// wants and where that is found.
func TestPresets(t *testing.T) {
	if len(schema.Presets()) < 3 {
		t.Fatal("presets are missing")
	}
	for _, p := range schema.Presets() {
		t.Run(p.ID, func(t *testing.T) {
			vars := map[string]string{}
			for _, b := range p.Connector.Blanks {
				if b.Label["en"] == "" || b.Label["zh"] == "" || b.Help["en"] == "" || b.Help["zh"] == "" || b.Example == "" {
					t.Errorf("blank %s lacks a label, help or example", b.Name)
				}
				if _, isVar := p.Connector.Vars[b.Name]; isVar {
					vars[b.Name] = b.Example
				}
			}
			if p.Title["en"] == "" || p.Title["zh"] == "" {
				t.Error("no title")
			}
			full, err := connector.Load(p.Connector, vars)
			if err != nil {
				t.Fatal(err)
			}
			again, err := connector.Load(*full, nil)
			if err != nil || again.ID != p.ID {
				t.Errorf("a loaded connector does not load again: %v", err)
			}
			for _, b := range p.Connector.Blanks {
				if value, isVar := p.Connector.Vars[b.Name]; isVar && !b.Optional && value == "" {
					less := map[string]string{b.Name: ""}
					for name, v := range vars {
						if name != b.Name {
							less[name] = v
						}
					}
					if _, err := connector.Load(p.Connector, less); err == nil || !strings.Contains(err.Error(), "vars."+b.Name+": must be filled in") {
						t.Errorf("without %s: %v", b.Name, err)
					}
				}
			}
			for _, b := range p.Connector.Blanks {
				if b.Name == "tenant_expected" && vars["tenant_expected"] != "" {
					less := map[string]string{}
					for name, v := range vars {
						less[name] = v
					}
					less["tenant_expected"] = ""
					if _, err := connector.Load(p.Connector, less); err == nil {
						t.Error("loads without its tenant check")
					}
				}
			}
		})
	}
}

func TestFindPreset(t *testing.T) {
	if _, err := schema.FindPreset("wps-stile"); !errors.Is(err, auth.ErrNotFound) || !strings.Contains(err.Error(), "wps-style") {
		t.Errorf("got %v", err)
	}
}

func FuzzParseConnector(f *testing.F) {
	f.Add([]byte(acme))
	for _, p := range schema.Presets() {
		f.Add(p.YAML)
	}
	for _, s := range []string{"a: &a [*a]", "? [a]\n: b", "a: |\n  x", "- - - -", "{a: {b: c}, a: d}", "a: .nan", "<<: {a: b}", "!!binary x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, yaml []byte) {
		c, err := schema.ParseConnector("", yaml)
		var problems schema.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("not problems: %v", err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 0 || p.Message == "" {
				t.Fatalf("problem without a place: %+v", p)
			}
		}
		if err == nil {
			if err := connector.Check(c); err != nil {
				t.Fatalf("parsed, but %v", err)
			}
		}
	})
}
