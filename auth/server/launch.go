package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// The kinds of launch: what an app is opened by.
const (
	// LaunchLink is an address as it is; the app comes back to us, or goes to a provider
	// that does.
	LaunchLink = "link"
	// LaunchOIDC is the app's initiate_login_uri (OpenID Connect Core 1.0, section 4): it
	// gets iss and login_hint and starts its own sign-in with us.
	LaunchOIDC = "oidc"
	// LaunchSAML is a SAML response that nobody asked for, posted to the app.
	LaunchSAML = "saml"
	// LaunchSteps is HTTP calls made here, then an address made of their answers.
	LaunchSteps = "steps"
	// LaunchNative is a program of the device's own list.
	LaunchNative = "native"
)

// LaunchSpec is how an app is opened: the JSON of [App.Launch]. One of SAML, Steps and
// Native is there where Kind says so.
type LaunchSpec struct {
	Kind string `json:"kind"`
	URL  string `json:"url,omitempty"` // link, oidc; of steps the address made of their answers
	// Params go into the address's query, in this order. A value may hold {issuer},
	// {login_hint} and {login_hint?}; the last drops the parameter where there is none.
	Params []connector.Pair `json:"params,omitempty"`
	SAML   *SAML            `json:"saml,omitempty"`
	// Steps run when the app is opened. They know {id_token}, an id_token of ours for the
	// app's client, and what the person is: {sub}, {name}, {email?}, {assigned.…?}, and
	// the claims marked authoritative.
	Steps []connector.Step `json:"steps,omitempty"`
	// Vars and the names of Secrets are what the steps know besides; the secrets' values
	// are in App.Sealed.
	Vars    map[string]string `json:"vars,omitempty"`
	Secrets []string          `json:"secrets,omitempty"`
	Native  *Native           `json:"native,omitempty"`
	// Preset names the form that the console shows for the app; empty for a plain one.
	Preset string `json:"preset,omitempty"`
}

// Opening is how a launch of kind steps is opened, for [connector.LoadOpening]. Of the vars
// it has those that a template names: a preset keeps its blanks among them too.
func (l LaunchSpec) Opening(app string) connector.Opening {
	o := connector.Opening{
		ID: app, Secrets: l.Secrets, Steps: l.Steps, Open: connector.Request{URL: l.URL, Params: l.Params},
	}
	for name, value := range l.Vars {
		if l.Names(name) {
			if o.Vars == nil {
				o.Vars = map[string]string{}
			}
			o.Vars[name] = value
		}
	}
	return o
}

// Names reports whether {name} or {name?} stands in a template of the launch's steps or
// address.
func (l LaunchSpec) Names(name string) bool {
	templates, err := json.Marshal([]any{l.URL, l.Params, l.Steps})
	return err != nil || bytes.Contains(templates, []byte("{"+name+"}")) || bytes.Contains(templates, []byte("{"+name+"?}"))
}

// SAML is what we must know of a service provider (SAML 2.0 Metadata, section 2.4.4).
type SAML struct {
	EntityID string `json:"entity_id"` // the audience
	// ACS are its assertion consumer services by HTTP-POST; a response that nobody asked
	// for goes to the first.
	ACS []string `json:"acs"`
	// Certificates are the ones (PEM) that it signs its requests with; where there are
	// any, an unsigned request is refused, and where there are none a logout.
	Certificates []string `json:"certificates,omitempty"`
	// UnsignedRequests takes a request for an assertion without a signature all the same:
	// the service provider signs its logouts alone, or what it likes. A signature that is
	// there must be right, and a logout has one.
	UnsignedRequests bool `json:"unsigned_requests,omitempty"`
	// NameID is a template of the values below, NameFormat its URN; empty: persistent, our
	// own id of the person; {email} alone: emailAddress. It may not hold {name}.
	NameID     string          `json:"name_id,omitempty"`
	NameFormat string          `json:"name_format,omitempty"`
	Attributes []SAMLAttribute `json:"attributes,omitempty"`
	RelayState string          `json:"relay_state,omitempty"` // of a response that nobody asked for
	Logout     string          `json:"logout,omitempty"`      // its SingleLogoutService, if any
	// SignResponse signs the response too, not its assertion alone.
	SignResponse bool `json:"sign_response,omitempty"`
}

// SAMLAttribute is one attribute of an assertion. A value may hold {sub}, {name},
// {email} (verified addresses only), {groups} (as many values as there are), a claim
// marked authoritative by its name, and {assigned.…}, a value of the person's assignment:
// several of them where semicolons or line ends separate it. What somebody lacks is a
// failure that names it; with a question mark, {email?}, the value is left out.
type SAMLAttribute struct {
	Name   string   `json:"name"`
	Format string   `json:"format,omitempty"` // NameFormat, a URN
	Values []string `json:"values"`
}

// Native names a program of the device's own list. Which file that is, the device knows.
type Native struct {
	ID     string `json:"id"`
	Client string `json:"client,omitempty"` // the public client that the program redeems its one-time code as
}

// Opener opens apps of one kind for a browser that has the person's session. It is what
// its package gives to auth/server/catalog.
type Opener interface {
	// Open answers the request with what brings the browser into the app: a redirect or a
	// page that posts. Whether the person may open it has been asked before. An error has
	// not been answered.
	Open(w http.ResponseWriter, r *http.Request, app App, s Session) error
}

// Minter is what auth/server/broker gives to auth/server/catalog: what the launch of an
// app needs of the OpenID provider.
type Minter interface {
	// IDToken returns an id_token for one of the enterprise's clients about the person of
	// a session, as the token endpoint would make it. Where there is no such client the
	// error wraps auth.ErrNotFound.
	IDToken(ctx context.Context, s Session, client string) (auth.Secret, error)
	// NativeCode returns a one-time authorization code for a public client, bound to a
	// PKCE challenge (S256, RFC 7636 section 4.2). A client that is not there, shows a
	// secret, or is the desktop's own gets none.
	NativeCode(ctx context.Context, s Session, client, challenge string) (NativeCode, error)
}

// NativeCode is a one-time authorization code for a program; it redeems it at the token
// endpoint with ClientID, RedirectURI and the verifier behind the challenge.
type NativeCode struct {
	Code        auth.Secret
	ClientID    string
	RedirectURI string
	ExpiresAt   time.Time
}
