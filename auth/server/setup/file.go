package setup

import (
	"encoding/json"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// FileSchema is the version of enterprise.yaml.
const FileSchema = "setup/1"

// File is enterprise.yaml: one enterprise as its admin describes it. Its JSON Schema is
// assets/schemas/enterprise.schema.json.
type File struct {
	Schema string `json:"schema"`
	// ID names an enterprise that exists, so that its code can change; empty: found by
	// the code, or made.
	ID      string    `json:"id,omitempty"`
	Code    string    `json:"code"`
	Name    auth.Text `json:"name"`
	Domains []string  `json:"domains,omitempty"`
	Help    auth.Help `json:"help,omitzero"`
	// Logo is a PNG, JPEG or WebP file beside this one, or a data: URI.
	Logo string `json:"logo,omitempty"`
	// Public lets the directory suggest the code to people who mistype it.
	Public    bool      `json:"public,omitempty"`
	Connector Connector `json:"connector"`
	// Apps and Clients are the whole list; leaving the key out leaves them as they are.
	Apps    []App    `json:"apps,omitempty"`
	Clients []Client `json:"clients,omitempty"`

	// Dir is the folder that file names in it are relative to.
	Dir string `json:"-"`
}

// Connector is how the enterprise's people sign in: a preset with its blanks filled, or
// a connector written out.
type Connector struct {
	ID       string               `json:"id,omitempty"` // of the stored connector; in its callback's path
	Preset   string               `json:"preset,omitempty"`
	Document *connector.Connector `json:"document,omitempty"`
	Vars     map[string]string    `json:"vars,omitempty"`
	// Secrets says where each secret is: "file:client-secret" or "env:ACME_SECRET". One
	// that is not named keeps its stored value.
	Secrets map[string]string `json:"secrets,omitempty"`

	// Given are secrets of a caller that has no files; they win.
	Given map[string]auth.Secret `json:"-"`
}

// App is one app of the catalogue.
type App struct {
	ID     string          `json:"id"`
	Title  auth.Text       `json:"title"`
	Icon   string          `json:"icon,omitempty"` // a PNG, JPEG or WebP file
	Launch json.RawMessage `json:"launch"`
	Plain  string          `json:"plain,omitempty"`
}

// Client is an application of our OpenID provider.
type Client struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Public says that the client has no secret; otherwise Secret says where it is, as in
	// Connector.Secrets.
	Public       bool     `json:"public,omitempty"`
	Secret       string   `json:"secret,omitempty"`
	RedirectURIs []string `json:"redirect_uris"`
	LogoutURIs   []string `json:"logout_uris,omitempty"`
	Alg          string   `json:"alg,omitempty"` // of its id_tokens: ES256 (default) or RS256

	// Given is the secret of a caller that has no files; it wins.
	Given auth.Secret `json:"-"`
}

// Parse reads and checks enterprise.yaml; name is the file's.
func Parse(name string, yaml []byte) (File, error) { return File{}, auth.NotHere }
