package server

import (
	"context"
	"time"
)

// The interfaces below are what the pages need of storage, one for each concern;
// auth/server/store implements them all, on SQLite and PostgreSQL. "Not found"
// is an error that wraps auth.ErrNotFound. Every method that takes an enterprise
// keeps to it in the statement itself.

// Enterprises finds and keeps enterprises and their codes.
type Enterprises interface {
	Enterprise(ctx context.Context, id string) (Enterprise, error)
	// EnterpriseByCode finds by the hex SHA-256 of a normal code, present or kept.
	EnterpriseByCode(ctx context.Context, codeHash string) (Enterprise, error)
	ListEnterprises(ctx context.Context) ([]Enterprise, error)
	// SaveEnterprise inserts or replaces; the code moves with it, a code that belongs
	// to another enterprise is auth.ErrConflict.
	SaveEnterprise(ctx context.Context, e Enterprise) error
	// SaveDocument keeps a newly signed document.
	SaveDocument(ctx context.Context, id string, version int64, jws []byte, expires time.Time) error
}

// Codes lists enterprise codes.
type Codes interface {
	// CodesOf returns every code that leads to an enterprise now, the present one first.
	CodesOf(ctx context.Context, enterprise string) ([]string, error)
	// PublicCodes returns at most limit present codes of Public enterprises, sorted.
	PublicCodes(ctx context.Context, limit int) ([]string, error)
	// SignedByCode says which signed document answers a code (by the hash of its normal
	// form, present or kept), without reading it: what a look-up asks each time.
	SignedByCode(ctx context.Context, codeHash string) (Signed, error)
}

// Connectors keeps how enterprises sign in.
type Connectors interface {
	Connector(ctx context.Context, id string) (Connector, error)
	ConnectorByAppID(ctx context.Context, appID string) (Connector, error)
	ActiveConnector(ctx context.Context, enterprise string) (Connector, error)
	// SaveConnector inserts or replaces; in the same transaction an Active one makes the
	// others of its enterprise inactive, and the enterprise's signed document goes, which
	// may name what was. Drafts are saved with it.
	SaveConnector(ctx context.Context, c Connector, with ...Draft) error
}

// People keeps who signed in.
type People interface {
	Person(ctx context.Context, enterprise, id string) (Person, error)
	// UpsertPerson finds by (EnterpriseID, Key) or inserts with p.ID, updates what the
	// upstream says, and returns the stored record.
	UpsertPerson(ctx context.Context, p Person) (Person, error)
	// EndPerson ends a person's access and with it sessions, codes and access tokens. The
	// grants stay, dead, until their refresh tokens expire: who presents one is told why.
	EndPerson(ctx context.Context, enterprise, id string, now time.Time) error
	// LeavePerson does the same on the upstream's word, until the person signs in again.
	LeavePerson(ctx context.Context, enterprise, id string, now time.Time) error
}

// Flows keeps trips to an upstream provider.
type Flows interface {
	SaveFlow(ctx context.Context, f Flow) error
	// TakeFlow returns and deletes the flow, so that a callback counts once.
	TakeFlow(ctx context.Context, stateHash string) (Flow, error)
}

// Sessions keeps SSO sessions. A session that has ended or expired, or whose parent
// has, or whose person's access has ended, is not found.
type Sessions interface {
	Session(ctx context.Context, enterprise, id string, now time.Time) (Session, error)
	SessionByCookie(ctx context.Context, enterprise, cookieHash string, now time.Time) (Session, error)
	SaveSession(ctx context.Context, s Session) error
	// BeginSession saves the session that a sign-in made and the sign-in's line of the log,
	// both or none. Where the person has others, these learn what the upstream said, as by
	// ProveSessions.
	BeginSession(ctx context.Context, s Session, others bool, line SignIn) error
	TouchSession(ctx context.Context, enterprise, id string, provenAt, now time.Time) error
	// ProveSessions keeps what the upstream said of a person in all of their sessions:
	// when it last did (zero: unchanged) and the sealed values for asking it again.
	ProveSessions(ctx context.Context, enterprise, person string, provenAt time.Time, upstream []byte) error
	// ExtendSession moves the end of a session that stands: a desktop client's lives as
	// long as its refresh token. One that has ended or expired is not found.
	ExtendSession(ctx context.Context, enterprise, id string, expires, now time.Time) error
	// EndSession ends the session, its children and every token that hangs on them.
	EndSession(ctx context.Context, enterprise, id string, now time.Time) error
	// EndSessionsOf ends all sessions of a person.
	EndSessionsOf(ctx context.Context, enterprise, person string, now time.Time) error
	SessionsOf(ctx context.Context, enterprise, person string, now time.Time) ([]Session, error)
}

