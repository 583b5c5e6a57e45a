package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layer says what a package may import of ours. Patterns end in "/..." for a package
// and all below it; the first matching row counts.
var layers = []struct {
	pkg     string
	imports string // space-separated, of ours
	reason  string
}{
	{"assets", "", "embedded bytes know nobody"},
	{"auth", "", "the vocabulary is what everybody else stands on"},
	{"app/desktop", "", "the operating system's side knows nothing of signing in"},

	{"auth/words", "auth assets", "texts are chosen by fault, whoever shows them"},
	{"auth/connector", "auth", "a connector is data; running it needs the vocabulary alone"},
	{"auth/session", "auth", "staying signed in is independent of who stores and who refreshes"},
	{"auth/vault", "auth", "storage knows no protocol"},
	{"auth/authtest", "auth", "the tests' provider must not share code with what it tests"},
	{"app/local", "auth", "the local API is vocabulary plus transport"},
	{"app/launch", "auth", "opening an address needs no session"},
	{"app/window/theme", "assets", "colours and fonts only"},

	{"auth/connector/connectortest", "auth auth/connector", "simulated vendors must not share code with what they test"},
	{"auth/connector/schema", "auth auth/connector assets", "validation reads documents, it runs nothing"},
	{"auth/directory", "auth auth/connector", "a document carries a connector and nothing of the app"},
	{"auth/openid", "auth auth/connector", "a relying party is configured by a connector"},
	{"auth/workbench", "auth auth/connector", "apps come from a server of ours or from a connector's steps"},
	{"auth/server", "auth auth/connector auth/words assets", "records, small interfaces and the texts of its children"},
	{"auth/server/demo", "auth auth/words assets", "the pretend company is an outsider: it may not reach into the server, and checks what it says with others' libraries"},
	{"app/doctor", "auth auth/words app/local app/desktop", "checks get what they probe as functions"},
	{"app/tray/traytest", "", "a test's panel sees the bus, and nothing behind it"},
	{"app/tray", "app/local auth/words assets", "the tray is a function of State"},
	{"app/page", "app/local auth/words assets", "the page is a function of State"},
	{"app/window/windowtest", "app/local app/window app/window/fakeagent app/window/theme", "what the tests of the screens share"},
	{"app/window/...", "auth app/local auth/words assets app/window app/window/theme", "screens are functions of State and do not know each other"},

	{"auth/signin", "auth auth/connector auth/openid auth/words", "one attempt: listener, code, page"},
	{"auth/server/store", "auth auth/server", "SQL knows records only"},
	{"auth/server/servertest", "auth auth/server auth/server/store", "what the tests of the server's parts stand on knows no part"},
	{"auth/server/sso", "auth auth/connector auth/openid auth/server auth/words assets", "children of the server never import each other"},
	{"auth/server/broker", "auth auth/server", "the provider knows no connector"},
	{"auth/server/saml", "auth auth/server", "children of the server never import each other"},
	{"auth/server/threestep", "auth auth/server", "children of the server never import each other"},
	{"auth/server/catalog", "auth auth/connector auth/server auth/words assets", "children of the server never import each other"},
	{"auth/server/setup", "auth auth/connector auth/connector/schema auth/openid auth/directory auth/server auth/words assets", "children of the server never import each other"},
	{"auth/server/console", "auth auth/server auth/words assets", "children of the server never import each other"},
	{"app/cli", "auth auth/words app/local app/doctor app/desktop", "the command line is a face: it goes through the local API"},

	{"app/agent", "auth auth/words auth/connector auth/directory auth/openid auth/signin auth/session auth/vault auth/workbench app/local app/launch app/desktop app/doctor", "the resident core"},
	{"cmd/lanyard-window", "app/local app/window/... auth auth/words", "a window is a face: it holds no token"},
	{"cmd/lanyard-server", "auth/server/... auth/server auth auth/words auth/connector auth/connector/schema auth/directory auth/openid assets", "wiring of the company's side"},
	{"cmd/lanyard", "app/agent app/cli app/tray app/page app/local app/launch app/desktop app/doctor auth auth/words auth/connector auth/directory auth/openid auth/signin auth/session auth/vault auth/workbench", "wiring of the desktop"},
}

