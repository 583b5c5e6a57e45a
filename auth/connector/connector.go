package connector

import (
	"encoding/json"
	"fmt"

	"lanyard/auth"
)

// Schema is the version of the connector schema that this program reads.
const Schema = "connector/1"

// The kinds of connector.
const (
	KindOIDC  = "oidc"  // issuer and client ID; discovery does the rest
	KindSteps = "steps" // an authorize request and an ordered list of HTTP calls
)

// Connector is how one enterprise's people sign in, as data. A preset is a connector
// whose Vars still have blanks; [Load] fills them.
type Connector struct {
	Schema    string            `json:"schema"`
	ID        string            `json:"id"`
	Title     auth.Text         `json:"title,omitempty"`
	Kind      string            `json:"kind"`
	PKCE      string            `json:"pkce,omitempty"` // steps: "S256" or "none" (default)
	Vars      map[string]string `json:"vars,omitempty"`
	Secrets   []string          `json:"secrets,omitempty"` // names only; values are never in a document
	Blanks    []Blank           `json:"blanks,omitempty"`  // what a preset asks an admin
	Redirect  Redirect          `json:"redirect,omitzero"`
	Authorize *Request          `json:"authorize,omitempty"`
	Callback  Callback          `json:"callback,omitzero"`
	Steps     []Step            `json:"steps,omitempty"`
	OIDC      *OIDC             `json:"oidc,omitempty"`
	Claims    map[string]Paths  `json:"claims,omitempty"` // oidc: our name → where the claim is
	// Authoritative names the results that other systems may trust as a name.
	Authoritative []string          `json:"authoritative,omitempty"`
	Expect        map[string]string `json:"expect,omitempty"` // result → the only value accepted
	Refresh       []Step            `json:"refresh,omitempty"`
	Revoke        []Step            `json:"revoke,omitempty"`
	Recheck       []Step            `json:"recheck,omitempty"`
	Reverify      string            `json:"reverify,omitempty"` // duration, "7d" or "never"
	Logout        *Request          `json:"logout,omitempty"`
	Activate      *Activate         `json:"activate,omitempty"`
	// Targets are the addresses that an APPID link may go on to, see [Connector.Target].
	Targets []string `json:"targets,omitempty"`
	Apps    []Step   `json:"apps,omitempty"` // GET only where the desktop runs them
}

// Blank is one value that a preset leaves to the admin.
type Blank struct {
	Name   string    `json:"name"` // of a var or a secret
	Label  auth.Text `json:"label,omitempty"`
	Help   auth.Text `json:"help,omitempty"`   // where to find it at the vendor
	Vendor string    `json:"vendor,omitempty"` // the vendor's own label, shown in grey
	// Example is a value of the right form, shown in the empty field.
	Example  string   `json:"example,omitempty"`
	Choices  []string `json:"choices,omitempty"`  // the only values accepted
	Optional bool     `json:"optional,omitempty"` // may stay empty
}

// Redirect says where the provider sends the browser back to.
type Redirect struct {
	Via  string `json:"via,omitempty"`  // "loopback" (the desktop) or "broker" (our server)
	Host string `json:"host,omitempty"` // loopback: 127.0.0.1 (default) or localhost
	Port int    `json:"port,omitempty"` // loopback: 0 (default) is any
	// Path is the callback's path: at the loopback /callback (default), at the broker
	// only where it is not the connector's own /c/{connector}/callback.
	Path  string `json:"path,omitempty"`
	Query string `json:"query,omitempty"` // "forbidden": the provider refuses a redirect URI with a query
}

// Pair is a parameter, kept in order because some vendors mind it.
type Pair [2]string

// Request is an address that a browser is sent to.
type Request struct {
	URL      string `json:"url"`
	Params   []Pair `json:"params,omitempty"`
	Fragment string `json:"fragment,omitempty"`
}

// Callback says where to find things in the query that the browser brings back.
type Callback struct {
	Code      []string `json:"code,omitempty"`
	State     []string `json:"state,omitempty"`
	Error     []string `json:"error,omitempty"`
	ErrorText []string `json:"error_text,omitempty"`
	// ErrorIf names a parameter whose presence means failure whatever else is there.
	ErrorIf string `json:"error_if,omitempty"`
}

