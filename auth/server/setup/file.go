package setup

import (
	"errors"
	"path/filepath"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
)

// FileSchema is the version of enterprise.yaml.
const FileSchema = "setup/1"

// File is enterprise.yaml: one enterprise as its admin describes it. Its JSON Schema is
// assets/schemas/enterprise.schema.json.
type File struct {
	Schema string `json:"schema"`
	// ID names an enterprise whose code is to change; empty: the one that has the code,
	// or a new one.
	ID      string    `json:"id,omitempty"`
	Code    string    `json:"code"`
	Name    auth.Text `json:"name"`
	Domains []string  `json:"domains,omitempty"`
	Help    auth.Help `json:"help,omitzero"`
	// Logo is a PNG, JPEG or WebP file, or such a picture as a data: URI.
	Logo string `json:"logo,omitempty"`
	// Public lets the directory suggest the code to people who mistype it.
	Public bool `json:"public,omitempty"`
	// Device lets people sign in with a browser on another machine, by a code that they
	// type there. Off by default: codes can be talked out of people.
	Device    bool      `json:"device,omitempty"`
	Connector Connector `json:"connector"`
	// Access is who may sign in at all; left out, it stays as it is.
	Access *Access `json:"access,omitempty"`
	// Apps and Clients are the whole lists: what they do not name is removed. A key that
	// is left out leaves the list as it is.
	Apps    []App    `json:"apps,omitempty"`
	Clients []Client `json:"clients,omitempty"`

	// Dir is the folder that file names in it are relative to.
	Dir string `json:"-"`
}

// Connector is how the enterprise's people sign in: a preset with its blanks filled, or
// a connector written out.
type Connector struct {
	ID       string               `json:"id,omitempty"` // part of its callback's address; empty: the present one's
	Preset   string               `json:"preset,omitempty"`
	Document *connector.Connector `json:"document,omitempty"`
	Vars     map[string]string    `json:"vars,omitempty"`
	// Secrets says where each secret is: "file:NAME" or "env:NAME". One that is not named
	// keeps its stored value.
	Secrets map[string]string `json:"secrets,omitempty"`
	// Targets and Activate are the enterprise's own additions to a preset: where links by
	// APPID may go on to, and its own program's way in.
	Targets  []string            `json:"targets,omitempty"`
	Activate *connector.Activate `json:"activate,omitempty"`
	// Reverify is how soon a leaver loses access where the provider cannot be asked, in
	// place of what the preset says: a duration such as "7d", or "never".
	Reverify string `json:"reverify,omitempty"`

	// Given are secrets of a caller that has no files; they win.
	Given map[string]auth.Secret `json:"-"`

	// appID is settled by a draft before there is a record, because it is part of the
	// address that was registered.
	appID string
	// keeps says that the one that served is kept, to switch back to.
	keeps bool
}

// App is one app of the catalogue: a preset with its blanks filled, or a launch written
// out.
type App struct {
	ID     string            `json:"id"`
	Title  auth.Text         `json:"title"`
	Icon   string            `json:"icon,omitempty"` // as File.Logo
	Preset string            `json:"preset,omitempty"`
	Vars   map[string]string `json:"vars,omitempty"`
	Launch server.LaunchSpec `json:"launch,omitzero"`
	// Secrets says where each secret is, as in Connector.Secrets. One that is not named
	// keeps its stored value.
	Secrets map[string]string `json:"secrets,omitempty"`
	// Client is the client that signs the app's people in, where that is not the app's id.
	Client string `json:"client,omitempty"`
	Plain  string `json:"plain,omitempty"` // its own address, for when our server is down
	// Access is who may open it; left out, it stays as it is: everyone at first.
	Access *Access `json:"access,omitempty"`

	// Given are secrets of a caller that has no files; they win.
	Given map[string]auth.Secret `json:"-"`
}

// Client is an application that asks us for sign-ins: of our OpenID provider or, with
// Three, of our three interfaces.
type Client struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Public says that the client has no secret; otherwise Secret says where it is, as in
	// Connector.Secrets.
	Public       bool     `json:"public,omitempty"`
	Secret       string   `json:"secret,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	LogoutURIs   []string `json:"logout_uris,omitempty"`
	Alg          string   `json:"alg,omitempty"` // of its id_tokens: ES256 (default) or RS256
	// Farewell is told when a session ends (OpenID Connect Back-Channel Logout 1.0).
	Farewell string        `json:"farewell,omitempty"`
	Three    *server.Three `json:"three,omitempty"`

	// Given is the secret of a caller that has no files; it wins.
	Given auth.Secret `json:"-"`
}

// Parse reads and checks enterprise.yaml; name is the file's, and files that it names
// are looked for beside it. All faults come back at once, with their lines: secrets and
// pictures that are not where it says among them, and what also finds (see [Setup.Check]).
func Parse(name string, yaml []byte, also ...func(*File) error) (File, error) {
	return parse(name, yaml, (*File).checkNamed, also)
}

// ParseForTest is [Parse] for [Setup.TestFile]: of what the file names, the connector's
// secrets alone must be there.
func ParseForTest(name string, yaml []byte, also ...func(*File) error) (File, error) {
	return parse(name, yaml, (*File).checkConnectorNamed, also)
}

func parse(name string, yaml []byte, named func(*File, *faults), also []func(*File) error) (File, error) {
	f := File{Dir: filepath.Dir(name)}
	err := schema.DecodeChecked(schema.KindEnterprise, name, yaml, &f, func() error {
		var bad faults
		named(&f, &bad)
		bad = append(bad, f.check())
		for _, check := range also {
			bad.more(check(&f))
		}
		return errors.Join(bad...)
	})
	if err != nil {
		return File{}, err
	}
	return f, nil
}