// homes are third-party modules that only the named packages may import, so that a
// library can be exchanged in one place.
var homes = []struct{ module, only string }{
	{"github.com/godbus/dbus", "app/desktop app/tray/traytest"},
	{"github.com/gofrs/flock", "app/desktop"},
	{"golang.org/x/sys", "app/desktop"},
	{"github.com/zalando/go-keyring", "auth/vault"},
	{"golang.org/x/crypto", "auth/vault auth/server/console"},
	{"github.com/Microsoft/go-winio", "app/local"},
	{"github.com/pkg/browser", "app/launch"},
	{"github.com/santhosh-tekuri/jsonschema", "auth/connector/schema"},
	{"github.com/goccy/go-yaml", "auth/connector/schema"},
	{"github.com/go-jose/go-jose", "auth/directory auth/server/broker"},
	{"github.com/coreos/go-oidc", "auth/openid auth/server/demo"},
	{"golang.org/x/oauth2", "auth/openid auth/server/demo"},
	{"modernc.org/sqlite", "auth/server/store"},
	{"zombiezen.com/go/sqlite", "auth/server/store"},
	{"github.com/jackc/pgx", "auth/server/store"},
	{"github.com/pressly/goose", "auth/server/store"},
	{"github.com/crewjam/saml", "auth/server/saml auth/server/demo"},
	{"github.com/spf13/cobra", "app/cli"},
	{"rsc.io/qr", "app/cli app/window/signin"}, // the faces that a phone's camera looks at
	{"fyne.io/systray", "app/tray"},
	{"fyne.io/fyne", "app/window/... app/window/theme cmd/lanyard-window"},
}

// banned are packages that a program must not link, directly or not.
var banned = []struct{ program, pkg, reason string }{
	{"cmd/lanyard", "fyne.io/fyne", "the agent must run without OpenGL and cost nothing"},
	{"cmd/lanyard", "github.com/santhosh-tekuri/jsonschema", "documents reach the desktop validated"},
	{"cmd/lanyard", "github.com/goccy/go-yaml", "documents reach the desktop as JSON"},
	{"cmd/lanyard", "html/template", "it costs a megabyte in a program that runs all day"},
	{"cmd/lanyard", "lanyard/auth/server", "the desktop knows no server"},
	{"cmd/lanyard", "testing", "no test code in production"},
	{"cmd/lanyard-server", "lanyard/app", "the server knows no desktop"},
	{"cmd/lanyard-server", "github.com/zalando/go-keyring", "the server has no keyring"},
	{"cmd/lanyard-server", "github.com/pkg/browser", "the server opens no browser"},
	{"cmd/lanyard-server", "testing", "no test code in production"},
}

var systems = []string{"linux", "darwin", "windows"}

type goPackage struct {
	ImportPath, Doc  string
	Imports, GoFiles []string
	Error            *struct{ Err string }
}

// TestLayering keeps the imports as designed, for three systems.
func TestLayering(t *testing.T) {
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			for _, p := range list(t, system, "./...") {
				name := strings.TrimPrefix(p.ImportPath, "lanyard/")
				if p.Error != nil {
					t.Errorf("%s: %s", name, p.Error.Err)
				}
				if name == "cmd" {
					continue // the tests of the whole product
				}
				row := slices.IndexFunc(layers, func(l struct{ pkg, imports, reason string }) bool { return matches(l.pkg, name) })
				if row < 0 {
					t.Errorf("%s is in no layer: add it to the table, with its reason", name)
					continue
				}
				for _, imp := range p.Imports {
					ours, isOurs := strings.CutPrefix(imp, "lanyard/")
					if isOurs && !allowed(layers[row].imports, ours) {
						t.Errorf("%s imports %s: %s", name, ours, layers[row].reason)
					}
					for _, h := range homes {
						if under(imp, h.module) && !allowed(h.only, name) {
							t.Errorf("%s imports %s, whose only home is %s", name, imp, h.only)
						}
					}
				}
			}
		})
	}
}

// TestPrograms keeps the programs free of what they must not link.
func TestPrograms(t *testing.T) {
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			deps := map[string][]string{}
			for _, b := range banned {
				if deps[b.program] == nil {
					for _, p := range list(t, system, "-deps", "./"+b.program) {
						deps[b.program] = append(deps[b.program], p.ImportPath)
					}
				}
				for _, d := range deps[b.program] {
					if under(d, b.pkg) {
						t.Errorf("%s links %s: %s", b.program, d, b.reason)
					}
				}
			}
		})
	}
}

// TestPackageDocs demands that every package says what it knows and what it does not.
func TestPackageDocs(t *testing.T) {
	for _, p := range list(t, "linux", "./...") {
		if len(p.GoFiles) == 0 {
			continue
		}
		if n := strings.Count(p.Doc, ".") + strings.Count(p.Doc, ";"); p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		} else if n == 0 {
			t.Errorf("%s: package comment is not a sentence: %q", p.ImportPath, p.Doc)
		}
	}
}

func list(t *testing.T, system string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{
		"list", "-e", "-json=ImportPath,Doc,Imports,GoFiles,Error",
	}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		packages = append(packages, p)
	}
}

func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return under(name, prefix)
	}
	return pattern == name
}

func under(name, prefix string) bool {
	return name == prefix || strings.HasPrefix(name, prefix+"/")
}

func allowed(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool { return matches(p, name) })
}
