package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const (
	maxQuery = 8 << 10 // of an authorize or end-session request

	modeQuery    = "query"
	modeFormPost = "form_post"

	promptNone    = "none"
	promptLogin   = "login"
	promptSelect  = "select_account"
	promptConsent = "consent" // accepted; there is nothing to consent to anew, beside a desktop
)

// prompts are those that have a meaning here; any other is refused (Initiating User
// Registration 1.0, section 4: what a client asks for and does not get, it must learn).
var prompts = []string{promptNone, promptLogin, promptSelect, promptConsent}

// scopes are those that mean something here; others are ignored (OpenID Connect Core
// section 3.1.2.1).
var scopes = []string{"openid", "profile", "email", "offline_access"}

// request is a verified authorize request.
type request struct {
	enterprise server.Enterprise
	client     server.Client
	// redirect is where answers go. Once it is set, errors go there too; before, to a page.
	redirect  string
	state     string
	mode      string
	scope     string
	nonce     string
	challenge string
	prompts   []string
	maxAge    time.Duration // -1: none asked
	loginHint string
	locales   string // ui_locales, the first that we have is the language of the pages
	hinted    string // the person that id_token_hint names
	raw       string // the query as it came, without our own marker
	marker    string // see [Broker.fresh]
	reference string // the desktop's number of the attempt
}

// particular reports whether not just any session will do: then a trip upstream is marked,
// so that what comes of it is told from the session that was there before.
func (q *request) particular() bool { return len(q.prompts) > 0 || q.maxAge >= 0 || q.hinted != "" }

func (q *request) asks(prompt string) bool { return slices.Contains(q.prompts, prompt) }

// pageError is an error that can be sent to nobody but the person at the browser.
func pageError(reason string, cause error) error {
	return auth.Fail(auth.RequestInvalid, auth.Args{"reason": reason}, cause)
}

// read verifies an authorize request. With an error it returns the request as far as
// it was verified: where redirect is set, the client may be told.
func (b *Broker) read(ctx context.Context, e server.Enterprise, raw string) (*request, error) {
	q := &request{enterprise: e, maxAge: -1, mode: modeQuery}
	q.raw, q.marker = cutMarker(raw)
	if len(q.raw) > maxQuery {
		return q, pageError("the request is too long", nil)
	}
	v, err := url.ParseQuery(q.raw)
	if err != nil {
		return q, pageError("the query cannot be read", err)
	}
	// What decides where an answer goes comes first.
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(v[name]) != 1 {
			return q, pageError(name+" must be there once", nil)
		}
	}
	q.client, err = b.client(ctx, e.ID, v.Get("client_id"))
	if errors.Is(err, auth.ErrNotFound) {
		return q, pageError("the client is not registered", err)
	}
	if err != nil {
		return q, err
	}
	if !redirectAllowed(q.client.RedirectURIs, v.Get("redirect_uri")) {
		return q, pageError("the redirect address is not registered", nil)
	}
	q.redirect = v.Get("redirect_uri")
	return q, b.readRest(ctx, q, v)
}

// readRest verifies everything whose faults the client may be told.
func (b *Broker) readRest(ctx context.Context, q *request, v url.Values) error {
	if len(v["state"]) == 1 {
		q.state = v.Get("state")
	}
	switch mode := v.Get("response_mode"); mode {
	case "", modeQuery:
	case modeFormPost:
		q.mode = modeFormPost
	default:
		return refuse(codeInvalidRequest, "response_mode is not supported")
	}
	for name, values := range v {
		if len(values) != 1 { // RFC 6749 section 3.1
			return refuse(codeInvalidRequest, printable(name)+" is there more than once")
		}
	}
	for _, unsupported := range []field{
		{"request", codeNoRequest}, {"request_uri", codeNoRequestURI}, {"registration", codeNoRegistration},
	} {
		if v.Get(unsupported.Name) != "" {
			return refuse(unsupported.Value, "")
		}
	}
	if v.Get("response_type") != "code" {
		return refuse(codeUnsupportedResponse, "response_type must be code")
	}
	if q.scope = grantedScope(v.Get("scope")); !hasScope(q.scope, "openid") {
		return refuse(codeInvalidScope, "scope must contain openid")
	}
	var err error
	if q.challenge, err = readChallenge(v); err != nil {
		return err
	}
	q.nonce, q.loginHint, q.locales = v.Get("nonce"), v.Get("login_hint"), v.Get("ui_locales")
	if ref := v.Get(referenceParam); q.client.ID == server.DesktopClient && auth.ValidTrace(ref) {
		q.reference = ref
	}
	return b.readWishes(ctx, q, v)
}

