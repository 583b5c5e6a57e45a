package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"lanyard/auth"
)

const (
	codeLife    = 5 * time.Minute
	tokenLife   = time.Hour
	sessionLife = 8 * time.Hour
	codeLeft    = "user_left" // the error that says that somebody has left
	staffCookie = "cloudberry-staff"
)

// SSOConfig is what the company's own sign-in is made of.
type SSOConfig struct {
	BaseURL string // its own origin, without a slash at the end
	// RedirectURIs are compared exactly. Beside them a Lanyard server on this computer may
	// be tried out with the company, see [SSOConfig.registered].
	RedirectURIs []string
	// Key is what its refresh tokens are made with, so that they outlive a restart; empty:
	// they do not.
	Key string
	// What the company's page lists.
	Apps      []Link
	Developer Developer
	Admin     string // where the server's console is
}

// sso is the company's own sign-in.
type sso struct {
	cfg      SSOConfig
	sessions memory[Account]
	codes    memory[Account]
	tokens   memory[Account]
	faults   faults
}

// NewSSO returns the company's own sign-in: the three interfaces of the WPS document
// "SSO 登录", namely the authorize page, /accessToken and /userInfo, and an avatar.
// It has one client, [ClientID]. A session of its own makes a second sign-in silent. On
// its home page are switches for what can go wrong with such a service; they change what
// it answers, and nothing else.
func NewSSO(cfg SSOConfig) http.Handler {
	if cfg.Key == "" {
		cfg.Key = auth.RandomToken()
	}
	s := &sso{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /authorize", s.signIn)
	mux.HandleFunc("GET /cancel", s.cancel)
	mux.HandleFunc("GET /accessToken", s.accessToken)
	mux.HandleFunc("POST /accessToken", s.accessToken)
	mux.HandleFunc("GET /userInfo", s.userInfo)
	mux.HandleFunc("GET /avatar/{username}", s.avatar)
	page := http.NewServeMux()
	page.HandleFunc("GET /{$}", s.home)
	page.HandleFunc("POST /logout", s.logout)
	page.Handle("POST /faults", s.own(s.fault))
	page.Handle("/", s.trouble(mux))
	return http.NewCrossOriginProtection().Handler(page)
}

// authorize is the first interface: the page on which the person signs in, or the way
// straight back where they did so before.
func (s *sso) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !s.check(w, r, q) {
		return
	}
	who, ok := s.sessions.get(cookie(r, staffCookie))
	switch {
	case ok && s.left(who):
		s.answer(w, r, q, url.Values{"error": {"access_denied"}, "error_description": {"this account is closed"}})
	case ok && q.Get("prompt") != "login":
		s.answer(w, r, q, url.Values{"code": {s.codes.put(who, codeLife)}})
	default:
		s.showSignIn(w, r, http.StatusOK, page{})
	}
}

// left reports whether somebody has left the company.
func (s *sso) left(who Account) bool { return who.Username == leaver && s.faults.is(faultLeft) }

// password is everybody's now.
func (s *sso) password() string {
	if s.faults.is(faultPassword) {
		return NewPassword
	}
	return Password
}

// check refuses what must not be answered by a redirect: an unknown client, or an
// address that is not exactly a registered one.
func (s *sso) check(w http.ResponseWriter, r *http.Request, q url.Values) bool {
	problem := ""
	switch {
	case q.Get("client_id") != ClientID:
		problem = "demo.sso.bad_client"
	case !s.cfg.registered(q.Get("redirect_uri")):
		problem = "demo.sso.bad_redirect"
	case q.Get("response_type") != "code":
		problem = "demo.sso.bad_type"
	default:
		return true
	}
	p := newPage(r)
	p.Service, p.Title, p.Problem = p.T("demo.sso.service"), p.T("demo.sso.bad"), p.T(problem)
	show(w, http.StatusBadRequest, "problem.html", p)
	return false
}

// ownServer is the callback of somebody's own server on this computer. A real company
// registers each; here the secret is published and nothing can be stolen.
var ownServer = regexp.MustCompile(`^http://(127\.0\.0\.1|localhost):[0-9]{1,5}/(oauth/v1/code(\?app_id=[A-Za-z0-9]+)?|c/[A-Za-z0-9-]+/callback)$`)

func (c *SSOConfig) registered(uri string) bool {
	return slices.Contains(c.RedirectURIs, uri) || ownServer.MatchString(uri)
}

