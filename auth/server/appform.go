package server

import (
	"lanyard/auth"
	"lanyard/auth/connector"
)

// AppSchema is the version of the app presets in assets/apps.
const AppSchema = "app/1"

// AppPreset is a shipped description of one kind of app: what to ask an admin, how the
// app is opened then, and what to type into the other side's settings. Templates in it
// hold {name} for a blank or a derived value; what else stands in braces is left for
// those who open the app.
type AppPreset struct {
	Schema string    `json:"schema"`
	ID     string    `json:"id"`
	Title  auth.Text `json:"title"`
	Help   auth.Text `json:"help,omitempty"`
	// Place says that it is no app but a place where an access link goes, such as a
	// vendor's own workbench.
	Place bool `json:"place,omitempty"`
	// Connectors are the presets whose callback is the place's {callback}.
	Connectors []string          `json:"connectors,omitempty"`
	Vars       map[string]string `json:"vars,omitempty"` // blanks and their defaults
	Secrets    []string          `json:"secrets,omitempty"`
	Blanks     []connector.Blank `json:"blanks,omitempty"`
	Lines      []string          `json:"lines,omitempty"` // the blanks of several values, one a line
	// Later are the blanks that the other side gives only after its form is filled; while
	// one that is not optional is empty the app is opened by Meanwhile.
	Later     []string              `json:"later,omitempty"`
	Derive    map[string]Derivation `json:"derive,omitempty"`
	Launch    *LaunchSpec           `json:"launch,omitempty"`
	Meanwhile *LaunchSpec           `json:"meanwhile,omitempty"`
	Client    *AppClient            `json:"client,omitempty"`
	// Elsewhere names who must have signed the browser in for the app to open without a
	// question, where that is not this server.
	Elsewhere string `json:"elsewhere,omitempty"`
	// Upgrade says how it comes to open signed in in any browser.
	Upgrade auth.Text  `json:"upgrade,omitempty"`
	Form    []FormPart `json:"form,omitempty"`
}

// Derivation is a value that follows from a blank's choice.
type Derivation struct {
	From string            `json:"from"`
	Is   map[string]string `json:"is"`
}

// The kinds of client that a preset may need.
const (
	ClientOIDC  = "oidc"  // of our OpenID provider
	ClientThree = "three" // of the three interfaces
)

// AppClient is the client that signs an app's people in. Its fields are templates.
type AppClient struct {
	Kind      string   `json:"kind"`
	Redirects []string `json:"redirects,omitempty"`
	Logouts   []string `json:"logouts,omitempty"`
	Farewell  string   `json:"farewell,omitempty"`
	Alg       string   `json:"alg,omitempty"`
	Public    string   `json:"public,omitempty"` // "yes": it has no secret
	Get       string   `json:"get,omitempty"`    // "GET": three interfaces, token by GET
}

// FormPart is one page of the other side's settings: its labels, in its order.
type FormPart struct {
	Title  auth.Text   `json:"title"`
	Where  auth.Text   `json:"where,omitempty"` // the way to that page
	Fields []FormField `json:"fields,omitempty"`
}

// FormField is one line of it. The values it may hold, beside the blanks, are those of
// auth/server/setup: {issuer}, {access_link}, {client_id} …
type FormField struct {
	Label  auth.Text `json:"label"`
	Vendor string    `json:"vendor,omitempty"` // the vendor's own word, where ours says it clearer
	Value  string    `json:"value,omitempty"`
	Note   auth.Text `json:"note,omitempty"`
	// Link is the address of a file to download and hand in.
	Link string `json:"link,omitempty"`
	// Secret marks the client secret, which is shown only when it is made.
	Secret bool `json:"secret,omitempty"`
}

// AppInput is what an admin says of an app.
type AppInput struct {
	ID     string // of a new one too
	Preset string // empty: as it is
	Title  auth.Text
	Icon   *Icon // nil: as it is
	Plain  string
	Values map[string]string // by blank; a secret that is empty stays
	// SAML is what the other side's metadata says; it wins over the values.
	SAML      *SAML
	NewSecret bool // make a new client secret
}

// AppView is an app as the console shows it.
type AppView struct {
	App    App
	Spec   LaunchSpec
	Preset AppPreset // the zero one where the app was set up by a file in a way no preset has
	Values map[string]string
	Kept   map[string]bool // the secrets that have a value; it is not shown
	Form   []FormPart      // filled
	Client *Client
	Link   string // its access link
	// Waits says that the other side's values are not all there yet.
	Waits    bool
	Assigned []string          // the names of what an assignment carries for it
	Facts    map[string]string // what a form may hold, by name: our addresses
	// Elsewhere says who must have signed the browser in for the app to open without a
	// question: "" this server, "*" the app itself, else a provider's name. Direct says that
	// this is so because desktops sign in at the provider, without this server.
	Elsewhere string
	Direct    bool
}