// readChallenge reads a PKCE challenge, which every client brings. A missing method means
// plain (RFC 7636 section 4.3).
func readChallenge(v url.Values) (string, error) {
	challenge := v.Get("code_challenge")
	if v.Get("code_challenge_method") != "S256" {
		return "", refuse(codeInvalidRequest, "code_challenge_method must be S256")
	}
	if !validChallenge(challenge) {
		return "", refuse(codeInvalidRequest, "code_challenge must be the base64url of a SHA-256")
	}
	return challenge, nil
}

// readWishes reads prompt, max_age and id_token_hint.
func (b *Broker) readWishes(ctx context.Context, q *request, v url.Values) error {
	q.prompts = strings.Fields(v.Get("prompt"))
	if q.asks(promptNone) && len(q.prompts) > 1 {
		return refuse(codeInvalidRequest, "prompt none excludes others")
	}
	for _, prompt := range q.prompts {
		if !slices.Contains(prompts, prompt) {
			return refuse(codeInvalidRequest, "prompt has a value that is not supported")
		}
	}
	if text := v.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return refuse(codeInvalidRequest, "max_age must be a number of seconds")
		}
		q.maxAge = time.Duration(seconds) * time.Second //nolint:gosec // 31 bits
	}
	if hint := v.Get("id_token_hint"); hint != "" {
		claims, err := b.readHint(ctx, q.enterprise.ID, hint)
		if err != nil {
			return &Error{Code: codeInvalidRequest, Description: "id_token_hint is not from here", cause: err}
		}
		if claims.Audience != q.client.ID {
			return refuse(codeInvalidRequest, "id_token_hint is another client's")
		}
		q.hinted = claims.Subject
	}
	return nil
}

// grantedScope returns what is known of a scope parameter, in our order.
func grantedScope(asked string) string {
	words := strings.Fields(asked)
	granted := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(words, s) })
	return strings.Join(granted, " ")
}

func hasScope(scope, word string) bool { return slices.Contains(strings.Fields(scope), word) }

// printable keeps a parameter's name within what error_description may hold.
func printable(name string) string {
	if len(name) > 40 || describable(name) == "" {
		return "a parameter"
	}
	return name
}

// describable returns text if error_description may hold it (RFC 6749 section
// 4.1.2.1), else nothing.
func describable(text string) string {
	const most = 200
	if len(text) > most || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }) {
		return ""
	}
	return text
}

// referenceParam is the number that the desktop gave the attempt (auth/openid sends it).
const referenceParam = "lanyard_reference"

// markerParam is the parameter that a request carries after a trip upstream which it
// asked for by prompt or max_age.
const markerParam = "lanyard_since"

// mark returns the address to come back to, for a sign-in newer than now where the request
// is particular. The marker is bound to the request, so that it can neither be invented nor
// moved to another one.
func (b *Broker) mark(r *http.Request, q *request) string {
	if !q.particular() {
		return r.URL.Path + "?" + q.raw
	}
	since := strconv.FormatInt(b.cfg.Base.Time().UnixMilli(), 10)
	return r.URL.Path + "?" + q.raw + "&" + markerParam + "=" + since + "." + b.markerProof(q, since)
}

func (b *Broker) markerProof(q *request, since string) string {
	return b.cfg.Base.Sealer.Derive(fmt.Sprintf("fresh sign-in\n%s\n%s\n%s", q.enterprise.ID, since, q.raw))
}

// fresh reports whether the session is the outcome of the trip that this very request
// asked for.
func (b *Broker) fresh(q *request, s server.Session) bool {
	since, proof, _ := strings.Cut(q.marker, ".")
	if q.marker == "" || !auth.NewSecret(proof).Equal(auth.NewSecret(b.markerProof(q, since))) {
		return false
	}
	ms, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return false
	}
	asked := time.UnixMilli(ms)
	return !s.AuthTime.Before(asked) && b.cfg.Base.Time().Sub(asked) < b.cfg.Base.Lifetimes.Flow+freshGrace
}

// freshGrace is how long the page that follows a trip upstream may stay open.
const freshGrace = 10 * time.Minute

// cutMarker takes our marker, always the last parameter, off a query.
func cutMarker(raw string) (query, marker string) {
	const name = "&" + markerParam + "="
	i := strings.LastIndex(raw, name)
	if i < 0 || strings.Contains(raw[i+len(name):], "&") {
		return raw, ""
	}
	return raw[:i], raw[i+len(name):]
}