// signIn takes the page's forms: username and password, or one click on an account.
func (s *sso) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	q := r.URL.Query()
	if !s.check(w, r, q) {
		return
	}
	username := strings.TrimSpace(r.PostFormValue("username"))
	who, ok := find(username)
	if ok {
		ok = subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(s.password())) == 1
	} else if !s.faults.is(faultPassword) { // one click is a password that the browser has kept
		who, ok = find(r.PostFormValue("account"))
	}
	switch {
	case !ok:
		s.showSignIn(w, r, http.StatusUnauthorized, page{Username: username, Wrong: true})
		return
	case s.left(who):
		s.showSignIn(w, r, http.StatusForbidden, page{Username: username, Closed: true})
		return
	}
	setCookie(w, s.cfg.BaseURL, staffCookie, s.sessions.put(who, sessionLife), int(sessionLife.Seconds()))
	s.answer(w, r, q, url.Values{"code": {s.codes.put(who, codeLife)}})
}

// cancel sends the person back without a code (RFC 6749 section 4.1.2.1).
func (s *sso) cancel(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.check(w, r, q) {
		s.answer(w, r, q, url.Values{"error": {"access_denied"}, "error_description": {"canceled on the sign-in page"}})
	}
}

// answer sends the browser back. The address may have a query of its own, as WPS's does
// (?app_id=…&cb=…), which stays.
func (s *sso) answer(w http.ResponseWriter, r *http.Request, q, values url.Values) {
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil { // it is on the list, so this is a fault of the list
		http.Error(w, "redirect_uri is no address", http.StatusInternalServerError)
		return
	}
	if state := q.Get("state"); state != "" {
		values.Set("state", state)
	}
	if back.RawQuery != "" {
		back.RawQuery += "&"
	}
	back.RawQuery += values.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // one of the list, exactly
}

// showSignIn shows the sign-in page; what says what was wrong with the last try.
func (s *sso) showSignIn(w http.ResponseWriter, r *http.Request, status int, what page) {
	p := newPage(r)
	p.Service, p.Title = p.T("demo.sso.service"), p.T("demo.sso.title")
	p.Action, p.Cancel = "/authorize?"+r.URL.RawQuery, "/cancel?"+r.URL.RawQuery
	p.Password, p.Changed = s.password(), s.faults.is(faultPassword)
	if !p.Changed {
		p.Accounts = accounts
	}
	p.Username, p.Wrong, p.Closed = what.Username, what.Wrong, what.Closed
	show(w, status, "signin.html", p)
}

// accessToken is the second interface: an access token for a code, by GET or by POST.
func (s *sso) accessToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request")
		return
	}
	form := r.PostForm
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	secret := subtle.ConstantTimeCompare([]byte(form.Get("client_secret")), []byte(ClientSecret)) == 1
	if form.Get("client_id") != ClientID || !secret || s.faults.is(faultSecret) {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	var who Account
	var ok bool
	switch form.Get("grant_type") {
	case "authorization_code":
		who, ok = s.codes.take(form.Get("code"))
	case "refresh_token": // the answer promises one; the document says no more of it
		who, ok = s.refreshed(form.Get("refresh_token"))
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	switch {
	case !ok:
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	case s.left(who):
		refuse(w, http.StatusForbidden, codeLeft)
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token":      s.tokens.put(who, tokenLife),
		"token_type":        "example",
		"expires_in":        int(tokenLife.Seconds()),
		"refresh_token":     s.refreshToken(who),
		"example_parameter": "example_value",
	})
}

// refreshToken is somebody's for good: the name, and a proof of it that only this
// service can make.
func (s *sso) refreshToken(who Account) string {
	mac := hmac.New(sha256.New, []byte(s.cfg.Key))
	mac.Write([]byte(who.Username))
	return who.Username + "." + hex.EncodeToString(mac.Sum(nil))
}

// refreshed returns whose refresh token it is.
func (s *sso) refreshed(token string) (Account, bool) {
	name, _, _ := strings.Cut(token, ".")
	who, ok := find(name)
	return who, ok && hmac.Equal([]byte(token), []byte(s.refreshToken(who)))
}

// userInfo is the third interface: whose access token it is. The token stands in the
// query because the interface says so.
func (s *sso) userInfo(w http.ResponseWriter, r *http.Request) {
	who, ok := s.tokens.get(r.URL.Query().Get("access_token"))
	if !ok {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	if s.left(who) {
		refuse(w, http.StatusForbidden, codeLeft)
		return
	}
	id := "union_id"
	if s.faults.is(faultRenamed) {
		id = "user_id"
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"user_name": who.Name,
		id:          who.UnionID,
		"avatar":    s.cfg.BaseURL + "/avatar/" + who.Username,
	})
}

func (s *sso) logout(w http.ResponseWriter, r *http.Request) {
	s.sessions.take(cookie(r, staffCookie))
	setCookie(w, s.cfg.BaseURL, staffCookie, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// refuse answers as providers of such interfaces do; the document shows no error.
func refuse(w http.ResponseWriter, status int, code string) {
	answerJSON(w, status, map[string]any{"error": code})
}

// answerJSON writes an answer with the headers that the interface's document shows.
func answerJSON(w http.ResponseWriter, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client went away
}
