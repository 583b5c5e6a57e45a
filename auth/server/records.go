package server

import (
	"encoding/json"
	"time"

	"lanyard/auth"
)

// Every record but Enterprise belongs to one enterprise, and every look-up names
// it: a row of another enterprise is not found. Times are UTC with millisecond
// precision; a zero time means "never" or "not yet". Hash fields hold the SHA-256
// (hex, see [Hash]) of a value that was handed out and is kept nowhere.

// Enterprise is one company and what its directory document says of it.
type Enterprise struct {
	auth.Enterprise      // ID never changes; Code is the present code
	Public          bool // the code may be suggested to people who mistype it
	// Device says that people may sign in with a browser on another machine (RFC 8628).
	Device bool
	// Listed says that not everybody may sign in: there is an audience for it. It is read
	// from there (see [Audiences]) and not saved.
	Listed bool
	// DocumentVersion is the version of the newest document that was signed.
	DocumentVersion int64
	Document        []byte // that document, signed (compact JWS); nil to sign anew
	DocumentExpires time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Signed names the newest signed document of an enterprise.
type Signed struct {
	EnterpriseID string
	Version      int64
	Expires      time.Time // zero: there is none, sign anew
}

// Connector is how one enterprise's people sign in, with its secrets sealed.
type Connector struct {
	ID           string // appears in the callback's path
	EnterpriseID string
	AppID        string          // the Lanyard APPID, "AK" + date + letters
	Document     json.RawMessage // a filled connector.Connector
	Sealed       []byte          // map of secrets, sealed with the id as context
	Active       bool            // the one that signs people in; at most one an enterprise
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Person is somebody who signed in at least once. ID ([NewID]) is the "sub" that
// apps see; it stays when the connector changes.
type Person struct {
	ID           string
	EnterpriseID string
	// Key is the hash of enterprise, connector, tenant and upstream subject.
	Key string
	// Account is the upstream's subject, as admins know it: what they paste into a list.
	Account       string
	Name          string
	Email         string
	EmailVerified bool
	Avatar        string
	Groups        []string
	// Authoritative holds the claims that other systems may trust as a name.
	Authoritative map[string]string
	CreatedAt     time.Time
	LastSeen      time.Time
	EndedAt       time.Time // an admin ended their access, for good
	// LeftAt is when the upstream said that they have left; signing in there takes it back.
	LeftAt time.Time
}

// Flow is one trip to an upstream provider and back, bound to the browser by a cookie.
type Flow struct {
	Hash         string // of the state parameter
	EnterpriseID string
	ConnectorID  string
	CookieHash   string
	Sealed       []byte // nonce, verifier: what the callback needs and nobody may see
	Return       string // path and query at this server to go on to
	Reference    string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// Session is an SSO session: a browser's, or the one that a desktop client's refresh
// grant hangs on. ID is the "sid" of tokens; the cookie's hash finds it.
type Session struct {
	ID           string
	EnterpriseID string
	PersonID     string
	CookieHash   string    // empty for a desktop client's
	Parent       string    // the session whose launch made this one; it ends with its parent
	Client       string    // "browser", "launch" or the client id it was made for
	Device       string    // how a person would name it, e.g. "Lanyard on Linux"
	AuthTime     time.Time // the upstream sign-in's
	ProvenAt     time.Time // when the upstream last said that the person still belongs
	Upstream     []byte    // the upstream's tokens, sealed; may be nil
	// UpstreamSID is the hash of the connector and the upstream's own sid; empty where it
	// gave none, and for a desktop client's, which lives on without it.
	UpstreamSID string
	// NewDevice is a device that has since signed in by a code, and when: what the
	// person's other devices are told.
	NewDevice   string
	NewDeviceAt time.Time
	CreatedAt   time.Time
	LastSeen    time.Time
	ExpiresAt   time.Time
	EndedAt     time.Time
}

// Client is an application that may ask us for a sign-in: our OpenID provider or, where
// Three says how it speaks, our three interfaces. Neither serves a client of the other.
type Client struct {
	ID           string
	EnterpriseID string
	Name         string
	// SecretHash is empty for a public client.
	SecretHash   string
	RedirectURIs []string
	LogoutURIs   []string // where it may send a browser after signing out
	Alg          string   // of its id_tokens: ES256 or RS256
	// Farewell is where the application is told that a session has ended (OpenID Connect
	// Back-Channel Logout 1.0, section 2.2); empty: it is not.
	Farewell  string
	Three     *Three
	CreatedAt time.Time
}

// Three is how an application calls the three interfaces of the seed (WPS, "SSO login"):
// the names that its side was configured with. An empty name is the seed's own.
type Three struct {
	// Params names what comes to us: app_id, redirect_uri, response_type, state, code,
	// app_secret, grant_type, access_token.
	Params map[string]string `json:"params,omitempty"`
	// Answers names what we answer: access_token, expires_in and, of the person, user_id,
	// name, email, avatar.
	Answers map[string]string `json:"answers,omitempty"`
	// Get lets it ask for the token by GET.
	Get bool `json:"get,omitempty"`
}

// DesktopClient is the client id of Lanyard's own desktop program; it exists in every
// enterprise without being stored.
const DesktopClient = "lanyard"

// Key is a signing key. EnterpriseID is empty for the directory's own keys.
type Key struct {
	ID           string // kid
	EnterpriseID string
	Use          string // "id_token", "root", "document", "saml"
	Alg          string // ES256, RS256, EdDSA
	Sealed       []byte // PKCS #8, sealed
	Public       []byte // PKIX DER; of a "saml" key its certificate, X.509 DER
	CreatedAt    time.Time
	RetireAt     time.Time // zero: in use
}

// App is one app of an enterprise's catalogue.
type App struct {
	ID           string
	EnterpriseID string
	Title        auth.Text
	Icon         string          // sha256 of an Icon
	Launch       json.RawMessage // a LaunchSpec: how it opens
	// ClientID is the client that signs its people in, where that is not the app's own id.
	ClientID  string
	Plain     string
	Sealed    []byte // map of the launch's secrets, sealed with "app " and the id as context
	Position  int
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Icon is a picture, named by its content.
type Icon struct {
	SHA256    string
	MediaType string
	Data      []byte
}

// Launch is one opening of one app, from the link's making to its use.
type Launch struct {
	ID           string
	Hash         string // of the link's token
	EnterpriseID string
	AppID        string
	PersonID     string
	SessionID    string // the agent's, the parent of what the launch makes
	Port         int    // the agent's loopback port; 0 where a browser cannot reach it
	Nonce        string
	CookieHash   string // of the browser that presented the link
	Child        string // the session that the launch made
	CreatedAt    time.Time
	ExpiresAt    time.Time
	UsedAt       time.Time
}

// SignIn is one line of the sign-in log: what happened, by reference.
type SignIn struct {
	Reference    string
	EnterpriseID string
	ConnectorID  string
	PersonID     string
	AppID        string     // the app or client that the person was on the way to; may be empty
	Stage        string     // authorize, callback, token, user, person
	Fault        auth.Fault // empty when it worked
	Detail       string     // the vendor's code and message, never a secret
	At           time.Time
}
