package setup_test

import (
	"errors"
	"testing"

	"lanyard/auth/connector/schema"
	"lanyard/auth/server/setup"
)

// FuzzParse: whatever an admin writes, each fault has its place, and what has none is
// whole: it names an enterprise and how its people sign in.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		acmeYAML, kindsYAML, "schema: setup/1\n", "~", "[]",
		"schema: setup/1\ncode: acme\nname: [x]\nconnector: ~\naccess: {accounts: 5}\napps: [~, 7, {id: a, launch: {kind: steps, steps: [~]}}]\nclients: [~, {three: []}]\n",
		"connector: {preset: wps-style, vars: [1], secrets: {x: ~}, targets: [~], activate: {}}\napps: {}\n",
		"connector: {document: {kind: steps, authorize: 5, steps: [{}]}, activate: {steps: [~]}}\napps: [{preset: aws, vars: {x: y}}, {preset: tea}]\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, yaml []byte) {
		file, err := setup.Parse("acme.yaml", yaml)
		var problems schema.Problems
		switch {
		case err == nil && (file.Code == "" || (file.Connector.Preset == "") == (file.Connector.Document == nil)):
			t.Fatalf("parsed, but %+v", file)
		case err != nil && (!errors.As(err, &problems) || len(problems) == 0):
			t.Fatalf("not problems: %v", err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Fatalf("problem without a place: %+v", p)
			}
		}
	})
}
