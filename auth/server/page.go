package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lanyard/auth"
)

// Gate is what auth/server/sso gives to every page that needs a signed-in browser.
type Gate interface {
	// Session returns the browser's SSO session at an enterprise, or an error that
	// wraps auth.ErrSignInRequired.
	Session(r *http.Request, enterprise string) (Session, error)
	// Begin sends the browser through the enterprise's connector and back to
	// ret, a path with query at this server.
	Begin(w http.ResponseWriter, r *http.Request, enterprise, ret string, opts BeginOptions)
	// Attach gives the browser a session that something else has made (a launch),
	// setting its cookie.
	Attach(w http.ResponseWriter, r *http.Request, s Session, cookie auth.Secret)
	// End signs the browser out of the enterprise here.
	End(w http.ResponseWriter, r *http.Request, enterprise string) error
}

// BeginOptions are wishes for one sign-in.
type BeginOptions struct {
	LoginHint string
	// Fresh asks the upstream to authenticate anew (prompt=login).
	Fresh bool
	// MaxAge is how long ago the person may have proved who they are, in whole seconds; 0:
	// any time (max_age, OpenID Connect Core section 3.1.2.1). Fresh says more, and so does
	// what the connector asks for by itself.
	MaxAge time.Duration
	// Reference names the attempt; empty for a new one.
	Reference string
	// Locales are the languages that the pages of the trip should have (ui_locales: tags
	// with spaces between them); empty: what the browser prefers.
	Locales string
	// TellAsker says that ret, which has a query, can tell whoever asked that the person was
	// not let in (see [Base.Refused]); else a page here tells the person.
	TellAsker bool
}

// AcceptLanguage is what a browser prefers, behind the languages that a request names
// (ui_locales, OpenID Connect Core section 3.1.2.1), in the form of the header.
func AcceptLanguage(r *http.Request, locales string) string {
	return strings.Join(append(strings.Fields(locales), r.Header.Get("Accept-Language")), ",")
}

// Bearer is what auth/server/broker gives to the desktop's API.
type Bearer interface {
	// Bearer returns the grant of the request's access token if it belongs to the
	// enterprise and has the audience; otherwise it has answered 401 and returns false.
	Bearer(w http.ResponseWriter, r *http.Request, enterprise, audience string) (AccessToken, bool)
}

// Base is what every page of the server is built from.
type Base struct {
	// PublicURL is the server's origin, without a slash at the end: the only source of
	// issuer, links and cookie flags.
	PublicURL string
	Sealer    *Sealer
	Lifetimes Lifetimes
	Now       func() time.Time // nil means time.Now
}

// Time returns the present time in UTC, in whole milliseconds as the store keeps it.
func (b *Base) Time() time.Time {
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	return now().UTC().Truncate(time.Millisecond)
}

// Issuer returns the issuer of an enterprise: {public_url}/e/{id}.
func (b *Base) Issuer(enterprise string) string { return b.PublicURL + "/e/" + enterprise }

// Secure reports whether the server is reached by https, which decides cookie names and flags.
func (b *Base) Secure() bool { return len(b.PublicURL) > 8 && b.PublicURL[:8] == "https://" }

// Lifetimes are the durations of server.yaml.
type Lifetimes struct {
	Code          time.Duration `json:"code"`           // authorization code: 1 min
	AccessToken   time.Duration `json:"access_token"`   // 10 min
	RefreshToken  time.Duration `json:"refresh_token"`  // idle: 30 days
	Session       time.Duration `json:"session"`        // SSO session: 12 h
	LaunchSession time.Duration `json:"launch_session"` // made by a launch: 12 h
	LaunchLink    time.Duration `json:"launch_link"`    // 60 s
	Flow          time.Duration `json:"flow"`           // trip upstream: 10 min
	Document      time.Duration `json:"document"`       // directory document: 30 days
	UpstreamProof time.Duration `json:"upstream_proof"` // ask again whether a person belongs: 4 h
	UpstreamGrace time.Duration `json:"upstream_grace"` // vendor down: 24 h
	AdminLink     time.Duration `json:"admin_link"`     // one-time console link: 15 min
	AdminSession  time.Duration `json:"admin_session"`  // console: 8 h, ended after an hour without use
	Audit         time.Duration `json:"audit"`          // what admins did is kept: 190 days
}

// DefaultLifetimes returns the durations that hold where server.yaml names none.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{
		Code: time.Minute, AccessToken: 10 * time.Minute, RefreshToken: 30 * 24 * time.Hour,
		Session: 12 * time.Hour, LaunchSession: 12 * time.Hour, LaunchLink: time.Minute,
		Flow: 10 * time.Minute, Document: 30 * 24 * time.Hour,
		UpstreamProof: 4 * time.Hour, UpstreamGrace: 24 * time.Hour,
		AdminLink: 15 * time.Minute, AdminSession: 8 * time.Hour, Audit: 190 * 24 * time.Hour,
	}
}

type contextKey int

const clientIPKey contextKey = iota

// WithClientIP returns a context that carries the caller's address, as the outermost
// handler determined it (X-Forwarded-For only from trusted proxies).
func WithClientIP(ctx context.Context, ip string) context.Context {
	return context.WithValue(ctx, clientIPKey, ip)
}

// ClientIP returns the caller's address, or "".
func ClientIP(ctx context.Context) string {
	ip, _ := ctx.Value(clientIPKey).(string)
	return ip
}