// Clients keeps the applications of our OpenID provider.
type Clients interface {
	Client(ctx context.Context, enterprise, id string) (Client, error)
	SaveClient(ctx context.Context, c Client) error
	ListClients(ctx context.Context, enterprise string) ([]Client, error)
	DeleteClient(ctx context.Context, enterprise, id string) error
}

// Grants keeps what people let clients do: one record each, from the code to the last
// refresh.
type Grants interface {
	// SaveGrant keeps a new grant.
	SaveGrant(ctx context.Context, g Grant) error
	// UseGrant records at once that the grant's code was redeemed (UsedAt) and what it
	// gave: SessionID, Generation, RefreshExpires and, where it is not nil, a session. A
	// grant that was used before or has ended, or whose session or person has, is
	// auth.ErrConflict.
	UseGrant(ctx context.Context, g Grant, session *Session) error
	// Grant returns a grant, ended or not; the caller judges.
	Grant(ctx context.Context, enterprise, id string) (Grant, error)
	// HeldGrant returns a grant that has not ended, whose session stands and whose person
	// has access, with both.
	HeldGrant(ctx context.Context, enterprise, id string, now time.Time) (HeldGrant, error)
	// RefreshGrant moves the grant from a generation to the next, whose token expires at
	// expires. Where another request was faster, or the grant, its session or its person
	// has ended, it changes nothing: auth.ErrConflict.
	RefreshGrant(ctx context.Context, enterprise, id string, from int64, expires time.Time) error
	// EndGrant ends a grant: its code and its tokens, those under way too. Ending what has
	// ended or never was is no error.
	EndGrant(ctx context.Context, enterprise, id string, now time.Time) error
}

// Keys keeps signing keys.
type Keys interface {
	Keys(ctx context.Context, enterprise, use string) ([]Key, error)
	SaveKey(ctx context.Context, k Key) error
}

// Catalogue keeps apps and their pictures.
type Catalogue interface {
	Apps(ctx context.Context, enterprise string) ([]App, error)
	App(ctx context.Context, enterprise, id string) (App, error)
	SaveApp(ctx context.Context, a App) error
	DeleteApp(ctx context.Context, enterprise, id string) error
	Icon(ctx context.Context, enterprise, sha256 string) (Icon, error)
	SaveIcon(ctx context.Context, enterprise string, i Icon) error
}

// Launches keeps launch links.
type Launches interface {
	SaveLaunch(ctx context.Context, l Launch) error
	Launch(ctx context.Context, enterprise, hash string) (Launch, error)
	// BindLaunch ties a fresh link to the browser that presented it first; a link that
	// another browser holds is auth.ErrConflict.
	BindLaunch(ctx context.Context, enterprise, hash, cookieHash string, now time.Time) (Launch, error)
	// UseLaunch marks it used and records the session it made; a second use is auth.ErrConflict.
	UseLaunch(ctx context.Context, enterprise, hash, child string, now time.Time) error
}

// SignIns is the log of sign-ins.
type SignIns interface {
	RecordSignIn(ctx context.Context, s SignIn) error
	SignInsByReference(ctx context.Context, enterprise, reference string) ([]SignIn, error)
}

// Housekeeping removes what has long expired; called once an hour.
type Housekeeping interface {
	Sweep(ctx context.Context, now time.Time) error
}