// Step is one HTTP call: what to send, when the answer is a success, where each value
// is found in it.
type Step struct {
	ID       string `json:"id,omitempty"`
	Optional bool   `json:"optional,omitempty"` // its failure is noted, not fatal
	Method   string `json:"method"`
	URL      string `json:"url"`
	Auth     string `json:"auth,omitempty"` // "basic": client_id and client_secret as Basic
	// Params go into the query of a GET and into the form of any other method, for
	// vendors where the admin chooses the method.
	Params  map[string]string `json:"params,omitempty"`
	Query   map[string]string `json:"query,omitempty"`
	Form    map[string]string `json:"form,omitempty"`
	JSON    map[string]any    `json:"json,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	OK      *Match            `json:"ok,omitempty"`
	Fail    Fail              `json:"fail,omitzero"`
	Set     map[string]Paths  `json:"set,omitempty"`
	Require []string          `json:"require,omitempty"`
	Cache   *Cache            `json:"cache,omitempty"`
	Items   string            `json:"items,omitempty"` // apps: path of the array
	Item    map[string]Paths  `json:"item,omitempty"`  // apps: id title url icon enabled
}

// Match is a success test on the body. The value at Path, as a string, must be in In;
// "" stands for a value that is missing or empty.
type Match struct {
	Path string   `json:"path"`
	In   []string `json:"in"`
}

// Fail says where the vendor puts its error code and text.
type Fail struct {
	Code []string `json:"code,omitempty"`
	Text []string `json:"text,omitempty"`
	// Means says what a code stands for: one of the Means constants.
	Means map[string]string `json:"means,omitempty"`
}

// What an error code of a vendor can stand for; any other code is a plain failure of
// the provider.
const (
	MeansSecret = "secret" // our credentials are not accepted
	MeansDenied = "denied" // this person may not sign in
	MeansGone   = "gone"   // this person has left
	MeansAgain  = "again"  // the refresh token no longer counts: sign in again
	MeansToken  = "token"  // the cached app token has ended: fetch another, once
	MeansDown   = "down"   // the vendor is busy or down
)

// Cache shares a step's value between sign-ins: an app-level token.
type Cache struct {
	Var  string `json:"var"`
	TTL  string `json:"ttl"`            // the result that holds its lifetime in seconds
	Skew int    `json:"skew,omitempty"` // seconds to let go before it ends
}

// OIDC describes an OpenID provider.
type OIDC struct {
	Discovery string            `json:"discovery,omitempty"` // default {issuer}/.well-known/openid-configuration
	Issuer    string            `json:"issuer,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	Scopes    []string          `json:"scopes,omitempty"`
	Extra     []Pair            `json:"extra,omitempty"` // more authorize parameters
	Algs      []string          `json:"algs,omitempty"`
	IDToken   string            `json:"id_token,omitempty"` // "require" (default) or "userinfo-only"
	PKCE      string            `json:"pkce,omitempty"`     // "S256" (default)
	Fallback  map[string]string `json:"fallback,omitempty"` // endpoints that discovery lacks
}

// Activate is the seed's SDK way in: an enterprise's own program, already signed in,
// hands over its authorization code. Its steps show an upstream client of their own and
// none of the connector's secrets, so that the code of a browser's sign-in is worth
// nothing there.
type Activate struct {
	Steps   []Step   `json:"steps"`
	Secrets []string `json:"secrets"`
}

// Paths is one dotted path or several to try in order. In JSON a single path may
// stand as a string.
type Paths []string

// UnmarshalJSON reads a string or a list of strings.
func (p *Paths) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*p = Paths{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("read path: want a string or a list of strings")
	}
	*p = many
	return nil
}

// MarshalJSON writes a single path as a string.
func (p Paths) MarshalJSON() ([]byte, error) {
	if len(p) == 1 {
		return json.Marshal(p[0])
	}
	return json.Marshal([]string(p))
}
