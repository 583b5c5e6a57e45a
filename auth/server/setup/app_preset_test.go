package setup_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"slices"
	"strings"
	"testing"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
)

// Every preset parses, says all it has to say in both languages, and opens something
// with the values of its own examples.
func TestAppPresets(t *testing.T) {
	files, err := fs.Glob(assets.Apps, "apps/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d presets, %v", len(files), err)
	}
	for _, file := range files {
		yaml, err := fs.ReadFile(assets.Apps, file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := setup.ParseAppPreset(file, yaml)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if file != "apps/"+p.ID+".yaml" {
			t.Errorf("%s has the id %s", file, p.ID)
		}
		vars := map[string]string{}
		for _, b := range p.Blanks {
			if b.Label["en"] == "" || b.Label["zh"] == "" || b.Help["en"] == "" || b.Help["zh"] == "" || b.Example == "" {
				t.Errorf("%s: blank %s lacks a label, help or example", p.ID, b.Name)
			}
			if !slices.Contains(p.Secrets, b.Name) && !strings.Contains(b.Example, "assigned.") {
				vars[b.Name] = b.Example
			}
		}
		if p.Place {
			continue
		}
		t.Run(p.ID, func(t *testing.T) {
			f := newFixture(t, public, nil)
			file := mustFile(t)
			file.Apps = []setup.App{{
				ID: "app", Title: auth.Text{"en": "App"}, Preset: p.ID, Vars: vars,
				Given: map[string]auth.Secret{"client_secret": auth.NewSecret("the-secret")},
			}}
			report := f.apply(file)
			app, err := f.m.App(t.Context(), report.ID, "app")
			if err != nil {
				t.Fatal(err)
			}
			var spec server.LaunchSpec
			if err := json.Unmarshal(app.Launch, &spec); err != nil {
				t.Fatal(err)
			}
			for _, b := range p.Blanks {
				if strings.Contains(string(app.Launch), "{"+b.Name) {
					t.Errorf("{%s} was not filled: %s", b.Name, app.Launch)
				}
			}
			if again := f.apply(file); len(again.Changes) != 0 {
				t.Errorf("applied again: %q", again.Changes)
			}
			out, err := f.Export(t.Context(), "acme")
			if err != nil || len(out.Apps) != 1 || out.Apps[0].Preset != p.ID {
				t.Fatalf("export %+v, %v", out.Apps, err)
			}
			if again := f.apply(out); len(again.Changes) != 0 {
				t.Errorf("export applied: %q", again.Changes)
			}
			yaml, err := schema.Encode(out)
			if err != nil || strings.Contains(string(yaml), "the-secret") {
				t.Errorf("export: %v\n%s", err, yaml)
			}
			if _, err := setup.Parse("out.yaml", yaml); err != nil {
				t.Errorf("export does not parse: %v\n%s", err, yaml)
			}
			view, err := f.ViewApp(t.Context(), report.ID, "app")
			if err != nil || view.Preset.ID != p.ID || view.Waits {
				t.Fatalf("view %+v, %v", view, err)
			}
			for name, value := range vars {
				if view.Values[name] != value {
					t.Errorf("the form shows %s as %q, want %q", name, view.Values[name], value)
				}
			}
			for _, part := range view.Form {
				for _, field := range part.Fields {
					if strings.Contains(field.Value, "{") && !strings.Contains(field.Value, "{assigned.") {
						t.Errorf("the form shows %q", field.Value)
					}
				}
			}
		})
	}
}

// An app that was removed while its form was open does not come back as an empty one.
func TestKeepAppThatIsGone(t *testing.T) {
	f := newFixture(t, public, nil)
	report := f.apply(oidcFile("acme", "broker"))
	_, err := f.KeepApp(t.Context(), report.ID, server.AppInput{ID: "gone", Title: auth.Text{"en": "Gone"}})
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if apps, _ := f.m.Apps(t.Context(), report.ID); len(apps) != 2 {
		t.Errorf("there are %d apps, want those two that were there", len(apps))
	}
}

// A preset's client goes with its app, and no other with it.
func TestRemovedAppTakesItsClient(t *testing.T) {
	f := newFixture(t, public, nil)
	vars := map[string]string{"url": "https://wiki.example", "redirect_uris": "https://wiki.example/cb"}
	given := map[string]auth.Secret{"client_secret": auth.NewSecret("the-secret")}
	file := oidcFile("acme", "broker")
	file.Clients = []setup.Client{{ID: "mobile", Public: true, RedirectURIs: []string{"http://127.0.0.1/cb"}}}
	file.Apps = []setup.App{
		{ID: "wiki", Title: auth.Text{"en": "Wiki"}, Preset: "oidc", Vars: vars, Given: given},
		{ID: "wiki-edit", Title: auth.Text{"en": "Edit"}, Preset: "oidc", Vars: vars, Given: given, Client: "shared"},
		{ID: "wiki-read", Title: auth.Text{"en": "Read"}, Preset: "oidc", Vars: vars, Given: given, Client: "shared"},
	}
	report := f.apply(file)
	clients := func() (ids []string) {
		list, err := f.m.ListClients(t.Context(), report.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		return ids
	}
	if got := clients(); !slices.Equal(got, []string{"mobile", "shared", "wiki"}) {
		t.Fatalf("clients %q", got)
	}
	file.Clients, file.Apps = nil, file.Apps[2:]
	got := f.apply(file)
	if want := []string{"app wiki removed", "client wiki removed", "app wiki-edit removed"}; !slices.Equal(got.Changes, append([]string{"app wiki-read changed"}, want...)) {
		t.Errorf("changes %q", got.Changes)
	}
	if got := clients(); !slices.Equal(got, []string{"mobile", "shared"}) {
		t.Errorf("clients left: %q", got)
	}
}

// What a service provider's metadata says beyond the form's fields stays when the form is
// saved again, and in the file.
func TestMetadataIsKept(t *testing.T) {
	f := newFixture(t, public, nil)
	report := f.apply(oidcFile("acme", "broker"))
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	said := server.SAML{
		EntityID: "https://wiki.example/sp", ACS: []string{"https://wiki.example/acs"}, Logout: "https://wiki.example/bye",
		Certificates: []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}, UnsignedRequests: true,
	}
	in := server.AppInput{ID: "wiki", Preset: "saml", Title: auth.Text{"en": "Wiki"}, SAML: &said}
	for _, when := range []string{"first", "again"} {
		if _, err := f.KeepApp(t.Context(), report.ID, in); err != nil {
			t.Fatal(err)
		}
		view, err := f.ViewApp(t.Context(), report.ID, "wiki")
		if err != nil {
			t.Fatal(err)
		}
		if sp := view.Spec.SAML; !slices.Equal(sp.Certificates, said.Certificates) || sp.Logout != said.Logout || !sp.UnsignedRequests {
			t.Errorf("saved %s: %+v", when, sp)
		}
		in = server.AppInput{ID: "wiki", Title: auth.Text{"en": "The wiki"}}
	}
	out, err := f.Export(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := schema.Encode(out)
	if err != nil {
		t.Fatal(err)
	}
	back, err := setup.Parse("acme.yaml", yaml)
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	if again := f.apply(back); len(again.Changes) != 0 {
		t.Errorf("export applied: %q\n%s", again.Changes, yaml)
	}
}
